"""Losses between probabilities: binary cross-entropy and the Kullback-Leibler divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.activation import logsigmoid, sigmoid
from minigrad.ops.backend import array_of, is_array, kernels_of
from minigrad.ops.errors import common_shape
from minigrad.ops.exponential import exp, log
from minigrad.ops.hints import hint
from minigrad.ops.loss_arguments import (
    REDUCTIONS,
    broadcast_pair,
    legacy_reduction,
    loss_samples,
    mean_of,
    reduced,
    resolved_reduction,
)
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import cast, check_floating, promote, scalar_type
from minigrad.ops.shape import broadcast, expand

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace=None, node="BinaryCrossEntropyWithLogitsBackward0")
def bce_with_logits(input: Tensor, target: Tensor, reduction: str) -> Tensor:
    """Binary cross-entropy of logits, unweighted, in the target's dtype."""
    if input.dtype is target.dtype and input.dtype.kind == "f":
        return kernels_of(input).bce_with_logits(input, target, reduction)
    _check_target(input, target)
    return cast(kernels_of(input).bce_with_logits(*promote(input, target), reduction), target.dtype)


def _check_target(input: Any, target: Any) -> None:
    """Refuse targets that cannot hold the losses of logits, as PyTorch does, which computes them in ``1 - target``.

    Raises
    ------
    NotImplementedError, RuntimeError
    """
    check_floating("log_sigmoid_cpu", input)
    if target.dtype.kind == "b":
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if target.dtype.kind != "f":
        raise RuntimeError(
            f"result type {scalar_type(input)} can't be cast to the desired output type {scalar_type(target)}"
        )


@bce_with_logits.gradient("input")
def _(grad, input, target, reduction):
    return bce_with_logits_backward(grad, input, target, reduction)


@bce_with_logits.gradient("target")
def _(grad, input, reduction):
    return mean_of(-input * grad, reduction)


@bce_with_logits.samples
def _(make):
    for reduction in REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3, low=0, high=1), reduction)
    yield make.sample(make(4, 3).T, make(3, 4, low=0, high=1), "mean")


@op(namespace=None)
def bce_with_logits_backward(grad_output: Tensor, input: Tensor, target: Tensor, reduction: str) -> Tensor:
    """Gradient of `bce_with_logits` with respect to the logits: ``grad * (sigmoid(input) - target)``."""
    return kernels_of(input).bce_with_logits_backward(*promote(grad_output, input, target), reduction)


@bce_with_logits_backward.gradient("grad_output")
def _(grad, input, target, reduction):

    return mean_of(grad * (sigmoid(input) - target), reduction)


@bce_with_logits_backward.gradient("input")
def _(grad, grad_output, input, reduction):

    s = sigmoid(input)
    return mean_of(grad * grad_output * s * (1 - s), reduction)


@bce_with_logits_backward.gradient("target")
def _(grad, grad_output, reduction):
    return mean_of(-grad * grad_output, reduction)


@bce_with_logits_backward.samples
def _(make):
    yield make.sample(make(), make(2, 3), make(2, 3, low=0, high=1), "mean")
    yield make.sample(make(2, 3), make(2, 3), make(2, 3, low=0, high=1), "none")


@composed(namespace="functional", reference=references.binary_cross_entropy_with_logits)
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """Binary cross-entropy ``-(y log s + (1 - y) log(1 - s))`` with ``s = sigmoid(input)``, without overflow.

    Parameters
    ----------
    input, target : Tensor, of one shape
        Logits and probabilities.
    weight : Tensor, optional
        Factor of each element's loss; broadcasts.
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        Factor of the positive term; broadcasts.

    Raises
    ------
    ValueError
        For targets of another shape.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if input.shape != target.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if weight is None and pos_weight is None:
        return bce_with_logits(input, target, reduction)

    if pos_weight is None:
        losses = bce_with_logits(input, target, "none")
    else:
        _check_target(input._array, target._array)
        losses = (1 - target) * input - ((pos_weight - 1) * target + 1) * logsigmoid(input)
    losses = (losses if weight is None else losses * weight).to(target.dtype)
    return named(reduced(losses, reduction), "BinaryCrossEntropyWithLogitsBackward0")


@binary_cross_entropy_with_logits.samples
def _(make):
    yield from loss_samples(make, low=0, high=1)
    yield make.sample(make(4, 3), make(4, 3, low=0, high=1), weight=make(3), pos_weight=make(3, low=1, high=2))


@op(namespace="functional", reference=references.binary_cross_entropy)
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross-entropy ``-(y log p + (1 - y) log(1 - p))`` of probabilities; logarithms are held above -100.

    Parameters
    ----------
    input, target : Tensor, of one shape
        Probabilities from 0 to 1.
    weight : Tensor, optional
        Factor of each element's loss; broadcasts, and has no gradient.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    RuntimeError
        Where an element is no probability.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size (torch.Size({list(target.shape)})) that is different to the input size "
            f"(torch.Size({list(input.shape)})) is deprecated. Please ensure they have the same size."
        )
    if input.dtype is not target.dtype and input.dtype != target.dtype:
        raise RuntimeError(f"Found dtype {scalar_type(target)} but expected {scalar_type(input)}")
    check_floating("binary_cross_entropy", input)
    return kernels_of(input).bce(input, target, _weight_of(input, weight), reduction)


def _weight_of(input: Any, weight: Any) -> Any:
    """Return weights in an input's shape and dtype."""
    if weight is None or (weight.shape == input.shape and weight.dtype == input.dtype):
        return weight
    return broadcast(weight, input.shape).astype(input.dtype)


@binary_cross_entropy.gradient("input")
def _(grad, input, target, weight, size_average, reduce, reduction):
    return bce_backward(grad, input, target, weight, resolved_reduction(size_average, reduce, reduction))


@binary_cross_entropy.gradient("target")
def _(grad, input, weight, size_average, reduce, reduction):
    slope = _weighted(grad * (log(1 - input) - log(input)), weight)
    return mean_of(slope, resolved_reduction(size_average, reduce, reduction))


@binary_cross_entropy.samples
def _(make):
    for reduction in REDUCTIONS:
        yield make.sample(make(2, 3, low=0.1, high=0.9), make(2, 3, low=0, high=1), reduction=reduction)
    yield make.sample(make(3, 2, low=0.1, high=0.9).T, make(2, 3, low=0, high=1))
    yield make.sample(make(low=0.1, high=0.9), make(low=0.1, high=0.9))
    p, y, weight = make(2, 3, low=0.1, high=0.9), make(2, 3, low=0, high=1), make(3, low=0.5, high=2)
    yield make.sample(p, y, weight=weight, reduction="none", gradient=False)


@op(namespace=None)
def bce_backward(grad_output: Tensor, input: Tensor, target: Tensor, weight: Any, reduction: str) -> Tensor:
    """Gradient of `binary_cross_entropy`: ``grad * (p - y) / (p (1 - p))``, the variance held above 1e-12."""
    weight = _weight_of(input, array_of(weight))
    return kernels_of(input).bce_backward(grad_output, input, target, weight, reduction)


@bce_backward.gradient("grad_output")
def _(grad, input, target, weight, reduction):
    return mean_of(_weighted(grad * ((input - target) / _variance(input)), weight), reduction)


@bce_backward.gradient("input")
def _(grad, grad_output, input, target, weight, reduction):
    slope = (input * input - 2 * input * target + target) / _variance(input) ** 2
    return mean_of(_weighted(grad * grad_output * slope, weight), reduction)


@bce_backward.gradient("target")
def _(grad, grad_output, input, weight, reduction):
    return mean_of(_weighted(-grad * grad_output / _variance(input), weight), reduction)


@bce_backward.samples
def _(make):
    p, y, weight = make(2, 3, low=0.1, high=0.9), make(2, 3, low=0, high=1), make(3, low=0.5, high=2)
    yield make.sample(make(), p, y, None, "mean")
    yield make.sample(make(), p, y, weight, "sum")
    yield make.sample(make(2, 3), p, y, weight, "none")


def _weighted(losses: Any, weight: Any) -> Any:
    return losses if weight is None else losses * weight


def _variance(p: Any) -> Any:
    """Return ``p * (1 - p)``, held above 1e-12 as PyTorch does."""
    variance = p * (1 - p)
    return np.maximum(variance, variance.dtype.type(1e-12)) if is_array(p) else variance.clamp(min=1e-12)


def _name_of_kl_div(input: Any, target: Any, *options: Any) -> str:
    *_, reduction, log_target = options
    if reduction == "none":
        return "MulBackward0" if log_target else "SubBackward0"
    if reduction == "batchmean" and input.ndim:
        return "DivBackward0"
    return "MeanBackward0" if reduction == "mean" else "SumBackward0"


@op(namespace="functional", saves=("divisor",), variant=_name_of_kl_div, reference=references.kl_div)
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Kullback-Leibler divergence ``target * (log target - input)``, of log-probabilities ``input``.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}
        "batchmean" divides the sum by the first dimension, as the definition has it.
    log_target : bool
        Whether the target is given as log-probabilities too.

    Raises
    ------
    RuntimeError
        For integers.
    """
    divisor = None
    if reduction == "batchmean":
        divisor = input.shape[0] if input.ndim else 1
    else:
        if reduction == "mean" and size_average is None and reduce is None:
            hint(
                "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' "
                "divides only by the batch size, and aligns with the KL div math definition.'mean' will be changed to "
                "behave the same as 'batchmean' in the next major release."
            )
        reduction = legacy_reduction(size_average, reduce, reduction)
    if input.dtype.kind != "f" or target.dtype.kind != "f":
        raise RuntimeError("kl_div: Integral inputs not supported.")
    input, target = broadcast_pair(input, target)
    if reduction == "mean":
        divisor = input.size
    elif reduction == "sum":
        divisor = 1
    return kernels_of(input).kl_div(input, target, log_target, divisor), divisor


@kl_div.gradient("input")
def _(grad, input_shape, target, divisor, log_target):
    share = grad if divisor is None else grad / divisor
    slope = -share * (exp(target) if log_target else target)
    shape = common_shape(input_shape, target.shape)
    return slope if tuple(slope.shape) == shape else expand(slope, shape)


@kl_div.gradient("target")
def _(grad, input, target, divisor, log_target):
    share = grad if divisor is None else grad / divisor
    if log_target:
        return share * exp(target) * (target - input + 1)
    return share * (log(target) + target / target - input)  # nan where the target is 0, as PyTorch's


@kl_div.samples
def _(make):
    for reduction in ("none", "sum", "batchmean"):  # PyTorch warns of "mean"
        yield make.sample(make(2, 3), make(2, 3, low=0.1, high=1), reduction=reduction)
        yield make.sample(make(2, 3), make(3, low=0.1, high=1), reduction=reduction)
        yield make.sample(make(2, 3), make(2, 3, low=-2, high=0), reduction=reduction, log_target=True)
    yield make.sample(make(3), make(2, 3, low=-2, high=0), reduction="sum", log_target=True)
    yield make.sample(make(), make(low=0.1, high=1), reduction="batchmean")
