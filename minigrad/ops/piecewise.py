"""Activation functions made of straight pieces and parabolas.

At the points where the pieces meet, the gradients are PyTorch's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_floating, not_implemented
from minigrad.ops.samples import elementwise_samples
from minigrad.ops.select import choose
from minigrad.ops.shape import reshape

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _samples(make: Any, *kinks: float, **kwargs: Any) -> Any:
    """Yield elementwise samples none of whose values is close to a kink."""
    for sample in elementwise_samples(make, low=-4, high=4):
        values = sample.args[0]
        for kink in kinks:
            values = np.where(np.abs(values - kink) < 0.1, kink + 0.2, values)
        yield make.sample(values, **kwargs)


@op(namespace=None, inplace=True, reference=lambda x, threshold, value: np.where(x <= threshold, value, x))
def threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    """``input`` where it exceeds the threshold, ``value`` elsewhere."""
    if input.dtype.kind == "b":
        raise not_implemented("threshold_cpu", input)
    return np.where(input <= threshold, input.dtype.type(value), input)  # nan stays


@threshold.gradient
def _(grad, input, threshold):
    return choose(input <= threshold, 0, grad)


@threshold.samples
def _(make):
    yield from _samples(make, 0.5, threshold=0.5, value=-2.0)


@op(method=True, reference=lambda x, lambd=0.5: np.where(np.abs(x) > lambd, x, 0))
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``input``, but 0 within ``±lambd``."""
    check_floating("hardshrink_cpu", input)
    return kernels_of(input).hardshrink(input, lambd)


@hardshrink.gradient
def _(grad, input, lambd):
    return choose((input >= -lambd) & (input <= lambd), 0, grad)


@hardshrink.samples
def _(make):
    yield from _samples(make, -0.5, 0.5)
    yield from _samples(make, -1.5, 1.5, lambd=1.5)


@op(namespace="functional", reference=lambda x, lambd=0.5: np.sign(x) * np.maximum(np.abs(x) - lambd, 0))
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """``input`` moved towards 0 by ``lambd``, and 0 within ``±lambd``."""
    check_floating("softshrink_check", input)
    limits = np.finfo(input.dtype)
    if not 0 <= lambd <= limits.max:
        name = {2: "Half", 4: "Float", 8: "Double"}[input.dtype.itemsize]
        raise RuntimeError(f"lambda must be in range [0, {limits.max:g}] for input dtype {name}, but found {lambd:g}")
    return kernels_of(input).softshrink(input, lambd)


@softshrink.gradient
def _(grad, input, lambd):
    return choose((input >= -lambd) & (input <= lambd), 0, grad)


@softshrink.samples
def _(make):
    yield from _samples(make, -0.5, 0.5)
    yield from _samples(make, -1.5, 1.5, lambd=1.5)


@op(namespace=None, inplace=True, reference=lambda x: np.clip(x / 6 + 0.5, 0, 1))
def hardsigmoid(input: Tensor) -> Tensor:
    """``input / 6 + 1 / 2``, clipped to 0 .. 1; the gradient at the bounds is 0."""
    check_floating("hardsigmoid_cpu", input)
    return kernels_of(input).hardsigmoid(input)


@hardsigmoid.gradient
def _(grad, input):
    return choose((input > -3) & (input < 3), grad / 6, 0)


@hardsigmoid.samples
def _(make):
    yield from _samples(make, -3, 3)


@op(namespace=None, inplace=True, reference=lambda x: x * np.clip(x / 6 + 0.5, 0, 1))
def hardswish(input: Tensor) -> Tensor:
    """``input`` times its `hardsigmoid` [1]_.

    References
    ----------
    .. [1] A. Howard et al., "Searching for MobileNetV3", 2019, arXiv:1905.02244.
    """
    check_floating("hardswish_cpu", input)
    return kernels_of(input).hardswish(input)


@hardswish.gradient
def _(grad, input):
    return hardswish_backward(grad, input)


@hardswish.samples
def _(make):
    yield from _samples(make, -3, 3)


@op(namespace=None, reference=lambda g, x: g * np.where(x <= -3, 0, np.where(x < 3, x / 3 + 0.5, 1)))
def hardswish_backward(grad_output: Tensor, input: Tensor) -> Tensor:
    """Gradient of `hardswish`: ``grad_output * (input / 3 + 1 / 2)`` between -3 and 3, 0 below, itself above."""
    return kernels_of(input).hardswish_backward(grad_output, input)


@hardswish_backward.gradient("grad_output")
def _(grad, input):
    return hardswish_backward(grad, input)


@hardswish_backward.gradient("input")
def _(grad, grad_output, input):
    return choose((input > -3) & (input < 3), grad * grad_output / 3, 0)


@hardswish_backward.samples
def _(make):
    for sample in _samples(make, -3, 3):
        yield make.sample(make(*sample.args[0].shape), *sample.args)


@op(namespace=None, node="PreluKernelBackward0", reference=lambda x, weight: np.where(x > 0, x, weight * x))
def prelu_elements(input: Tensor, weight: Tensor) -> Tensor:
    """``input`` where positive, ``weight * input`` elsewhere; the weight broadcasts."""
    check_floating("prelu_cpu", input)
    return np.where(input > 0, input, weight * input)


@prelu_elements.gradient("input")
def _(grad, input, weight):
    return choose(input > 0, grad, grad * weight)


@prelu_elements.gradient("weight")
def _(grad, input):
    return choose(input > 0, 0, grad * input)


@prelu_elements.samples
def _(make):
    for sample in _samples(make, 0):
        yield make.sample(*sample.args, make())


def _prelu_reference(x: Any, weight: Any) -> Any:
    if weight.ndim and x.ndim > 1:
        weight = weight.reshape(-1, *(1,) * (x.ndim - 2))
    return np.where(x > 0, x, weight * x).reshape(x.shape)


@composed(method=True, reference=_prelu_reference)
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``input`` where positive, ``weight * input`` elsewhere, with one weight or one a channel [1]_.

    Parameters
    ----------
    input : Tensor
        The channels are dimension 1.
    weight : Tensor, of one element or of shape (channels,)

    Raises
    ------
    RuntimeError
        For weights of another number than the channels, or of another dtype.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into Rectifiers", 2015, arXiv:1502.01852.
    """
    if weight.dim() > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.dim()}")
    if weight.dtype is not input.dtype:
        given, other = (each.type().removeprefix("torch.").removesuffix("Tensor") for each in (input, weight))
        raise RuntimeError(f"prelu: Type promoting not supported. Got {given} and {other}")
    if weight.numel() != 1:
        if input.dim() == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.shape[1] if input.dim() > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
    along_channels = (-1,) + (1,) * (input.dim() - 2) if input.dim() > 1 else ()
    return prelu_elements(input, reshape(weight, along_channels) if weight.dim() else weight)


@prelu.samples
def _(make):
    for sample in _samples(make, 0):
        yield make.sample(*sample.args, make(1))
    yield make.sample(make.apart(2, 3), make(3))
    yield make.sample(make.apart(2, 3, 2, 2), make(3))
