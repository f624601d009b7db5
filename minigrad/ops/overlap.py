"""Which arrays may be written to: where elements share a place in memory, with each other or with what is read."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.backend import address, is_writeable

OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please "
    "clone() the tensor before performing the operation."
)

SHARED = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
    "location. Please clone() the tensor before performing the operation."
)


def repeats(array: Any) -> bool:
    """Whether several elements of an array are one place in memory, as those of an expanded one are."""
    return bool(array.size) and any(
        not step and length > 1 for step, length in zip(array.strides, array.shape, strict=True)
    )


def writeable(array: Any, repeated: bool = False) -> Any:
    """Return an array as one that can be written to; parts of an expanded one are read-only for NumPy.

    Parameters
    ----------
    array : array
    repeated : bool
        Whether several elements may be one place in memory: all get the same value.

    Raises
    ------
    RuntimeError
        Where several elements are one place in memory, and for memory that is read-only itself.
    """
    if is_writeable(array):
        return array
    if not repeated and repeats(array):
        raise RuntimeError(OVERLAP)
    owner = array
    while isinstance(owner, np.ndarray) and not owner.flags.writeable:
        owner = owner.base
    if not isinstance(owner, np.ndarray) or not owner.flags.forc:
        raise RuntimeError(OVERLAP)
    flat = owner.reshape(-1, order="A")
    offset = address(array) - address(flat) if array.size else 0
    return np.ndarray(array.shape, array.dtype, flat, offset, array.strides)


def overlap(target: Any, read: Any) -> bool:
    """Whether an array that is written to and one that is read have memory in common, but not element by element.

    As in PyTorch, only arrays without gaps are looked at.
    """
    apart = type(read) is not type(target) or (read.base is None and target.base is None)
    if read is target or apart or not np.may_share_memory(read, target):
        return False
    return not in_step(target, read) and _is_dense(read) and _is_dense(target)


def in_step(target: Any, read: Any) -> bool:
    """Whether two arrays are the same memory, element by element."""
    return bool(read.strides == target.strides and read.shape == target.shape and address(read) == address(target))


def _is_dense(array: Any) -> bool:
    """Whether the elements of an array fill a piece of memory, each a place of its own."""
    expected = array.itemsize
    for step, length in sorted(zip(array.strides, array.shape, strict=True)):
        if length > 1:
            if step != expected:
                return False
            expected *= length
    return True
