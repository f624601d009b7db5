"""How an array of any layout is reduced over axes: as a contiguous (outer, length, inner), over the middle."""

from __future__ import annotations

import math

import numpy as np

empty = np.empty


def reduce_over(x, axis, keepdims, over_middle):
    """Reduce over one axis, several (a tuple), or all (None).

    Axes that are not neighbours are reduced one after the other, the last first, half precision kept as single between.

    Parameters
    ----------
    over_middle : callable
        ``over_middle(x, length, inner, out)`` reduces x, seen as (outer, length, inner), into `out`, of (outer, inner).
    """
    shape = x.shape
    ndim = len(shape)
    if ndim > 1 and not x.flags.c_contiguous:
        return _reduce_permuted(x, axis, keepdims, over_middle)
    if axis is None:
        out = empty((1,) * ndim if keepdims else (), x.dtype)
        over_middle(x, x.size, 1, out)
        return out
    if type(axis) is not int:
        return _reduce_several(x, axis, keepdims, over_middle)
    if axis < 0:
        axis += ndim
    after = shape[axis + 1 :]
    out = empty(shape[:axis] + ((1, *after) if keepdims else after), x.dtype)
    if out.size:
        over_middle(x, shape[axis], math.prod(after), out)
    return out


def _reduce_permuted(x, axis, keepdims, over_middle):
    """Reduce an array in the order of its memory, if its axes are only permuted; otherwise a copy."""
    if x.ndim == 2 and x.flags.f_contiguous:
        turned = axis if axis is None else 1 - axis % 2 if type(axis) is int else tuple(1 - each % 2 for each in axis)
        out = reduce_over(x.T, turned, keepdims, over_middle)
        return out.T if keepdims else out
    order = sorted(range(x.ndim), key=lambda k: -x.strides[k])
    y = x.transpose(order)
    if not y.flags.c_contiguous:
        return reduce_over(np.ascontiguousarray(x), axis, keepdims, over_middle)
    if axis is None:
        return reduce_over(y, None, keepdims, over_middle)
    axes = {k % x.ndim for k in (axis if isinstance(axis, tuple) else (axis,))}
    out = reduce_over(y, tuple(order.index(k) for k in axes), True, over_middle).transpose(np.argsort(order))
    left = [1 if k in axes else n for k, n in enumerate(x.shape) if keepdims or k not in axes]
    return np.ascontiguousarray(out).reshape(left)


def _reduce_several(x, axes, keepdims, over_middle):
    """Reduce a contiguous array over the runs of neighbours among the axes, the last run first."""
    shape = list(x.shape)
    axes = {axis % len(shape) for axis in axes}
    left = [1 if k in axes else n for k, n in enumerate(shape) if keepdims or k not in axes]
    runs = _runs(axes) or [(0, 0)]
    for first, last in runs:
        outer, inner = math.prod(shape[:first]), math.prod(shape[last:])
        if (first, last) == runs[-1]:
            out = empty(left, x.dtype)
        else:
            out = empty(outer * inner, np.float32 if x.dtype == np.float16 else x.dtype)
        if out.size:
            over_middle(x, math.prod(shape[first:last]), inner, out)
        shape[first:last] = [1] * (last - first)
        x = out
    return x


def _runs(axes):
    """Return the runs of neighbouring axes as pairs (first, last + 1), the last run first."""
    runs = []
    for axis in sorted(axes, reverse=True):
        if runs and runs[-1][0] == axis + 1:
            runs[-1] = axis, runs[-1][1]
        else:
            runs.append((axis, axis + 1))
    return runs
