"""Losses that push scores apart, up to a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.activation import logsigmoid
from minigrad.ops.backend import array_module, array_of, as_its_kind, kernels_of
from minigrad.ops.errors import common_shape
from minigrad.ops.inplace import check_cast
from minigrad.ops.likelihood import reduced_reference
from minigrad.ops.loss_arguments import legacy_reduction, reduced, resolved_reduction
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_floating, scalar_type
from minigrad.ops.reduce import sum
from minigrad.ops.select import choose
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_REDUCTIONS = ("mean", "sum", "none")


def signs(make: Any, *shape: int) -> Any:
    """Return 1s and -1s at random, as targets of samples."""
    return np.where(make.booleans(*shape), 1.0, -1.0)


# One score an element.


def _hinge_reference(x, y, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    return reduced_reference(np.where(y != 1, np.maximum(margin - x, 0), 0) + np.where(y != -1, x, 0), reduction)


@composed(namespace="functional", reference=_hinge_reference)
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``input`` where the target is 1, ``max(0, margin - input)`` where it is -1."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    unlike = choose(target != 1, (margin - input).to(input.dtype).clamp_min(0), 0)
    return reduced(unlike + choose(target != -1, input, 0), reduction)


@hinge_embedding_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make.apart(2, 3), signs(make, 2, 3), reduction=reduction)
    yield make.sample(make.apart(3), signs(make, 3), 0.33)


def _soft_margin_reference(x, y, size_average=None, reduce=None, reduction="mean"):
    return reduced_reference(np.log1p(np.exp(-y * x)), reduction)


@composed(namespace="functional", reference=_soft_margin_reference)
def soft_margin_loss(
    input: Tensor,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``log(1 + exp(-target * input))``, with targets 1 and -1, which take no gradient."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if target.requires_grad:
        raise RuntimeError(
            "The function 'soft_margin_loss' is not differentiable with respect to argument 'target'. This input "
            "cannot have requires_grad True."
        )
    check_cast(np.dtype(np.float32), array_of(input).dtype)
    common = common_shape(tuple(target.shape), tuple(input.shape))
    if common != tuple(input.shape):
        raise RuntimeError(f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(common)}")
    loss = reduced((-target * input).exp().log1p(), reduction)
    return named(loss, "SoftMarginLossBackward0")


@soft_margin_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), signs(make, 2, 3), reduction=reduction)
    yield make.sample(make(), np.array(1.0))


def _ranking_reference(x1, x2, y, margin=0, size_average=None, reduce=None, reduction="mean"):
    return reduced_reference(np.maximum(-y * (x1 - x2) + margin, 0), reduction)


@composed(namespace="functional", reference=_ranking_reference)
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, -target * (input1 - input2) + margin)``; the target is 1 where the first should be larger, else -1."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduced((-target * (input1 - input2) + float(margin)).clamp_min(0), reduction)


@margin_ranking_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make.apart(2, 3), make.apart(2, 3) * 0.3, signs(make, 2, 3), 0.05, reduction=reduction)


# Several classes.


def _multi_margin_reference(x, y, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    losses = np.zeros(x.shape[:-1])
    for place in np.ndindex(losses.shape):
        right = y[place]
        terms = [max(0.0, margin - x[place][right] + s) ** p for k, s in enumerate(x[place]) if k != right]
        losses[place] = np.sum(terms) / x.shape[-1] * (1 if weight is None else weight[right])
    return reduced_reference(losses, reduction)


@op(namespace="functional", node="MultiMarginLossBackward0", reference=_multi_margin_reference)
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Sum over the wrong classes of ``max(0, margin - right score + score)**p``, over the number of classes.

    Parameters
    ----------
    input : Tensor, shape (batch, classes) or (classes,)
    target : Tensor of int64, shape (batch,) or ()
    p : {1, 2}
    margin : float
    weight : Tensor, shape (classes,), optional
        Factor of the samples of each class, of the input's dtype; it has no gradient.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        For another ``p`` than 1 and 2, and for weights that are no vector.
    RuntimeError
        For targets or weights of other sizes, and for targets that are no classes.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    _check_scores(input, "multi_margin_loss_cpu_kernel")
    count, classes = input.shape if input.ndim == 2 else (1, input.size)
    if target.size != count or target.ndim > 1:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size [{count}], but got {list(target.shape)}. Input has shape {list(input.shape)}."
        )
    if weight is not None and weight.size != classes:
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    _check_class_numbers(target)
    if weight is not None and weight.dtype != input.dtype:
        raise RuntimeError(f"expected scalar type {scalar_type(input)} but found {scalar_type(weight)}")
    losses = kernels_of(input).multi_margin(input, target, weight, p, margin, reduction)
    return losses.reshape(()) if input.ndim < 2 and not target.ndim else losses


@multi_margin_loss.gradient("input")
def _(grad, input, target, p, margin, weight, size_average, reduce, reduction):
    reduction = resolved_reduction(size_average, reduce, reduction)
    return multi_margin_backward(grad, input, target, p, margin, weight, reduction)


@multi_margin_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), reduction=reduction)
    yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), 2, 0.7)
    yield make.sample(make(3), np.array(1))


@op(namespace=None)
def multi_margin_backward(
    grad_output: Tensor, input: Tensor, target: Any, p: int, margin: float, weight: Any, reduction: str
) -> Tensor:
    """Gradient of `multi_margin_loss` with respect to the scores: what wrong classes get, the right one loses."""
    numbers = array_of(target), array_of(weight), p, margin, reduction
    return kernels_of(input).multi_margin_backward(grad_output, input, *numbers)


@multi_margin_backward.gradient("grad_output")
def _(grad, grad_output, input, target, p, margin, weight, reduction):
    unit = multi_margin_backward(zero(grad_output) + 1, input, target, p, margin, weight, reduction)
    return _of_losses(grad * unit, grad_output, reduction)


@multi_margin_backward.gradient("input")
def _(grad, grad_output, input, target, p, margin, weight, reduction):
    if p == 1:
        return zero(grad)
    is_right = as_its_kind(grad, _is_right(array_of(input), array_of(target)))
    slope = multi_margin_backward(grad_output, input, target, 1, margin, weight, reduction)  # half the curvature
    push = 2 * slope * (grad - sum(grad * is_right, -1, True))
    return push - is_right * sum(push, -1, True)


@multi_margin_backward.samples
def _(make):
    labels, weight = np.array([0, 2, 1, 2]), make(3, low=0.5, high=2)
    for p in (1, 2):
        yield make.sample(make(), make(4, 3), labels, p, 0.7, None, "mean")
        yield make.sample(make(), make(3), np.array(1), p, 1.0, weight, "sum")
        yield make.sample(make(4), make(4, 3), labels, p, 1.0, weight, "none")


def _is_right(scores: Any, labels: Any) -> Any:
    """Return 1 at each row's right class, and 0 elsewhere."""
    classes = array_module(scores).arange(scores.shape[-1] if scores.ndim else 1)
    return (labels.reshape(-1, 1) == classes).reshape(scores.shape).astype(scores.dtype)


def _of_losses(products: Any, grad_output: Any, reduction: str) -> Any:
    """Return the gradient of the losses' gradient: each row's sum, unless the losses were reduced."""
    return sum(products, -1).reshape(grad_output.shape) if reduction == "none" else products


def _multilabel_margin_reference(x, y, size_average=None, reduce=None, reduction="mean"):
    losses = np.zeros(x.shape[:-1])
    for place in np.ndindex(losses.shape):
        listed = y[place].tolist()
        right = listed[: listed.index(-1)] if -1 in listed else listed
        wrong = [k for k in range(x.shape[-1]) if k not in right]
        hinges = [max(0.0, 1 - x[place][j] + x[place][k]) for j in right for k in wrong]
        losses[place] = np.sum(hinges) / x.shape[-1]
    return reduced_reference(losses, reduction)


@op(namespace="functional", node="MultilabelMarginLossBackward0", reference=_multilabel_margin_reference)
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Sum over right and wrong classes of ``max(0, 1 - right score + wrong score)``, over the number of classes.

    Parameters
    ----------
    input : Tensor, shape (batch, classes) or (classes,)
    target : Tensor of int64, of the input's shape
        The right classes of each sample, ended by a -1.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    RuntimeError
        For targets of another shape, or that are no classes.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    _check_scores(input, "multilabel_margin_loss_forward_out_frame")
    if target.shape != input.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    _check_class_numbers(target)
    losses = kernels_of(input).multilabel_margin(input, target, reduction)
    return losses if input.ndim == 2 else losses.reshape(())


@multilabel_margin_loss.gradient("input")
def _(grad, input, target, size_average, reduce, reduction):
    return multilabel_margin_backward(grad, input, target, resolved_reduction(size_average, reduce, reduction))


@multilabel_margin_loss.samples
def _(make):
    labels = np.array([[2, 0, -1], [1, -1, 0], [-1, 0, 1], [0, 1, 2]])
    for reduction in _REDUCTIONS:
        yield make.sample(make(4, 3), labels, reduction=reduction)
    yield make.sample(make(3), np.array([1, -1, 0]))


@op(namespace=None)
def multilabel_margin_backward(grad_output: Tensor, input: Tensor, target: Any, reduction: str) -> Tensor:
    """Gradient of `multilabel_margin_loss` with respect to the scores, which does not vary with them."""
    return kernels_of(input).multilabel_margin_backward(grad_output, input, array_of(target), reduction)


@multilabel_margin_backward.gradient("grad_output")
def _(grad, grad_output, input, target, reduction):
    unit = multilabel_margin_backward(zero(grad_output) + 1, input, target, reduction)
    return _of_losses(grad * unit, grad_output, reduction)


@multilabel_margin_backward.gradient("input")
def _(grad):
    return zero(grad)


@multilabel_margin_backward.samples
def _(make):
    labels = np.array([[2, 0, -1], [1, -1, 0], [-1, 0, 1], [0, 1, 2]])
    yield make.sample(make(), make(4, 3), labels, "mean")
    yield make.sample(make(), make(3), labels[0], "sum")
    yield make.sample(make(4), make(4, 3), labels, "none")


def _check_scores(scores: Any, kernel: str) -> None:
    check_floating(kernel, scores)
    if scores.ndim > 2 or scores.shape[-1:] == (0,):
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(scores.shape)}"
        )


def _check_class_numbers(labels: Any) -> None:
    if labels.dtype != np.int64:
        raise RuntimeError(f"expected scalar type Long but found {scalar_type(labels)}")


def _multilabel_soft_reference(x, y, weight=None, size_average=None, reduce=None, reduction="mean"):
    losses = y * np.log1p(np.exp(-x)) + (1 - y) * np.log1p(np.exp(x))
    return reduced_reference((losses * (1 if weight is None else weight)).mean(-1), reduction)


@composed(namespace="functional", reference=_multilabel_soft_reference)
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean over the classes, the last dimension, of the binary cross-entropy of logits."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return reduced(losses.sum(-1) / input.shape[-1], reduction)


@multilabel_soft_margin_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3, low=0, high=1), reduction=reduction)
    yield make.sample(make(2, 3), make(2, 3, low=0, high=1), make(3, low=0.5, high=2))
