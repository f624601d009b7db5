"""Losses that train most networks, each with a fused forward and gradient."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import int64, uint8
from minigrad.ops import references
from minigrad.ops.backend import array_module, array_of, as_array, as_its_kind, is_array, kernels_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.elementwise import sub
from minigrad.ops.errors import broadcast_error
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_floating, promote, to_floating
from minigrad.ops.reduce import sum
from minigrad.ops.shape import broadcast
from minigrad.ops.softmax import log_softmax, softmax
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_REDUCTIONS = ("none", "mean", "sum")


def check_reduction(reduction: str) -> str:
    """Return a reduction's name, or refuse it.

    Raises
    ------
    ValueError
    """
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction; expected 'none', 'mean' or 'sum'")
    return reduction


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """Return the reduction that PyTorch's old arguments ``size_average`` and ``reduce`` ask for, or ``reduction``."""
    if size_average is None and reduce is None:
        return check_reduction(reduction)
    found = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{found}' instead.", stacklevel=4
    )
    return found


def reduced(losses: Any, reduction: str) -> Any:
    """Return losses as they are, their mean or their sum."""
    if check_reduction(reduction) == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def _of_one_shape(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Return both operands in one shape and dtype, after PyTorch's warning where the shapes differ."""
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size (torch.Size({list(target.shape)})) that is different to the input size "
            f"(torch.Size({list(input.shape)})). This will likely lead to incorrect results due to broadcasting. "
            "Please "
            "ensure they have the same size.",
            stacklevel=4,
        )
        try:
            shape = np.broadcast_shapes(input.shape, target.shape)
        except ValueError:
            problem = broadcast_error(ValueError("could not broadcast"), (input, target))
            raise RuntimeError(
                f"{problem}: {name} of input {list(input.shape)} and target {list(target.shape)}"
            ) from None
        input, target = broadcast(input, shape), broadcast(target, shape)
    return promote(input, target) if input.dtype is not target.dtype else (input, target)


def _check_weight(weight: Any, shape: tuple[int, ...]) -> None:
    """Refuse weights of elements that are not of the input's shape.

    Raises
    ------
    ValueError
    """
    if weight is not None and weight.shape != shape:
        raise ValueError(f"Weights and input must have the same size. They have {list(weight.shape)} and {list(shape)}")


def _broadcast_pair(input: Any, target: Any) -> Any:
    """Return both operands in one shape and dtype; the forward has warned where the shapes differ."""
    if input.shape != target.shape:
        input, target = np.broadcast_arrays(input, target)
    return promote(input, target)


def loss_samples(make: Any, low: float = -2.0, high: float = 2.0, **kwargs: Any) -> Any:
    """Yield pairs of inputs and targets with each reduction."""
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3, low=low, high=high), reduction=reduction, **kwargs)
    yield make.sample(make(4, 3).T, make(3, 4, low=low, high=high), **kwargs)
    yield make.sample(make(), make(low=low, high=high), **kwargs)


# Mean squared error.


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
    input, target = _of_one_shape("mse_loss", input, target)
    _check_weight(weight, shape)
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
    if reduce is not None or size_average is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
    gradient = mse_loss_backward(grad, input, target, reduction)
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
    input, target = _broadcast_pair(input, target)
    return kernels_of(input).mse_loss_backward(grad_output, input, target, reduction)


@mse_loss_backward.gradient("grad_output")
def _(grad, input, target, reduction):
    return _mean_of(grad * (input - target) * 2, reduction)


@mse_loss_backward.gradient("input")
def _(grad, grad_output, reduction):
    return _mean_of(grad * grad_output * 2, reduction)


@mse_loss_backward.gradient("target")
def _(grad, grad_output, reduction):
    return _mean_of(grad * grad_output * -2, reduction)


@mse_loss_backward.samples
def _(make):
    yield make.sample(make(), make(2, 3), make(2, 3), "mean")
    yield make.sample(make(), make(2, 3), make(2, 3), "sum")
    yield make.sample(make(2, 3), make(2, 3), make(2, 3), "none")


def _mean_of(gradient: Any, reduction: str) -> Any:
    return gradient / max(_size(gradient), 1) if reduction == "mean" else gradient


def _size(values: Any) -> int:
    return math.prod(values.shape)


# Huber's losses.


@op(namespace=None, node="HuberLossBackward0")
def huber(input: Tensor, target: Tensor, reduction: str, delta: float) -> Tensor:
    """Half the squared error up to ``delta``, ``delta * (|error| - delta / 2)`` beyond."""
    input, target = _of_one_shape("huber_loss", input, target)
    check_floating("huber_cpu", input)
    return kernels_of(input).huber_loss(input, target, delta, reduction)


@huber.gradient
def _(grad, input, target, reduction, delta, needs):
    gradient = huber_backward(grad, input, target, reduction, delta)
    return gradient, -gradient if needs[1] else None


@huber.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3), reduction, 0.7)


@op(namespace=None)
def huber_backward(grad_output: Tensor, input: Tensor, target: Tensor, reduction: str, delta: float) -> Tensor:
    """Gradient of `huber` with respect to the input: ``grad * clip(input - target, -delta, delta)``."""
    input, target = _broadcast_pair(input, target)
    return kernels_of(input).huber_loss_backward(grad_output, input, target, delta, reduction)


@huber_backward.gradient("grad_output")
def _(grad, input, target, reduction, delta):
    error = input - target
    inside = abs(error) < delta
    return _mean_of(
        grad * (error * inside + delta * ((error > 0) * ~inside) - delta * ((error < 0) * ~inside)), reduction
    )


@huber_backward.gradient("input")
def _(grad, grad_output, input, target, reduction, delta):
    return _mean_of(grad * grad_output * (abs(input - target) < delta), reduction)


@huber_backward.gradient("target")
def _(grad, grad_output, input, target, reduction, delta):
    return -_mean_of(grad * grad_output * (abs(input - target) < delta), reduction)


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
    _check_weight(weight, input.shape)
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
        _of_one_shape("l1_loss", array_of(input), array_of(target))
    _check_weight(weight, input.shape)
    losses = (input - target).abs()
    if weight is None:
        return reduced(losses, reduction)
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduced(losses, reduction)


@l1_loss.samples
def _(make):
    yield from loss_samples(make)


# Binary cross-entropy.


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
    return _mean_of(-input * grad, reduction)


@bce_with_logits.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3, low=0, high=1), reduction)
    yield make.sample(make(4, 3).T, make(3, 4, low=0, high=1), "mean")


@op(namespace=None)
def bce_with_logits_backward(grad_output: Tensor, input: Tensor, target: Tensor, reduction: str) -> Tensor:
    """Gradient of `bce_with_logits` with respect to the logits: ``grad * (sigmoid(input) - target)``."""
    return kernels_of(input).bce_with_logits_backward(grad_output, *promote(input, target), reduction)


@bce_with_logits_backward.gradient("grad_output")
def _(grad, input, target, reduction):
    from minigrad.ops.activation import sigmoid

    return _mean_of(grad * (sigmoid(input) - target), reduction)


@bce_with_logits_backward.gradient("input")
def _(grad, grad_output, input, reduction):
    from minigrad.ops.activation import sigmoid

    s = sigmoid(input)
    return _mean_of(grad * grad_output * s * (1 - s), reduction)


@bce_with_logits_backward.gradient("target")
def _(grad, grad_output, reduction):
    return _mean_of(-grad * grad_output, reduction)


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
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3, low=0.1, high=0.9), make(2, 3, low=0, high=1), reduction=reduction)


# Classification.


@op(namespace=None, saves=("lse", "total_weight"), node="NllLossBackward0")
def cross_entropy_rows(
    input: Tensor, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    """Cross-entropy of logits, shape (rows, classes) or (batch, classes, places), and class numbers."""
    return kernels_of(input).cross_entropy(input, target, weight, ignore_index, label_smoothing, reduction)


@cross_entropy_rows.gradient
def _(grad, input, lse, total_weight, target, weight, ignore_index, reduction, label_smoothing):
    return cross_entropy_backward(
        grad, input, lse, total_weight, target, weight, ignore_index, reduction, label_smoothing
    )


@cross_entropy_rows.samples
def _(make):
    target = np.array([0, 2, 1, -100, 2])
    for reduction in _REDUCTIONS:
        yield make.sample(make(5, 3), target, None, -100, reduction, 0.0)
        yield make.sample(make(5, 3), target, make(3, low=0.5, high=2), -100, reduction, 0.2)


@op(namespace=None)
def cross_entropy_backward(
    grad_output: Tensor,
    input: Tensor,
    lse: Any,
    total_weight: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Tensor:
    """Gradient of `cross_entropy_rows`: softmax minus the (smoothed) target, times each row's weight."""
    lse, total_weight, target, weight = (getattr(each, "_array", each) for each in (lse, total_weight, target, weight))
    return kernels_of(input).cross_entropy_backward(
        grad_output, input, lse, total_weight, target, weight, ignore_index, label_smoothing, reduction
    )


@cross_entropy_backward.gradient("grad_output")
def _(grad, grad_output, input, lse, total_weight, target, weight, ignore_index, reduction, label_smoothing):
    unit = cross_entropy_backward(
        zero(grad_output) + 1, input, lse, total_weight, target, weight, ignore_index, reduction, label_smoothing
    )
    return sum(grad * unit, 1) if reduction == "none" else grad * unit


@cross_entropy_backward.gradient("input")
def _(grad, grad_output, input, total_weight, target, weight, ignore_index, reduction, label_smoothing):
    scale = _row_scale(input.shape[1], total_weight, target, weight, ignore_index, reduction, label_smoothing)
    scale = grad_output * as_its_kind(grad, scale)
    p = softmax(input, 1)
    return scale.reshape((*scale.shape[:1], 1, *scale.shape[1:])) * p * (grad - sum(p * grad, 1, True))


@cross_entropy_backward.samples
def _(make):
    target = np.array([0, 2, 1])
    logits = make(3, 3)
    lse = np.log(np.exp(logits).sum(1))
    yield make.sample(make(), logits, lse, np.array([3.0]), target, None, -100, "mean", 0.0, gradient=False)


def _row_scale(
    classes: int, total_weight: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float
) -> Any:
    """Return the factor that the softmax of each row has in the gradient of `cross_entropy_rows`."""
    total_weight, target, weight = (getattr(each, "_array", each) for each in (total_weight, target, weight))
    kept = target != ignore_index
    weight = array_module(target).ones(classes) if weight is None else weight.astype(np.float64)
    scale = (1 - smoothing) * weight[np.where(kept, target, 0)] + smoothing / classes * weight.sum()
    scale = scale * kept
    return scale / total_weight[0] if reduction == "mean" else scale


@op(namespace=None, saves=("total_weight",), node="NllLossBackward0")
def nll_rows(input: Tensor, target: Any, weight: Any, ignore_index: int, reduction: str) -> Tensor:
    """Negative log-likelihood of rows of log-probabilities and class numbers."""
    return kernels_of(input).nll_loss(input, target, weight, ignore_index, reduction)


@nll_rows.gradient
def _(grad, input, total_weight, target, weight, ignore_index, reduction):
    return nll_backward(grad, input, total_weight, target, weight, ignore_index, reduction)


@nll_rows.samples
def _(make):
    target = np.array([0, 2, 1, -100, 2])
    for reduction in _REDUCTIONS:
        yield make.sample(make(5, 3), target, None, -100, reduction)
    yield make.sample(make(5, 3), target, make(3, low=0.5, high=2), -100, "mean")


@op(namespace=None)
def nll_backward(
    grad_output: Tensor, input: Tensor, total_weight: Any, target: Any, weight: Any, ignore_index: int, reduction: str
) -> Tensor:
    """Gradient of `nll_rows`."""
    total_weight, target, weight = (getattr(each, "_array", each) for each in (total_weight, target, weight))
    return kernels_of(input).nll_loss_backward(
        grad_output, input, total_weight, target, weight, ignore_index, reduction
    )


@nll_backward.gradient("grad_output")
def _(grad, grad_output, input, total_weight, target, weight, ignore_index, reduction):
    unit = nll_backward(zero(grad_output) + 1, input, total_weight, target, weight, ignore_index, reduction)
    return sum(grad * unit, 1) if reduction == "none" else grad * unit


@nll_backward.gradient("input")
def _(grad):
    return zero(grad)


@nll_backward.samples
def _(make):
    yield make.sample(make(), make(3, 3), np.array([3.0]), np.array([0, 2, 1]), None, -100, "mean", gradient=False)


def _by_class(input: Any, target: Any, classes: int) -> tuple[Any, Any]:
    """Return scores as (rows, classes) or (batch, classes, places), and the array of class numbers in that shape."""
    if input.dim() == 1:
        return input.reshape(1, classes), target._array.reshape(1)
    if input.dim() == 2:
        return input, target._array
    batch = input.shape[0]
    places = math.prod(input.shape[2:])
    return input.reshape(batch, classes, places), target._array.reshape(batch, places)


def _check_class_target(input: Any, target: Any) -> None:
    """Refuse class numbers whose shape or dtype does not fit the scores.

    Raises
    ------
    ValueError, RuntimeError
    """
    scores, labels = input._array, target._array
    if scores.ndim == 2 and labels.shape == scores.shape[:1] and labels.dtype == np.int64:
        return  # the usual case, quickly
    rank, given = scores.ndim, list(labels.shape)
    if rank == 0:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    batch = given[0] if given else 0
    if rank > 1 and input.shape[0] != batch:
        raise ValueError(f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({batch}).")
    if rank <= 2 and len(given) > 1:
        raise RuntimeError(f"0D or 1D target tensor expected, multi-target not supported; the target has shape {given}")
    if rank == 4 and len(given) != 3:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {len(given)}"
        )
    expected = [input.shape[0], *input.shape[2:]] if rank > 1 else [1] * len(given)
    if given != expected and rank not in (1, 4):
        raise RuntimeError(f"Expected target size {expected}, got {given}")
    if target.dtype not in (int64, uint8):
        title = target.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {title}")
    if given != expected and rank == 1:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {batch}")
    if given != expected:
        raise RuntimeError(f"size mismatch (got input: {list(input.shape)} , target: {given}")


def _class_weight(weight: Any, input: Any, classes: int) -> Any:
    if weight is None:
        return None
    if weight.requires_grad:
        raise RuntimeError(
            "The function 'nll_loss_forward' is not differentiable with respect to argument 'weight'. This input "
            "cannot have requires_grad True."
        )
    if tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    if weight.dtype != input.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype} for the class weights but found {weight.dtype}")
    return array_of(weight)


@composed(namespace="functional", reference=references.cross_entropy)
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy between logits and classes: ``-log softmax(input)[target]``.

    Parameters
    ----------
    input : Tensor, shape (classes,), (batch, classes) or (batch, classes, d1, ...)
        Logits.
    target : Tensor
        Class numbers (int64, the input's shape without the class dimension) or class probabilities (floating, the
        input's shape).
    weight : Tensor, shape (classes,), optional
        Factor of each class; a mean is taken over the weights of the targets.
    ignore_index : int
        Class number that contributes nothing.
    reduction : {"mean", "sum", "none"}
    label_smoothing : float
        From 0 to 1: this share of the target is spread evenly over all classes [1]_.

    Raises
    ------
    IndexError
        For a class number out of range.

    References
    ----------
    .. [1] C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015, arXiv:1512.00567.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    dims = input.dim()
    classes = input.shape[0 if dims == 1 else 1] if dims else 1
    if target.shape == input.shape:
        if not target.is_floating_point():
            title = target.dtype.tensor_type.removesuffix("Tensor")
            raise RuntimeError(f"Expected floating point type for target with class probabilities, got {title}")
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        return _cross_entropy_of_probabilities(input, target, weight, reduction, label_smoothing, classes)
    if not dims:
        wrap_dim(1, dims)  # which raises: there is no dimension of classes
    _check_class_target(input, target)
    check_floating("log_softmax_lastdim_kernel_impl", input._array)
    losses = cross_entropy_rows(
        *_by_class(input, target, classes),
        _class_weight(weight, input, classes),
        ignore_index,
        reduction,
        label_smoothing,
    )
    if label_smoothing:
        named(losses, "AddBackward0")
    elif dims > 2:
        named(losses, "NllLoss2DBackward0")
    return losses.reshape(target.shape if dims > 2 else ()) if reduction == "none" and dims != 2 else losses


@cross_entropy.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), reduction=reduction)
    yield make.sample(make(4, 3), np.array([0, 2, -100, 2]), label_smoothing=0.1)
    yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), make(3, low=0.5, high=2), ignore_index=1, label_smoothing=0.1)
    yield make.sample(make(3), np.array(1))
    yield make.sample(make(2, 3, 4), np.array([[0, 1, 2, 0], [1, 1, 2, 2]]))
    yield make.sample(make(4, 3), make(4, 3, low=0, high=1))
    yield make.sample(make(4, 3), make(4, 3, low=0, high=1), make(3, low=0.5, high=2), label_smoothing=0.2)


def _cross_entropy_of_probabilities(
    input: Any, target: Any, weight: Any, reduction: str, smoothing: float, classes: int
) -> Any:
    dim = 0 if input.dim() == 1 else 1
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    products = log_softmax(input, dim) * target
    if weight is not None:
        products = products * weight.reshape([-1 if k == dim else 1 for k in range(input.dim())])
    losses = -products.sum(dim)
    if reduction == "mean":
        return named(losses.sum() / (input.numel() // classes), "DivBackward1")
    return reduced(losses, reduction)


@composed(namespace="functional", reference=references.nll_loss)
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood ``-input[target]`` of log-probabilities; shapes and arguments as `cross_entropy`."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    check_floating("nll_loss_out_frame", input._array)
    dims = input.dim()
    classes = input.shape[0 if dims == 1 else 1] if dims else 1
    _check_class_target(input, target)
    losses = nll_rows(
        *_by_class(input, target, classes),
        _class_weight(weight, input, classes),
        ignore_index,
        reduction,
    )
    if dims > 2:
        named(losses, "NllLoss2DBackward0")
    return losses.reshape(target.shape if dims > 2 else ()) if reduction == "none" and dims != 2 else losses


@nll_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), reduction=reduction)
    yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), make(3, low=0.5, high=2), ignore_index=1)
    yield make.sample(make(2, 3, 4), np.array([[0, 1, 2, 0], [1, 1, 2, 2]]))


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
