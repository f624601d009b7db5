"""Checks that operations on index tensors share."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.backend import is_device_array, kernels_of

_INT64 = np.dtype(np.int64)


def as_int64(name: str, index: Any) -> Any:
    """Return an index array as int64.

    Raises
    ------
    RuntimeError
        For a dtype that cannot index.
    """
    if index.dtype is _INT64 or index.dtype == np.int64:
        return index
    if index.dtype != np.int32 and index.size:
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    return index.astype(np.int64)


def check_index(name: str, index: Any, length: int, dim: int) -> Any:
    """Return an index array as int64, or refuse it.

    Raises
    ------
    RuntimeError
        For a dtype that cannot index, or an index out of bounds.
    """
    index = as_int64(name, index)
    if points_outside(index, length):
        wrong = index.min() if index.min() < 0 else index.max()
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {length}")
    return index


def points_outside(index: Any, length: int) -> bool:
    """Whether some number of an int64 or int32 array lies outside 0 to ``length - 1``; in one pass."""
    if not index.size or is_device_array(index):  # a device would have to be waited for
        return False
    # Seen as unsigned, negative numbers are huge.
    unsigned = index.view(np.uint64 if index.dtype.itemsize == 8 else np.uint32)
    return bool(np.maximum.reduce(unsigned, None) >= length)


def selected(array: Any, dim: int, index: Any) -> Any:
    """Return the rows (or columns, ...) of an array that an index array of any shape names.

    Raises
    ------
    IndexError
        For an index out of bounds, in PyTorch's words.
    """
    try:
        return kernels_of(array).select(array, dim, index)
    except IndexError:
        raise IndexError("index out of range in self") from None


def check_ranks(index: Any, other: Any, role: str) -> None:
    """Refuse an index tensor whose number of dimensions is not that of another operand."""
    if index.size and max(other.ndim, 1) != max(index.ndim, 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as {role} tensor, but has {index.ndim} and not "
            f"{other.ndim}"
        )


def fits_but_along(dim: int, index: Any, other: Any) -> bool:
    """Whether an index array has the shape of another array, but for the length of one dimension."""
    mine, theirs = index.shape, other.shape
    return bool(mine[:dim] == theirs[:dim] and mine[dim + 1 :] == theirs[dim + 1 :] and len(mine) == len(theirs) > dim)
