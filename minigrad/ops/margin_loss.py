"""Losses that push scores and distances apart up to a margin, and likelihoods of counts and of normal variables."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.inplace import check_cast
from minigrad.ops.loss import check_reduction, legacy_reduction, reduced
from minigrad.ops.op import composed
from minigrad.ops.pairs import named, pairwise_distance
from minigrad.ops.promotion import not_implemented
from minigrad.ops.state import Upper

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_REDUCTIONS = ("mean", "sum", "none")


def _reduced(losses: Any, reduction: str) -> Any:
    """Return losses of a reference as they are, their mean or their sum."""
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def _signs(make: Any, *shape: int) -> Any:
    return np.where(make.booleans(*shape), 1.0, -1.0)


# Likelihoods.


def _poisson_reference(x, y, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):  # type: ignore[no-untyped-def]
    losses = np.exp(x) - y * x if log_input else x - y * np.log(x + eps)
    if full:
        losses = losses + np.where(y > 1, y * np.log(y) - y + 0.5 * np.log(2 * np.pi * y), 0)
    return _reduced(losses, reduction)


@composed(namespace="functional", reference=_poisson_reference)
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood ``rate - target * log(rate)`` of counts, up to the term ``log(target!)``.

    Parameters
    ----------
    log_input : bool
        Whether the input is the logarithm of the rate.
    full : bool
        Whether to add Stirling's approximation of the missing term.
    eps : float
        Added to the rate before its logarithm is taken.
    reduction : {"mean", "sum", "none"}
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        losses = losses + stirling.masked_fill(target <= 1, 0)
    return reduced(losses, reduction)  # type: ignore[no-any-return]


@poisson_nll_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3, low=0.2, high=3), reduction=reduction)
    yield make.sample(make(2, 3, low=0.2, high=3), make(2, 3, low=1.1, high=3), log_input=False, full=True)


def _gaussian_reference(x, y, var, full=False, eps=1e-6, reduction="mean"):  # type: ignore[no-untyped-def]
    var = np.maximum(var[..., None] if np.ndim(var) == x.ndim - 1 and np.ndim(var) else var, eps)
    return _reduced(0.5 * (np.log(var) + (x - y) ** 2 / var) + (0.5 * np.log(2 * np.pi) if full else 0), reduction)


@composed(namespace="functional", reference=_gaussian_reference)
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood ``(log var + (input - target)**2 / var) / 2`` of normal variables [1]_.

    Parameters
    ----------
    input : Tensor
        The means.
    var : Tensor or float
        The variances: of the input's shape, without its last dimension, or with length 1 in one dimension.
    full : bool
        Whether to add the constant ``log(2 pi) / 2``.
    eps : float
        The smallest variance; gradients pass it unchanged.
    reduction : {"mean", "sum", "none"}

    References
    ----------
    .. [1] D. A. Nix, A. S. Weigend, "Estimating the Mean and Variance of the Target Probability Distribution", 1994.
    """
    if isinstance(var, float):
        var = input.detach() * 0 + var
    if (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif var.dim() != input.dim() or [y for x, y in zip(input.shape, var.shape, strict=True) if x != y] != [1]:
            raise ValueError("var is of incorrect size")
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not valid")
    check_cast(np.dtype(np.float32), var.detach().numpy().dtype)
    var = var + (var.clamp(min=eps) - var).detach()
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)  # type: ignore[no-any-return]


@gaussian_nll_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3), make(2, 3, low=0.2, high=2), reduction=reduction)
    yield make.sample(make(2, 3), make(2, 3), make(2, low=0.2, high=2), full=True, reduction="mean")
    yield make.sample(make(2, 3), make(2, 3), 0.7)


# One score an element.


def _hinge_reference(x, y, margin=1.0, size_average=None, reduce=None, reduction="mean"):  # type: ignore[no-untyped-def]
    return _reduced(np.where(y != 1, np.maximum(margin - x, 0), 0) + np.where(y != -1, x, 0), reduction)


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
    zero = input.detach() * 0
    unlike = (margin - input).to(input.dtype).clamp_min(0).where(target != 1, zero)
    return reduced(unlike + input.where(target != -1, zero), reduction)  # type: ignore[no-any-return]


@hinge_embedding_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make.apart(2, 3), _signs(make, 2, 3), reduction=reduction)
    yield make.sample(make.apart(3), _signs(make, 3), 0.33)


def _soft_margin_reference(x, y, size_average=None, reduce=None, reduction="mean"):  # type: ignore[no-untyped-def]
    return _reduced(np.log1p(np.exp(-y * x)), reduction)


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
            "The function 'soft_margin_loss' is not differentiable with respect to argument 'target'. This input cannot "
            "have requires_grad True."
        )
    check_cast(np.dtype(np.float32), input.detach().numpy().dtype)
    loss = reduced((-target * input).exp().log1p(), reduction)
    return named(loss, "SoftMarginLossBackward0")


@soft_margin_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), _signs(make, 2, 3), reduction=reduction)
    yield make.sample(make(), np.array(1.0))


# Several classes.


def _multi_margin_reference(x, y, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):  # type: ignore[no-untyped-def]
    losses = np.zeros(x.shape[:-1])
    for place in np.ndindex(losses.shape):
        right = y[place]
        terms = [max(0.0, margin - x[place][right] + s) ** p for k, s in enumerate(x[place]) if k != right]
        losses[place] = sum(terms) / x.shape[-1] * (1 if weight is None else weight[right])
    return _reduced(losses, reduction)


@composed(namespace="functional", reference=_multi_margin_reference)
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
        Factor of the samples of each class.
    reduction : {"mean", "sum", "none"}
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    scores, labels = _rows(input, "multi_margin_loss_cpu_kernel"), target.detach().numpy()
    count, classes = scores.shape
    if labels.size != count or labels.ndim > 1:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size [{count}], but got {list(labels.shape)}. Input has shape {list(input.shape)}."
        )
    labels = _class_numbers(labels).reshape(-1)
    if labels.size and not (0 <= labels.min() and labels.max() < classes):
        raise RuntimeError("target out of range")
    if weight is not None and weight.numel() != classes:
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    rows = np.arange(count)
    right = scores[_tensor(rows), _tensor(labels)].unsqueeze(1)
    hinges = (margin - right + scores).clamp_min(0)
    if p == 2:
        hinges = hinges * hinges
    is_wrong = np.ones((count, classes), bool)
    is_wrong[rows, labels] = False
    losses = (hinges * _tensor(is_wrong)).sum(1) / classes
    if weight is not None:
        losses = losses * weight[_tensor(labels)]
    loss = reduced(losses if input.dim() == 2 else losses.squeeze(0), reduction)
    return named(loss, "MultiMarginLossBackward0")


@multi_margin_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), reduction=reduction)
    yield make.sample(make(4, 3), np.array([0, 2, 1, 2]), 2, 0.7)
    yield make.sample(make(3), np.array(1))


def _multilabel_margin_reference(x, y, size_average=None, reduce=None, reduction="mean"):  # type: ignore[no-untyped-def]
    losses = np.zeros(x.shape[:-1])
    for place in np.ndindex(losses.shape):
        listed = y[place].tolist()
        right = listed[: listed.index(-1)] if -1 in listed else listed
        wrong = [k for k in range(x.shape[-1]) if k not in right]
        losses[place] = sum(max(0.0, 1 - x[place][j] + x[place][k]) for j in right for k in wrong) / x.shape[-1]
    return _reduced(losses, reduction)


@composed(namespace="functional", reference=_multilabel_margin_reference)
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
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    scores, labels = _rows(input, "multilabel_margin_loss_forward_out_frame"), target.detach().numpy()
    if labels.shape != tuple(input.shape):
        raise RuntimeError(f"inconsistent target size: {list(labels.shape)} for input of size: {list(input.shape)}")
    labels = _class_numbers(labels).reshape(tuple(scores.shape))
    count, classes = labels.shape
    if labels.size and not (-1 <= labels.min() and labels.max() < classes):
        raise RuntimeError("argument #2 'target' is out of range")
    listed = np.logical_and.accumulate(labels >= 0, axis=1)
    rows = np.broadcast_to(np.arange(count)[:, None], labels.shape)
    is_right = np.zeros(labels.shape, bool)
    is_right[rows[listed], labels[listed]] = True
    right = scores[_tensor(rows.copy()), _tensor(np.where(listed, labels, 0))]
    hinges = (1 - right.unsqueeze(2) + scores.unsqueeze(1)).clamp_min(0)
    losses = (hinges * _tensor(listed[:, :, None] & ~is_right[:, None, :])).sum((1, 2)) / max(classes, 1)
    loss = reduced(losses if input.dim() == 2 else losses.squeeze(0), reduction)
    return named(loss, "MultilabelMarginLossBackward0")


@multilabel_margin_loss.samples
def _(make):
    labels = np.array([[2, 0, -1], [1, -1, 0], [-1, 0, 1], [0, 1, 2]])
    for reduction in _REDUCTIONS:
        yield make.sample(make(4, 3), labels, reduction=reduction)
    yield make.sample(make(3), np.array([1, -1, 0]))


def _rows(input: Tensor, kernel: str) -> Tensor:
    """Return scores with a batch dimension."""
    if not input.is_floating_point():
        raise not_implemented(kernel, input.detach().numpy())
    if input.dim() > 2:
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}"
        )
    return input if input.dim() == 2 else input.reshape(1, -1)


def _class_numbers(labels: Any) -> Any:
    if labels.dtype != np.int64:
        name = _tensor(labels).type().removeprefix("torch.").removesuffix("Tensor")
        raise RuntimeError(f"expected scalar type Long but found {name}")
    return labels


def _tensor(array: Any) -> Any:
    return Upper.Tensor._wrap(array)


def _multilabel_soft_reference(x, y, weight=None, size_average=None, reduce=None, reduction="mean"):  # type: ignore[no-untyped-def]
    losses = y * np.log1p(np.exp(-x)) + (1 - y) * np.log1p(np.exp(x))
    return _reduced((losses * (1 if weight is None else weight)).mean(-1), reduction)


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
    from minigrad.ops.activation import logsigmoid

    reduction = legacy_reduction(size_average, reduce, reduction)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return reduced(losses.sum(-1) / input.shape[-1], reduction)  # type: ignore[no-any-return]


@multilabel_soft_margin_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3, low=0, high=1), reduction=reduction)
    yield make.sample(make(2, 3), make(2, 3, low=0, high=1), make(3, low=0.5, high=2))


# Pairs and triplets.


def _cosine_reference(x1, x2, y, margin=0, size_average=None, reduce=None, reduction="mean"):  # type: ignore[no-untyped-def]
    cosine = (x1 * x2).sum(-1) / np.sqrt(((x1 * x1).sum(-1) + 1e-12) * ((x2 * x2).sum(-1) + 1e-12))
    return _reduced(np.where(y == 1, 1 - cosine, np.where(y == -1, np.maximum(cosine - margin, 0), 0)), reduction)


@composed(namespace="functional", reference=_cosine_reference)
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``1 - cos`` of two vectors where the target is 1, ``max(0, cos - margin)`` where it is -1.

    Parameters
    ----------
    input1, input2 : Tensor, shape (batch, width) or (width,)
    target : Tensor, shape (batch,) or ()
    margin : float
    reduction : {"mean", "sum", "none"}
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    rank = target.dim()
    if rank > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.dim() != rank + 1 or input2.dim() != rank + 1:
        raise RuntimeError(
            f"{rank}D target tensor expects {rank + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    square1, square2 = ((each * each).sum(rank) + 1e-12 for each in (input1, input2))
    cosine = (input1 * input2).sum(rank) / (square1 * square2).sqrt()
    zero = cosine.detach() * 0
    unlike = (cosine - margin).clamp_min(0).where(target == -1, zero)
    return reduced((1 - cosine).where(target == 1, zero) + unlike, reduction)  # type: ignore[no-any-return]


@cosine_embedding_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(4, 3), make(4, 3), _signs(make, 4), reduction=reduction)
    yield make.sample(make(3), make(3), np.array(1.0), 0.2)


def _ranking_reference(x1, x2, y, margin=0, size_average=None, reduce=None, reduction="mean"):  # type: ignore[no-untyped-def]
    return _reduced(np.maximum(-y * (x1 - x2) + margin, 0), reduction)


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
    return reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction)  # type: ignore[no-any-return]


@margin_ranking_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make.apart(2, 3), make.apart(2, 3) * 0.3, _signs(make, 2, 3), 0.05, reduction=reduction)


def _triplet_reference(
    a, p, n, margin=1.0, order=2, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"
):  # type: ignore[no-untyped-def]
    def distance(x: Any, y: Any) -> Any:
        return (np.abs(x - y + eps) ** order).sum(-1) ** (1 / order)

    far = np.minimum(distance(a, n), distance(p, n)) if swap else distance(a, n)
    return _reduced(np.maximum(margin + distance(a, p) - far, 0), reduction)


@composed(namespace="functional", reference=lambda a, b, c, **k: _triplet_reference(a, b, c, order=k.pop("p", 2), **k))
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, margin + d(anchor, positive) - d(anchor, negative))`` with a p-norm distance [1]_.

    Parameters
    ----------
    anchor, positive, negative : Tensor, shape (batch, width) or (width,)
    margin : float
    p, eps : float
        See `pairwise_distance`.
    swap : bool
        Use the distance from positive to negative where it is the smaller one.
    reduction : {"mean", "sum", "none"}

    References
    ----------
    .. [1] V. Balntas, E. Riba, D. Ponsa, K. Mikolajczyk, "Learning local feature descriptors with triplets and shallow
       convolutional neural networks", 2016.
    """
    reduction = legacy_reduction(size_average, reduce, reduction)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)  # type: ignore[no-any-return]

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


@triplet_margin_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(4, 3), make(4, 3), make(4, 3), reduction=reduction)
    yield make.sample(make(4, 3), make(4, 3), make(4, 3), p=3, swap=True)


@composed(
    namespace="functional", reference=lambda a, b, c, *, margin=1.0, **k: _triplet_reference(a, b, c, margin, **k)
)
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of one's own, by default `pairwise_distance`."""
    check_reduction(reduction)
    return _triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction)


@triplet_margin_with_distance_loss.samples
def _(make):
    yield make.sample(make(4, 3), make(4, 3), make(4, 3))
    yield make.sample(make(4, 3), make(4, 3), make(4, 3), margin=0.3, swap=True, reduction="none")


def _triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, distance: Any, margin: float, swap: bool, reduction: str
) -> Tensor:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    ranks = (anchor.dim(), positive.dim(), negative.dim())
    if len(set(ranks)) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {ranks[0]}D, positive {ranks[1]}D, and negative {ranks[2]}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced((margin + near - far).clamp_min(0), reduction)  # type: ignore[no-any-return]
