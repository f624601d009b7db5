"""Distinct values, and the first of each run of equal ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, array_of, as_its_kind
from minigrad.ops.dims import wrap_dim
from minigrad.ops.op import composed

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _own_dim(dim: int, ndim: int) -> int:
    """Return a dimension from 0, of which a tensor without dimensions has none."""
    if not ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return wrap_dim(dim, ndim)


@composed(method=True, reference=references.unique)
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Distinct elements in ascending order (distinct slices along ``dim``).

    Returns
    -------
    Tensor, or a tuple with the inverse (where each element went) and the counts when asked for
    """
    array = array_of(input)
    axis = None if dim is None else _own_dim(dim, array.ndim)
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    wrap = type(input)._wrap
    results = [wrap(values)]
    if return_inverse:
        results.append(wrap(inverse.astype(np.int64).reshape(array.shape if axis is None else -1)))
    if return_counts:
        results.append(wrap(counts.astype(np.int64)))
    return results[0] if len(results) == 1 else tuple(results)


@unique.samples
def _(make):
    yield make.sample(make.integers(8))
    yield make.sample(make.integers(2, 4), return_inverse=True, return_counts=True)
    yield make.sample(np.array([[1, 2], [1, 2], [0, 3]]), dim=0, return_counts=True)


@composed(method=True, reference=references.unique_consecutive)
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """First element of each run of equal elements (of equal slices along ``dim``)."""
    array = array_of(input)
    flat = array.reshape(-1) if dim is None else np.moveaxis(array, _own_dim(dim, array.ndim), 0)
    if len(flat):
        changed = (flat[1:] != flat[:-1]).any(axis=tuple(range(1, flat.ndim)))
        starts = np.concatenate([array_module(array).ones(1, bool), changed])
    else:
        starts = array_module(array).zeros(0, bool)
    wrap = type(input)._wrap
    values = flat[starts]
    results = [wrap(values if dim is None else np.moveaxis(values, 0, wrap_dim(dim, array.ndim)).copy())]
    if return_inverse:
        inverse = np.cumsum(starts) - 1
        results.append(wrap(inverse.astype(np.int64).reshape(array.shape if dim is None else -1)))
    if return_counts:
        places = np.append(np.flatnonzero(starts), as_its_kind(starts, [len(flat)]))
        results.append(wrap(np.diff(places).astype(np.int64)))
    return results[0] if len(results) == 1 else tuple(results)


@unique_consecutive.samples
def _(make):
    yield make.sample(np.array([1, 1, 2, 2, 3, 1, 1]), return_inverse=True, return_counts=True)
    yield make.sample(make.integers(9, high=2))
