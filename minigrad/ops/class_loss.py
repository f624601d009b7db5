"""Losses of scores against class numbers: cross-entropy and the negative log-likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, array_of, as_its_kind, kernels_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.loss_arguments import REDUCTIONS, legacy_reduction, reduced
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_floating, scalar_type
from minigrad.ops.reduce import sum
from minigrad.ops.softmax import log_softmax, softmax
from minigrad.ops.state import mode
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


_INT64 = np.dtype(np.int64)


@op(namespace=None, saves=("terms",), node="NllLossBackward0")
def cross_entropy_of_classes(
    input: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    """Cross-entropy of logits, shape (classes,) or (batch, classes, ...), and class numbers; `weight` is an array."""
    _check_classes(input, target)
    check_floating("log_softmax_lastdim_kernel_impl", input)
    losses, lse, total_weight = kernels_of(input).cross_entropy(
        input, target, weight, ignore_index, label_smoothing, reduction
    )
    terms = lse, total_weight, weight, ignore_index, label_smoothing, reduction
    return losses if input.ndim > 1 else losses.reshape(()), terms


@cross_entropy_of_classes.gradient("input")
def _(grad, input, target, terms):
    return cross_entropy_backward(grad, input, target, terms)


@cross_entropy_of_classes.samples
def _(make):
    for reduction in REDUCTIONS:
        for scores, target in _scores_and_classes(make):
            yield make.sample(scores, target, None, -100, reduction, 0.0)
            yield make.sample(scores, target, make(3, low=0.5, high=2), -100, reduction, 0.2)


def _scores_and_classes(make: Any) -> Any:
    """Yield scores of three classes, of each form, and class numbers."""
    yield make(5, 3), np.array([0, 2, 1, -100, 2])
    yield make(3), np.array(1)
    yield make(3, 2).T, np.array([2, 0])
    yield make(2, 3, 2), np.array([[0, 1], [2, -100]])
    yield make(1, 3, 2, 2), np.array([[[0, 1], [2, -100]]])


@op(namespace=None)
def cross_entropy_backward(grad_output: Tensor, input: Tensor, target: Any, terms: tuple[Any, ...]) -> Tensor:
    """Gradient of `cross_entropy_of_classes`: softmax minus the (smoothed) target, times each place's weight."""
    lse, total_weight, *rest = terms
    return kernels_of(input).cross_entropy_backward(grad_output, input, lse, total_weight, array_of(target), *rest)


@cross_entropy_backward.gradient("grad_output")
def _(grad, grad_output, input, target, terms):
    unit = cross_entropy_backward(zero(grad_output) + 1, input, target, terms)
    return sum(grad * unit, _class_dim(input)) if terms[-1] == "none" else grad * unit


@cross_entropy_backward.gradient("input")
def _(grad, grad_output, input, target, terms):
    dim = _class_dim(input)
    scale = grad_output * as_its_kind(grad, _scale(input.shape[dim], array_of(target), *terms[1:]))
    if input.ndim > 1:
        scale = scale.reshape((*scale.shape[:1], 1, *scale.shape[1:]))
    p = softmax(input, dim)
    return scale * p * (grad - sum(p * grad, dim, True))


@cross_entropy_backward.samples
def _(make):
    for logits, target in ((make(3, 3), np.array([0, 2, 1])), (make(3), np.array([2]))):
        lse = np.asarray(np.log(np.exp(logits).sum(-1)))
        terms = lse, np.array([3.0]), None, -100, 0.0, "mean"
        yield make.sample(make(), logits, target, terms, gradient=False)


def _class_dim(scores: Any) -> int:
    return 1 if scores.ndim > 1 else 0


def _scale(
    classes: int, target: Any, total_weight: Any, weight: Any, ignore_index: int, smoothing: float, reduction: str
) -> Any:
    """Return the factor that the softmax of each place has in the gradient of `cross_entropy_of_classes`."""
    kept = target != ignore_index
    weight = array_module(target).ones(classes) if weight is None else weight.astype(np.float64)
    scale = (1 - smoothing) * weight[np.where(kept, target, 0)] + smoothing / classes * weight.sum()
    scale = scale * kept
    return scale / total_weight[0] if reduction == "mean" else scale


def _name_of_images(dims: int, reduction: str) -> str:
    """Return the name of what PyTorch computes last, of scores with more than two dimensions."""
    return "ViewBackward0" if dims == 3 and reduction == "none" else "NllLoss2DBackward0"


def _name_of_nll(input: Any, target: Any, weight: Any, *options: Any) -> str:
    return "NllLossBackward0" if input.ndim < 3 else _name_of_images(input.ndim, options[-1])


@op(namespace="functional", saves=("terms",), variant=_name_of_nll, reference=references.nll_loss)
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood ``-input[target]`` of log-probabilities; shapes and arguments as `cross_entropy`."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    check_floating("nll_loss_out_frame", input)
    _check_classes(input, target)
    if weight is not None:
        _check_weight(input, weight)
    losses, total_weight = kernels_of(input).nll_loss(input, target, weight, ignore_index, reduction)
    terms = total_weight, weight, ignore_index, reduction
    return losses if input.ndim > 1 else losses.reshape(()), terms


@nll_loss.gradient("input")
def _(grad, input_shape, target, terms):
    return nll_backward(grad, input_shape, target, terms)


@nll_loss.samples
def _(make):
    weight = make(3, low=0.5, high=2)
    for reduction in REDUCTIONS:
        for scores, target in _scores_and_classes(make):
            yield make.sample(scores, target, reduction=reduction)
            yield make.sample(scores, target, weight, reduction=reduction, gradient=False)


@op(namespace=None)
def nll_backward(grad_output: Tensor, shape: tuple[int, ...], target: Any, terms: tuple[Any, ...]) -> Tensor:
    """Gradient of `nll_of_classes` with respect to scores of ``shape``."""
    total_weight, *rest = terms
    return kernels_of(grad_output).nll_loss_backward(grad_output, shape, total_weight, array_of(target), *rest)


@nll_backward.gradient("grad_output")
def _(grad, grad_output, shape, target, terms):
    unit = nll_backward(zero(grad_output) + 1, shape, target, terms)
    return sum(grad * unit, _class_dim(grad)) if terms[-1] == "none" else grad * unit


@nll_backward.samples
def _(make):
    terms = np.array([3.0]), None, -100, "mean"
    yield make.sample(make(), (3, 3), np.array([0, 2, 1]), terms, gradient=False)


def _check_classes(scores: Any, labels: Any) -> None:
    """Refuse class numbers whose shape or dtype does not fit the scores.

    Raises
    ------
    ValueError, RuntimeError
    """
    shape = scores.shape
    if labels.dtype is not _INT64 or len(shape) < 2 or labels.shape != shape[:1] + shape[2:]:
        _check_labels(scores, labels)  # not the usual ones


def _check_weight(scores: Any, weight: Any) -> None:
    """Refuse weights of classes whose shape or dtype does not fit the scores.

    Raises
    ------
    RuntimeError
    """
    classes = scores.shape[_class_dim(scores)] if scores.ndim else 1
    if weight.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    if weight.dtype != scores.dtype:
        raise RuntimeError(f"expected scalar type {scalar_type(scores)} but found {scalar_type(weight)}")


def _check_labels(scores: Any, labels: Any) -> None:
    rank, given = scores.ndim, list(labels.shape)
    if rank == 0:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    batch = given[0] if given else 0
    if rank > 1 and scores.shape[0] != batch:
        raise ValueError(f"Expected input batch_size ({scores.shape[0]}) to match target batch_size ({batch}).")
    if rank <= 2 and len(given) > 1:
        raise RuntimeError(f"0D or 1D target tensor expected, multi-target not supported; the target has shape {given}")
    if rank == 4 and len(given) != 3:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {len(given)}"
        )
    expected = [scores.shape[0], *scores.shape[2:]] if rank > 1 else [1] * len(given)
    if given != expected and rank not in (1, 4):
        raise RuntimeError(f"Expected target size {expected}, got {given}")
    if labels.dtype not in (np.int64, np.uint8):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got torch.{scalar_type(labels)}")
    if given != expected and rank == 1:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {batch}")
    if given != expected:
        raise RuntimeError(f"size mismatch (got input: {list(scores.shape)} , target: {given}")


def _constant(weight: Any, input: Any) -> Any:
    """Return the array of classes' weights, through which no gradient flows.

    Raises
    ------
    RuntimeError
        For weights that require one, or do not fit the scores.
    """
    if weight.requires_grad and mode.enabled:
        raise RuntimeError(
            f"The function 'nll_loss{'2d' if input.dim() > 2 else ''}_forward' is not differentiable with respect to "
            "argument 'weight'. This input cannot have requires_grad True."
        )
    _check_weight(input._array, weight._array)
    return weight._array


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
    if target.dim() == dims and target.shape == input.shape:
        if not target.is_floating_point():
            title = target.dtype.tensor_type.removesuffix("Tensor")
            raise RuntimeError(f"Expected floating point type for target with class probabilities, got {title}")
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        return _cross_entropy_of_probabilities(input, target, weight, reduction, label_smoothing)
    if not dims:
        wrap_dim(1, dims)  # which raises: there is no dimension of classes
    losses = cross_entropy_of_classes(
        input, target, weight if weight is None else _constant(weight, input), ignore_index, reduction, label_smoothing
    )
    if label_smoothing:
        return named(losses, "AddBackward0")
    return losses if dims < 3 else named(losses, _name_of_images(dims, reduction))


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


def _cross_entropy_of_probabilities(input: Any, target: Any, weight: Any, reduction: str, smoothing: float) -> Any:
    dim = 1 if input.dim() > 1 else 0
    classes = input.shape[dim] if input.dim() else 1
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    products = log_softmax(input, dim) * target
    if weight is not None:
        products = products * weight.reshape([-1 if k == dim else 1 for k in range(input.dim())])
    if reduction == "mean":
        return named(products.sum() / -(input.numel() // classes), "DivBackward1")
    return reduced(-products.sum(dim), reduction)
