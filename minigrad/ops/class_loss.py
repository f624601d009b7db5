"""Losses of scores against class numbers: cross-entropy and the negative log-likelihood."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import int64, uint8
from minigrad.ops import references
from minigrad.ops.backend import array_module, array_of, as_its_kind, kernels_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.loss_arguments import REDUCTIONS, legacy_reduction, reduced
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_floating
from minigrad.ops.reduce import sum
from minigrad.ops.softmax import log_softmax, softmax
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


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
    for reduction in REDUCTIONS:
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
    for reduction in REDUCTIONS:
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
    for reduction in REDUCTIONS:
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
    for reduction in REDUCTIONS:
        yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), reduction=reduction)
    yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), make(3, low=0.5, high=2), ignore_index=1)
    yield make.sample(make(2, 3, 4), np.array([[0, 1, 2, 0], [1, 1, 2, 2]]))
