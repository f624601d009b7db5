"""How an array of any layout is reduced over axes: as a contiguous (outer, length, inner), over the middle."""

from __future__ import annotations

import functools
import math

import numpy as np

empty = np.empty


def reduce_over(x, axis, keepdims, over_middle, dtype=None):
    """Reduce over one axis, several (a tuple), or all (None).

    Axes that are not neighbours are reduced one after the other, the last first, half precision kept as single between.

    Parameters
    ----------
    over_middle : callable
        ``over_middle(x, length, inner, out)`` reduces x, seen as (outer, length, inner), into `out`, of (outer, inner).
    dtype : numpy.dtype, optional
        The result's, if it is not the array's.
    """
    shape = x.shape
    ndim = len(shape)
    dtype = dtype or x.dtype
    if ndim > 1 and not x.flags.c_contiguous:
        return _reduce_permuted(x, axis, keepdims, over_middle, dtype)
    if axis is None:
        out = empty((1,) * ndim if keepdims else (), dtype)
        over_middle(x, x.size, 1, out)
        return out
    if type(axis) is not int:
        return _reduce_several(x, axis, keepdims, over_middle, dtype)
    if axis < 0:
        axis += ndim
    after = shape[axis + 1 :]
    out = empty(shape[:axis] + ((1, *after) if keepdims else after), dtype)
    if out.size:
        over_middle(x, shape[axis], math.prod(after), out)
    return out


def _reduce_permuted(x, axis, keepdims, over_middle, dtype):
    """Reduce an array in the order of its memory, if its axes are only permuted; otherwise a copy."""
    if x.ndim == 2 and x.flags.f_contiguous:
        turned = axis if axis is None else 1 - axis % 2 if type(axis) is int else tuple(1 - each % 2 for each in axis)
        out = reduce_over(x.T, turned, keepdims, over_middle, dtype)
        return out.T if keepdims else out
    order = sorted(range(x.ndim), key=lambda k: -x.strides[k])
    y = x.transpose(order)
    if not y.flags.c_contiguous:
        return reduce_over(np.ascontiguousarray(x), axis, keepdims, over_middle, dtype)
    if axis is None:
        return reduce_over(y, None, keepdims, over_middle, dtype)
    axes = {k % x.ndim for k in (axis if isinstance(axis, tuple) else (axis,))}
    turned = tuple(order.index(k) for k in axes)
    out = reduce_over(y, turned, True, over_middle, dtype).transpose(np.argsort(order))
    left = [1 if k in axes else n for k, n in enumerate(x.shape) if keepdims or k not in axes]
    return np.ascontiguousarray(out).reshape(left)


def _reduce_several(x, axes, keepdims, over_middle, dtype):
    """Reduce a contiguous array over the runs of neighbours among the axes, the last run first."""
    left, steps, (length, inner) = _plan(x.shape, tuple(axes), keepdims)
    for before, after, size in steps:
        out = empty(size, np.float32 if dtype == np.float16 else dtype)
        if size:
            over_middle(x, before, after, out)
        x = out
    out = empty(left, dtype)
    if out.size:
        over_middle(x, length, inner, out)
    return out


@functools.lru_cache(maxsize=10_000)
def _plan(shape, axes, keepdims):
    """Return the shape of a reduction, and of its steps the length, what is inside and, but of the last, the size."""
    shape = list(shape)
    axes = {axis % len(shape) for axis in axes}
    left = tuple([1 if k in axes else n for k, n in enumerate(shape) if keepdims or k not in axes])
    steps = []
    for first, last in _runs(axes) or [(0, 0)]:
        outer, length, inner = math.prod(shape[:first]), math.prod(shape[first:last]), math.prod(shape[last:])
        steps.append((length, inner, outer * inner))
        shape[first:last] = [1] * (last - first)
    return left, steps[:-1], steps[-1][:2]


@functools.lru_cache(maxsize=10_000)
def as_rows(shape, axes, keepdims):
    """Return the axes such that each result is made of a row, the rows' number and length, and the result's shape."""
    axes = sorted({axis % len(shape) for axis in axes})
    kept = [k for k in range(len(shape)) if k not in axes]
    left = tuple([1 if k in axes else n for k, n in enumerate(shape) if keepdims or k not in axes])
    return (*kept, *axes), (math.prod(shape[k] for k in kept), math.prod(shape[k] for k in axes)), left


def _runs(axes):
    """Return the runs of neighbouring axes as pairs (first, last + 1), the last run first."""
    found = []
    for axis in sorted(axes, reverse=True):
        if found and found[-1][0] == axis + 1:
            found[-1] = axis, found[-1][1]
        else:
            found.append((axis, axis + 1))
    return found
