"""Cross-entropy of a linear map's logits, which need not all exist at once: heads of many classes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from minigrad import dtypes
from minigrad.ops.class_loss import cross_entropy
from minigrad.ops.join import cat
from minigrad.ops.matmul import linear
from minigrad.tensor import Tensor

__all__ = ["LinearCrossEntropyOptions", "linear_cross_entropy"]

_POLICIES = ("auto", "accurate", "balanced", "compact")
_FLOATING = (None, dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)


@dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How `linear_cross_entropy` divides a batch, so that only some rows of logits exist at a time.

    The logits of each part are computed again in the backward pass; gradients of every order are those of the whole.

    Attributes
    ----------
    allow_retain_graph : bool
        Accepted for PyTorch's sake: a graph can always be kept here.
    batch_chunk_size : int, optional
        Rows of a part.
    chunking_method : {"auto", "aspect_ratio", "aspect_ratio:N", None}
        How the rows are chosen otherwise: so that a part's logits take as much memory as the input, or an ``N``-th
        of that. None means the whole batch.
    acc_policy : {"auto", "accurate", "balanced", "compact"}
    acc_dtype : dtype, optional
        Accepted for PyTorch's sake, like ``acc_policy``: sums are accumulated as everywhere here.

    Raises
    ------
    ValueError
        For values that PyTorch does not know.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in _POLICIES:
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method not in (None, "auto"):
            name, colon, factor = self.chunking_method.partition(":")
            if name != "aspect_ratio" or (colon and not (factor.isdigit() and int(factor))):
                raise ValueError(f"invalid chunking_method: {self.chunking_method!r}")
        size: Any = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype not in _FLOATING:
            raise ValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, torch.float64}, got "
                f"{self.acc_dtype!r}. Pass acc_dtype=None to let the op pick automatically."
            )

    def rows(self, batch: int, in_features: int, num_classes: int) -> int:
        """Return how many rows of a batch are worked on at a time.

        Raises
        ------
        ValueError
            Where a size and a method are given that disagree.
        """
        method, size = self.chunking_method, self.batch_chunk_size
        if method == "auto":
            method = None if size is not None else "aspect_ratio:2"
        if method is None:
            return max(1, min(size or batch, batch))
        target = -(-batch // -(-num_classes // in_features))
        found = min((1 << (target - 1).bit_length()) // int(method.partition(":")[2] or 1), batch)
        if size is not None and size != found:
            raise ValueError(
                f"batch_chunk_size (={size}) and chunking_method ('{method}') give different chunk sizes ({size} vs "
                f"{found}); pass only one."
            )
        return max(1, found)


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> Tensor:
    """Return the cross-entropy of ``linear(input, linear_weight, linear_bias)`` against a target.

    Parameters
    ----------
    input : Tensor, shape (in_features,) or (batch, in_features)
    linear_weight : Tensor, shape (classes, ..., in_features)
    target : Tensor
        Classes, shape () or (batch, ...), or probabilities, with the classes after the batch.
    linear_bias : Tensor, shape (classes, ...), optional
    weight : Tensor, shape (classes,), optional
    reduction : {"mean", "sum", "none"}
    ignore_index : int, optional
        Targets of this class count for nothing; -100 unless given.
    label_smoothing : float
    options : LinearCrossEntropyOptions, optional
        Work on parts of the batch.

    Raises
    ------
    RuntimeError
        For shapes that do not fit, and ``ignore_index`` together with probabilities.
    """
    _check(input, linear_weight, linear_bias)
    classes, *more, in_features = linear_weight.shape
    if ignore_index is not None and target.shape == (*input.shape[:-1], classes, *more):
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    settings = {"weight": weight, "ignore_index": -100 if ignore_index is None else ignore_index}
    if options is not None and _divisible(target, more, reduction, label_smoothing, linear_bias):
        rows = options.rows(max(input.shape[:-1].numel(), 1), in_features, classes)
        return _by_parts(input, linear_weight, target, linear_bias, rows, reduction, settings)
    flat = linear_weight.reshape(-1, in_features) if more else linear_weight
    bias = linear_bias.reshape(-1) if more and linear_bias is not None else linear_bias
    logits = linear(input, flat, bias).reshape(*input.shape[:-1], classes, *more)
    return cross_entropy(logits, target, reduction=reduction, label_smoothing=label_smoothing, **settings)


def _check(input: Tensor, linear_weight: Tensor, linear_bias: Tensor | None) -> None:
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if linear_weight.dim() < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}")
    if input.shape[-1] != linear_weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {linear_weight.shape[-1]}, respectively"
        )
    features = tuple(linear_weight.shape[:-1])
    if linear_bias is not None and tuple(linear_bias.shape) != features:
        raise RuntimeError(f"expected linear_bias shape {features}, got {tuple(linear_bias.shape)}")
    if len(features) > 1 and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {input.shape[-1]}), got unbatched input with shape {tuple(input.shape)}"
        )


def _divisible(target: Tensor, more: list[int], reduction: str, smoothing: float, bias: Tensor | None) -> bool:
    """Whether a loss can be computed part by part; a warning says where it cannot."""
    known = reduction in ("mean", "sum", "none")
    if known and smoothing == 0 and target.dtype is dtypes.int64 and not more:
        return True
    warnings.warn(
        "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, "
        f"label_smoothing == 0, target.dtype == int64, out_features == (). Got reduction={reduction!r}, "
        f"label_smoothing={smoothing}, target.dtype={target.dtype}, out_features={tuple(more)}, tracing=False, "
        f"linear_bias.shape={None if bias is None else tuple(bias.shape)}.",
        stacklevel=3,
    )
    return False


def _by_parts(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    bias: Tensor | None,
    rows: int,
    reduction: str,
    settings: dict[str, Any],
) -> Tensor:
    """Return the loss, of which only some rows of logits exist at a time."""
    from minigrad.utils.checkpoint import checkpoint

    def loss_of(part: Tensor, classes: Tensor, *head: Any) -> Tensor:
        return cross_entropy(linear(part, *head), classes, reduction="none", **settings)

    inputs, classes = (input, target) if input.dim() == 2 else (input.unsqueeze(0), target.unsqueeze(0))
    losses = cat(
        [
            checkpoint(loss_of, inputs[part], classes[part], linear_weight, bias, use_reentrant=False)
            for part in _parts(len(inputs), rows)
        ]
    )
    if reduction == "none":
        return losses if input.dim() == 2 else losses.squeeze(0)
    if reduction == "sum":
        return losses.sum()
    counted = classes != settings["ignore_index"]
    weight = settings["weight"]
    share = counted.sum() if weight is None else (weight[classes * counted] * counted).sum()
    return losses.sum() / share


def _parts(count: int, rows: int) -> Iterator[slice]:
    return (slice(start, start + rows) for start in range(0, max(count, 1), rows))
