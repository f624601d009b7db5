"""The cases that the tests of the table share, and arrays of other dtypes and memory layouts."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.opcheck.cases import ENTRIES, Case, all_cases, arrays_in, is_floating, map_arrays

__all__ = ["ENTRIES", "Case", "all_cases", "arrays_in", "convert", "is_floating", "map_arrays", "with_gaps"]


def convert(array: Any, dtype: Any) -> Any:
    """Return an array of floating point numbers in another dtype (integers keep the halves apart, bools the signs)."""
    if not is_floating(array):
        return array
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return array.astype(dtype, order="K")
    if dtype.kind == "b":
        return np.asarray(array > 0)
    return np.asarray(np.nan_to_num(np.rint(array * 2), posinf=7, neginf=-7)).astype(dtype, order="K")


def with_gaps(array: Any) -> Any:
    """Return an array of the same elements whose memory has gaps and runs backwards through the dimensions."""
    if not array.ndim:
        return array
    room = np.zeros(tuple(2 * length for length in array.shape[::-1]), array.dtype)
    view = room[(slice(None, None, 2),) * array.ndim].T
    view[...] = array
    return view
