"""Searching sorted sequences, and counting by value."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, as_array, like
from minigrad.ops.op import op
from minigrad.ops.promotion import check_floating, not_implemented

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _search(sorted_sequence: Any, values: Any, right: bool, out_int32: bool) -> Any:
    if values.dtype.kind == sorted_sequence.dtype.kind == "b":
        raise not_implemented("searchsorted_out_cpu", values)
    values = like(sorted_sequence, values)
    side = "right" if right else "left"
    if sorted_sequence.ndim <= 1:
        found = np.searchsorted(sorted_sequence, values, side)
    else:
        if values.shape[:-1] != sorted_sequence.shape[:-1]:
            raise RuntimeError(
                "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of "
                "boundaries tensor and input value tensor must match, but we got boundaries tensor "
                f"{list(sorted_sequence.shape)} and "
                f"input value tensor {list(values.shape)}"
            )
        if not values.size:
            return array_module(values).zeros(values.shape, np.int32 if out_int32 else np.int64)
        rows = sorted_sequence.reshape(-1, sorted_sequence.shape[-1]) if sorted_sequence.size else [sorted_sequence[0]]
        wanted = values.reshape(len(rows), -1)
        found = np.stack([np.searchsorted(row, want, side) for row, want in zip(rows, wanted, strict=True)])
        found = found.reshape(values.shape)
    return as_array(found).astype(np.int32 if out_int32 else np.int64)


@op(differentiable=False, reference=references.searchsorted)
def searchsorted(
    sorted_sequence: Tensor,
    input: Tensor | Number,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where values would have to be put into a sorted sequence (the last dimension) to keep it sorted.

    Parameters
    ----------
    right : bool
        Put them behind equal elements instead of before; ``side="right"`` says the same.
    sorter : Tensor, optional
        Indices that sort the sequence.

    Raises
    ------
    RuntimeError
        For an unknown side.
    """
    if side is not None and side not in ("left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if sorter is not None:
        sorted_sequence = np.take_along_axis(sorted_sequence, sorter, -1)
    return _search(sorted_sequence, as_array(input), right or side == "right", out_int32)


@searchsorted.samples
def _(make):
    yield make.sample(np.array([1.0, 3, 5, 7]), np.array([[0.5, 3], [6, 9]]))
    yield make.sample(np.array([[1.0, 3, 5], [2, 4, 6]]), np.array([[3.0, 4], [4, 7]]), right=True)
    yield make.sample(np.array([1.0, 3, 5, 7]), 3.0)


@op(
    differentiable=False,
    reference=lambda x, bounds, right=False: np.searchsorted(bounds, x, "right" if right else "left"),
)
def bucketize(input: Tensor | Number, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Number of the bucket, between sorted ``boundaries``, in which each element lies."""
    if boundaries.ndim != 1:
        raise RuntimeError(f"bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return _search(boundaries, as_array(input), right, out_int32)


@bucketize.samples
def _(make):
    yield make.sample(make(2, 3), np.array([-1.0, 0, 1]))
    yield make.sample(np.array([1, 3, 4]), np.array([1, 3]), right=True)


@op(method=True, differentiable=False, reference=np.bincount)
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number from 0 on occurs (or the sum of its weights)."""
    if input.dtype.kind not in "iu":
        raise not_implemented("bincount_cpu", input)
    if input.ndim != 1 or (input.size and input.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    counts = np.bincount(input, weights, minlength)
    if weights is None:
        return counts.astype(np.int64)
    return counts.astype(weights.dtype if weights.dtype == np.float32 else np.float64)


@bincount.samples
def _(make):
    yield make.sample(make.integers(9))
    yield make.sample(make.integers(9), minlength=8)
    yield make.sample(make.integers(9), make(9), gradient=False)


@op(method=True, differentiable=False, reference=references.histc)
def histc(input: Tensor, bins: int = 100, min: Number = 0, max: Number = 0) -> Tensor:
    """Counts of the elements in equal bins from ``min`` to ``max`` (the data's own range when both are 0)."""
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    check_floating("linspace_cpu" if input.dtype.kind == "b" else "histogram_cpu", input)
    low, high = builtins.float(min), builtins.float(max)
    if low == high == 0 and input.size:
        low, high = builtins.float(input.min()), builtins.float(input.max())
    if low == high:
        low, high = low - 1, high + 1
    if not np.isfinite(low) or not np.isfinite(high):
        raise RuntimeError(f"torch.histc: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    counts, _ = np.histogram(input, bins, (low, high))
    return counts.astype(input.dtype)


@histc.samples
def _(make):
    yield make.sample(make(20), 5)
    yield make.sample(make(20), 4, -1, 1)
