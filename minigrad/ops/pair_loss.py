"""Losses that pull vectors together and push them apart, in pairs and triplets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.likelihood import reduced_reference
from minigrad.ops.loss_arguments import check_reduction, legacy_reduction, reduced
from minigrad.ops.margin_loss import signs
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.pairs import pairwise_distance
from minigrad.ops.promotion import promote_to_floating
from minigrad.ops.reduce import sum
from minigrad.ops.select import choose
from minigrad.ops.shape import unsqueeze

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_LEAST = 1e-12  # added to squared lengths
_REDUCTIONS = ("mean", "sum", "none")


def _cosine_reference(x1, x2, y, margin=0, size_average=None, reduce=None, reduction="mean"):
    cosine = (x1 * x2).sum(-1) / np.sqrt(((x1 * x1).sum(-1) + 1e-12) * ((x2 * x2).sum(-1) + 1e-12))
    return reduced_reference(
        np.where(y == 1, 1 - cosine, np.where(y == -1, np.maximum(cosine - margin, 0), 0)), reduction
    )


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

    Raises
    ------
    RuntimeError
        For shapes that do not fit each other.
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
    cosine = cosine_of_rows(input1, input2)
    unlike = choose(target == -1, (cosine - margin).clamp_min(0), 0.0)
    return reduced(named(choose(target == 1, 1 - cosine, unlike), "AddBackward0"), reduction)


@op(namespace=None, reference=lambda x1, x2: (x1 * x2).sum(-1) / np.sqrt((x1 * x1).sum(-1) * (x2 * x2).sum(-1)))
def cosine_of_rows(input1: Tensor, input2: Tensor) -> Tensor:
    """Cosine of the angle between vectors along the last dimension, to whose squared lengths ``1e-12`` is added."""
    x1, x2 = promote_to_floating(input1, input2)
    dot, square1, square2 = (kernels_of(x1).sum(a * b, -1) for a, b in ((x1, x2), (x1, x1), (x2, x2)))
    return dot / np.sqrt((square1 + _LEAST) * (square2 + _LEAST))


@cosine_of_rows.gradient
def _(grad, input1, input2, out, needs):
    grad, cosine = unsqueeze(grad, -1), unsqueeze(out, -1)
    square1, square2 = (sum(each * each, -1, True) + _LEAST for each in (input1, input2))
    root = (square1 * square2) ** 0.5
    of_first = grad * (input2 / root - cosine * input1 / square1) if needs[0] else None
    of_second = grad * (input1 / root - cosine * input2 / square2) if needs[1] else None
    return of_first, of_second


@cosine_of_rows.samples
def _(make):
    yield make.sample(make(4, 3), make(4, 3))
    yield make.sample(make(3), make(3))


@cosine_embedding_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(4, 3), make(4, 3), signs(make, 4), reduction=reduction)
    yield make.sample(make(3), make(3), np.array(1.0), 0.2)


def _triplet_reference(
    a: Any,
    p: Any,
    n: Any,
    margin: float = 1.0,
    order: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    def distance(x: Any, y: Any) -> Any:
        return (np.abs(x - y + eps) ** order).sum(-1) ** (1 / order)

    far = np.minimum(distance(a, n), distance(p, n)) if swap else distance(a, n)
    return reduced_reference(np.maximum(margin + distance(a, p) - far, 0), reduction)


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
        return pairwise_distance(x, y, p, eps)

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
    return reduced((margin + near - far).clamp_min(0), reduction)
