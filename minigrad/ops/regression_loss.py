"""Losses of the difference of two arrays: squared, absolute, and Huber's between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.dtypes import from_numpy
from minigrad.ops import references
from minigrad.ops.backend import array_of, as_array, kernels_of
from minigrad.ops.elementwise import sub
from minigrad.ops.loss_arguments import (
    REDUCTIONS,
    broadcast_pair,
    check_reduction,
    check_weight,
    legacy_reduction,
    loss_samples,
    mean_of,
    of_one_shape,
    reduced,
    resolved_reduction,
)
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import cast, check_floating, common_dtype, scalar_type, to_floating

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace="functional", variant=lambda *args: _mse_name(args[-1], args[-2]), reference=references.mse_loss)
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Squared error ``(input - target)**2``, its mean or its sum.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    weight : Tensor, optional
        Factor of each element's error; a mean is then taken over the weights.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    shape = input.shape
    input, target = of_one_shape("mse_loss", input, target)
    check_weight(weight, shape)
    if weight is None:
        check_floating("mse_cpu", input)
        return kernels_of(input).mse_loss(input, target, reduction)
    losses = weight * sub(input, target) ** 2
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return to_floating(as_array(losses.sum())) / to_floating(as_array(weight.sum()))


def _mse_name(weight: Any, reduction: str) -> str:
    if weight is None:
        return "MseLossBackward0"
    return {"none": "MulBackward0", "mean": "DivBackward0", "sum": "SumBackward0"}[reduction]


@mse_loss.gradient
def _(grad, input, target, size_average, reduce, reduction, weight, needs):
    if weight is not None:
        return _weighted_mse_gradient(grad, input, target, reduction, weight, needs)
    gradient = mse_loss_backward(grad, input, target, resolved_reduction(size_average, reduce, reduction))
    return gradient, -gradient if needs[1] else None, None


@mse_loss.samples
def _(make):
    yield from loss_samples(make)
    yield make.sample(make(2, 3), make(2, 3), weight=make(2, 3, low=0.5, high=2))


def _weighted_mse_gradient(grad: Any, input: Any, target: Any, reduction: str, weight: Any, needs: Any) -> Any:
    difference = input - target
    total = weight.sum() if reduction == "mean" else None
    scaled = grad / total if reduction == "mean" else grad
    gradient = scaled * weight * difference * 2
    of_weight = None
    if needs[2]:
        squares = difference * difference
        of_weight = scaled * squares
        if reduction == "mean":
            repeats = max(math.prod(squares.shape), 1) / max(math.prod(weight.shape), 1)  # of a weight, by the target
            of_weight = of_weight - scaled * (weight * squares).sum() / (total * repeats)
    return gradient, -gradient, of_weight


@op(namespace=None, node="MseLossBackwardBackward0")
def mse_loss_backward(grad_output: Tensor, input: Tensor, target: Tensor, reduction: str) -> Tensor:
    """Gradient of `mse_loss` with respect to the input: ``2 * grad * (input - target)``, over the count for a mean."""
    input, target = broadcast_pair(input, target)
    return kernels_of(input).mse_loss_backward(grad_output, input, target, reduction)


@mse_loss_backward.gradient("grad_output")
def _(grad, input, target, reduction):
    return mean_of(grad * (input - target) * 2, reduction)


@mse_loss_backward.gradient("input")
def _(grad, grad_output, reduction):
    return mean_of(grad * grad_output * 2, reduction)


@mse_loss_backward.gradient("target")
def _(grad, grad_output, reduction):
    return mean_of(grad * grad_output * -2, reduction)


@mse_loss_backward.samples
def _(make):
    yield make.sample(make(), make(2, 3), make(2, 3), "mean")
    yield make.sample(make(), make(2, 3), make(2, 3), "sum")
    yield make.sample(make(2, 3), make(2, 3), make(2, 3), "none")


@op(namespace=None, node="HuberLossBackward0")
def huber(input: Tensor, target: Tensor, reduction: str, delta: float) -> Tensor:
    """Half the squared error up to ``delta``, ``delta * (|error| - delta / 2)`` beyond."""
    dtype = input.dtype
    input, target = of_one_shape("huber_loss", input, target)
    if dtype.kind != "f" and dtype != input.dtype:
        kinds = f"{scalar_type(input)} can't be cast to the desired output type {from_numpy(dtype).tensor_type}"
        raise RuntimeError(f"result type {kinds.removesuffix('Tensor')}")
    check_floating("huber_cpu", input)
    return cast(kernels_of(input).huber_loss(input, target, delta, reduction), dtype)


@huber.gradient
def _(grad, input, target, reduction, delta, needs):
    gradient = huber_backward(grad, input, target, reduction, delta)
    return gradient, -gradient if needs[1] else None


@huber.samples
def _(make):
    for reduction in REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3), reduction, 0.7)


@op(namespace=None)
def huber_backward(grad_output: Tensor, input: Tensor, target: Tensor, reduction: str, delta: float) -> Tensor:
    """Gradient of `huber` with respect to the input: ``grad * clip(input - target, -delta, delta)``."""
    if input.dtype != target.dtype:
        raise RuntimeError(f"Found dtype {scalar_type(target)} but expected {scalar_type(input)}")
    input, target = broadcast_pair(input, target)
    return kernels_of(input).huber_loss_backward(grad_output, input, target, delta, reduction)


@huber_backward.gradient("grad_output")
def _(grad, input, target, reduction, delta):
    error = input - target
    inside = abs(error) < delta
    return mean_of(
        grad * (error * inside + delta * ((error > 0) * ~inside) - delta * ((error < 0) * ~inside)), reduction
    )


@huber_backward.gradient("input")
def _(grad, grad_output, input, target, reduction, delta):
    return mean_of(grad * grad_output * (abs(input - target) < delta), reduction)


@huber_backward.gradient("target")
def _(grad, grad_output, input, target, reduction, delta):
    return -mean_of(grad * grad_output * (abs(input - target) < delta), reduction)


@huber_backward.samples
def _(make):
    yield make.sample(make(), make(2, 3), make(2, 3), "mean", 0.7)
    yield make.sample(make(2, 3), make(2, 3), make(2, 3), "none", 0.7)


@composed(namespace="functional", reference=references.huber_loss)
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """Huber loss: half the squared error up to ``delta``, ``delta * (|error| - delta / 2)`` beyond [1]_.

    References
    ----------
    .. [1] P. J. Huber, "Robust Estimation of a Location Parameter", 1964, doi:10.1214/aoms/1177703732.
    """
    check_reduction(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        return huber(input, target, reduction, delta)
    losses = huber(input, target, "none", delta)
    check_weight(weight, input.shape)
    losses = losses * weight
    return reduced(losses, reduction)


@huber_loss.samples
def _(make):
    yield from loss_samples(make, delta=0.7)


@composed(namespace="functional", reference=references.smooth_l1_loss)
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Smooth L1 loss: ``error**2 / (2 beta)`` up to ``beta``, ``|error| - beta / 2`` beyond [1]_.

    References
    ----------
    .. [1] R. Girshick, "Fast R-CNN", 2015, arXiv:1504.08083.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    if input.dtype is not target.dtype:  # Huber's loss keeps the input's dtype, this one has the common one
        dtype = from_numpy(common_dtype(array_of(input), array_of(target)))
        input, target = input.to(dtype), target.to(dtype)
    check_floating("smooth_l1_cpu", array_of(input))
    return named(huber(input, target, reduction, beta) / beta, "SmoothL1LossBackward0")


@smooth_l1_loss.samples
def _(make):
    yield from loss_samples(make, beta=0.7)


@composed(namespace="functional", reference=references.l1_loss)
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Absolute error ``|input - target|``, its mean or its sum; the gradient at 0 is 0."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if input.shape != target.shape:
        of_one_shape("l1_loss", array_of(input), array_of(target))
    check_weight(weight, input.shape)
    losses = (input - target).abs()
    if weight is None:
        return reduced(losses, reduction)
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduced(losses, reduction)


@l1_loss.samples
def _(make):
    yield from loss_samples(make)
