"""Combinations of elements, powers side by side, and flat indices taken apart."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import int64
from minigrad.ops.backend import array_of, as_its_kind
from minigrad.ops.index_rows import index_select
from minigrad.ops.join import cat, stack
from minigrad.ops.op import composed
from minigrad.ops.promotion import scalar_type
from minigrad.ops.scan import cumprod

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _chosen(count: int, r: int, with_replacement: bool) -> Any:
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    return np.array(list(choose(range(count), r)), np.int64).reshape(-1, r)


@composed(reference=lambda x, r=2, with_replacement=False: x[_chosen(len(x), r, with_replacement)])
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to choose ``r`` elements of a vector, one row each, in order.

    Parameters
    ----------
    with_replacement : bool
        Whether an element may be chosen more than once.

    Raises
    ------
    RuntimeError
        For a tensor that is no vector, and for a negative ``r``.
    """
    if input.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty(0)
    rows = _chosen(len(input), r, with_replacement)
    return stack([index_select(input, 0, as_its_kind(input, column)) for column in rows.T.copy()], 1)


@combinations.samples
def _(make):
    yield make.sample(make(4))
    yield make.sample(make(3), 2, True)
    yield make.sample(make(4), r=3)
    yield make.sample(make(2), 1)
    yield make.sample(make(2), 3)


def _powers(x: Any, count: int) -> Any:
    """Return 1, x, x ** 2, ... along a new last dimension."""
    if count == 0:
        return x.new_empty((*x.shape, 0), dtype=x.new_ones(1).sum().dtype if not x.is_floating_point() else x.dtype)
    first = x.new_ones((*x.shape, 1))
    return cat([first, cumprod(x.unsqueeze(-1).expand(*x.shape, count - 1), -1)], -1)


@composed(reference=lambda x, N=None, increasing=False: np.vander(x, N, increasing))
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Vandermonde matrix: the powers of a vector's elements, one row each.

    Parameters
    ----------
    N : int, optional
        How many powers; as many as elements unless given.
    increasing : bool
        Whether the powers rise from left to right.

    Raises
    ------
    RuntimeError
        For a tensor that is no vector, and for a negative ``N``.
    """
    if x.dim() != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = len(x) if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    powers = _powers(x, count)
    return powers if increasing else powers.flip(1)


@vander.samples
def _(make):
    yield make.sample(make(3))
    yield make.sample(make(3), 5, True)
    yield make.sample(make(3), N=2)
    yield make.sample(make(2), 0)


def _linalg_vander_reference(x: Any, *, N: int | None = None) -> Any:
    return x[..., None] ** np.arange(x.shape[-1] if N is None else N)


@composed(namespace="linalg", name="vander", reference=_linalg_vander_reference)
def powers_of(x: Tensor, *, N: int | None = None) -> Tensor:
    """Vandermonde matrices: the powers of the elements of vectors, rising from left to right.

    Parameters
    ----------
    x : Tensor, shape (..., n)
    N : int, optional
        How many powers, more than one; n unless given.

    Raises
    ------
    RuntimeError
        For a number, for bools, and for an ``N`` below 2.
    """
    if x.dtype.name in ("bool", "float16"):
        title = scalar_type(array_of(x))
        raise RuntimeError(f"linalg.vander supports floating point, complex, and integer tensors, but got {title}")
    if x.dim() < 1:
        x = x.unsqueeze(0)
    if (x.shape[-1] <= 1 and N is None) or (N is not None and N <= 1):
        raise RuntimeError("N must be greater than 1.")
    return _powers(x, x.shape[-1] if N is None else N)


@powers_of.samples
def _(make):
    yield make.sample(make(3))
    yield make.sample(make(2, 3), N=4)


@composed(reference=lambda indices, shape: np.unravel_index(indices, shape))
def unravel_index(indices: Tensor, shape: Any) -> Any:
    """Coordinates of flat indices into a shape, one tensor a dimension.

    Parameters
    ----------
    indices : Tensor of integers
    shape : int or sequence of int

    Raises
    ------
    TypeError
        For indices that are no integers.
    ValueError
        For negative lengths.
    """
    if indices.is_floating_point() or indices.dtype.name == "bool":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    lengths = (shape,) if isinstance(shape, int) else tuple(int(length) for length in shape)
    if any(length < 0 for length in lengths):
        raise ValueError(f"'shape' cannot have negative values, but got {lengths}")
    coordinates = []
    rest = indices.to(int64)
    for length in reversed(lengths):
        coordinates.append(rest % length)
        rest = rest.div(length, rounding_mode="floor")
    return tuple(coordinates[::-1])


@unravel_index.samples
def _(make):
    yield make.sample(np.array([1, 5, 3]), (2, 3))
    yield make.sample(np.array([[0, 23]]), (2, 3, 4))
    yield make.sample(np.array(3), 6)
