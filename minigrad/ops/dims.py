"""Checking and normalising ``dim`` arguments."""

from __future__ import annotations

import functools
import operator
from typing import Any


def wrap_dim(dim: Any, ndim: int) -> int:
    """Return a dimension as a number from 0, counting negative ones from the end.

    A 0-d tensor has dimension 0 (and -1) for this purpose, as in PyTorch.

    Raises
    ------
    IndexError
        When the tensor has no such dimension.
    TypeError
        When ``dim`` is not an integer.
    """
    if type(dim) is int and -ndim <= dim < ndim:
        return dim + ndim if dim < 0 else dim
    dim = operator.index(dim)
    room = max(ndim, 1)
    if not -room <= dim < room:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-room}, {room - 1}], but got {dim})")
    return dim + room if dim < 0 else dim


def wrap_dims(dims: Any, ndim: int) -> tuple[int, ...]:
    """Return several dimensions as distinct numbers from 0; None or an empty sequence means all of them.

    Raises
    ------
    IndexError
        When the tensor has no such dimension.
    RuntimeError
        When a dimension appears twice.
    """
    if dims is None:
        return tuple(range(ndim))
    if not isinstance(dims, (tuple, list)):
        return (wrap_dim(dims, ndim),)
    if not dims:
        return tuple(range(ndim))
    wrapped = tuple(wrap_dim(dim, ndim) for dim in dims)
    if len(set(wrapped)) != len(wrapped):
        twice = next(dim for dim in wrapped if wrapped.count(dim) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return wrapped


def length_along(array: Any, dim: int) -> int:
    """Return the length of an array's dimension.

    Raises
    ------
    IndexError
        When the array has no such dimension, or none at all.
    """
    if not array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return int(array.shape[wrap_dim(dim, array.ndim)])


def axes(dims: Any, ndim: int) -> Any:
    """Return ``dims`` as NumPy's ``axis``: None for all dimensions, also of a 0-d array."""
    if dims is None or (type(dims) is int and -ndim <= dims < ndim):
        return dims
    return _several_axes(tuple(dims), ndim) if isinstance(dims, (tuple, list)) else _several_axes((dims,), ndim)


@functools.lru_cache(maxsize=1000)
def _several_axes(dims: Any, ndim: int) -> Any:
    wrapped = wrap_dims(dims, ndim)
    if ndim == 0 or len(wrapped) == ndim:
        return None
    return wrapped[0] if len(wrapped) == 1 else wrapped


def hashable(value: Any) -> Any:
    """Return a list as a tuple, so that what follows from it can be remembered; anything else as it is."""
    return tuple(value) if type(value) is list else value
