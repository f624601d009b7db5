"""Losses between probabilities: binary cross-entropy and the Kullback-Leibler divergence."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import is_array, kernels_of
from minigrad.ops.loss_arguments import REDUCTIONS, legacy_reduction, loss_samples, mean_of, reduced
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_floating, promote

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace=None, node="BinaryCrossEntropyWithLogitsBackward0")
def bce_with_logits(input: Tensor, target: Tensor, reduction: str) -> Tensor:
    """Binary cross-entropy of logits, unweighted."""
    input, target = promote(input, target)
    check_floating("bce_with_logits", input)
    return kernels_of(input).bce_with_logits(input, target, reduction)


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
    return kernels_of(input).bce_with_logits_backward(grad_output, *promote(input, target), reduction)


@bce_with_logits_backward.gradient("grad_output")
def _(grad, input, target, reduction):
    from minigrad.ops.activation import sigmoid

    return mean_of(grad * (sigmoid(input) - target), reduction)


@bce_with_logits_backward.gradient("input")
def _(grad, grad_output, input, reduction):
    from minigrad.ops.activation import sigmoid

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
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if input.shape != target.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if weight is None and pos_weight is None:
        return bce_with_logits(input, target, reduction)
    from minigrad.ops.activation import logsigmoid

    if pos_weight is None:
        losses = bce_with_logits(input, target, "none")
    else:
        check_floating("log_sigmoid_cpu", input._array)
        losses = (1 - target) * input - ((pos_weight - 1) * target + 1) * logsigmoid(input)
    losses = reduced(losses if weight is None else losses * weight, reduction)
    return named(losses, "BinaryCrossEntropyWithLogitsBackward0")


@binary_cross_entropy_with_logits.samples
def _(make):
    yield from loss_samples(make, low=0, high=1)
    yield make.sample(make(4, 3), make(4, 3, low=0, high=1), weight=make(3), pos_weight=make(3, low=1, high=2))


@op(namespace=None, node="BinaryCrossEntropyBackward0")
def bce(input: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of each element; logarithms are held above -100, as PyTorch does."""
    input, target = promote(input, target)
    check_floating("binary_cross_entropy", input)
    if input.size and not (np.min(input) >= 0 and np.max(input) <= 1):
        raise RuntimeError("all elements of input should be between 0 and 1")
    if target.size and not (np.min(target) >= 0 and np.max(target) <= 1):
        raise RuntimeError("all elements of target should be between 0 and 1")
    with np.errstate(divide="ignore"):
        log_p, log_q = np.maximum(np.log(input), -100), np.maximum(np.log1p(-input), -100)
    return (target - 1) * log_q - target * log_p


@bce.gradient("input")
def _(grad, input, target):
    return grad * (input - target) / _variance(input)


@bce.gradient("target")
def _(grad, input):
    from minigrad.ops.exponential import log

    return grad * (log(1 - input) - log(input))


@bce.samples
def _(make):
    yield make.sample(make(2, 3, low=0.1, high=0.9), make(2, 3, low=0, high=1))


def _variance(p: Any) -> Any:
    """Return ``p * (1 - p)``, held above 1e-12 as PyTorch does."""
    variance = p * (1 - p)
    return np.maximum(variance, variance.dtype.type(1e-12)) if is_array(p) else variance.clamp(min=1e-12)


@composed(namespace="functional", reference=references.binary_cross_entropy)
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross-entropy ``-(y log p + (1 - y) log(1 - p))`` of probabilities.

    Parameters
    ----------
    input, target : Tensor, of one shape
        Probabilities from 0 to 1.
    weight : Tensor, optional
        Factor of each element's loss; broadcasts.
    reduction : {"mean", "sum", "none"}
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    losses = bce(input, target)
    losses = reduced(losses if weight is None else losses * weight, reduction)
    return named(losses, "BinaryCrossEntropyBackward0")


@binary_cross_entropy.samples
def _(make):
    for reduction in REDUCTIONS:
        yield make.sample(make(2, 3, low=0.1, high=0.9), make(2, 3, low=0, high=1), reduction=reduction)


@composed(namespace="functional", reference=references.kl_div)
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
    """
    if reduction == "batchmean":
        total = kl_div(input, target, reduction="sum", log_target=log_target)
        return total / input.shape[0] if input.dim() else total
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the "
            "same as 'batchmean' in the next major release.",
            stacklevel=3,
        )
    reduction = legacy_reduction(size_average, reduce, reduction)
    if not (input.is_floating_point() and target.is_floating_point()):
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if log_target:
        return reduced(target.exp() * (target - input), reduction)
    return reduced(target.xlogy(target) - target * input, reduction)


@kl_div.samples
def _(make):
    for reduction in ("none", "sum", "batchmean"):  # PyTorch warns of "mean"
        yield make.sample(make(2, 3), make(2, 3, low=0.1, high=1), reduction=reduction)
    yield make.sample(make(2, 3), make(2, 3, low=-2, high=0), reduction="batchmean", log_target=True)
