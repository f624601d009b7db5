"""Sums and means over axes, the same bits in every run.

Each thread adds a few numbers, and each group of threads its sums, in a tree; so float32 need not be accumulated in
float64. Where there are fewer results than threads to keep busy, a first launch adds up parts, and a second one the
parts.
"""

from __future__ import annotations

import math

from minigrad_kernels.cuda._block import blocks_for_rows, group_sum, lanes_for
from minigrad_kernels.cuda._kernel import In, Out, Real, empty, kernel, most_blocks, working_dtype
from minigrad_kernels.cuda._memory import module
from minigrad_kernels.cuda._numba import THREADS, cuda

_SIDE_BY_SIDE = 32  # neighbouring results that are enough for a thread each
_EACH = 16  # numbers that a thread adds at least, before a sum is made in parts


@kernel
def _sum_loop(x: In, length: int, inner: int, span: int, lanes: int, divisor: Real, out: Out):
    """Sum x, seen as (outer, length, inner), over runs of `span` numbers of the middle, and divide.

    out is (outer, parts, inner), with as many parts as there are runs.
    """
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane = THREADS // lanes, cuda.threadIdx.x & (lanes - 1)
    parts = max((length + span - 1) // span, 1)
    for start in range(cuda.blockIdx.x * groups, out.size, cuda.gridDim.x * groups):
        place = start + cuda.threadIdx.x // lanes
        column, part = place % inner, place // inner % parts
        first = place // (inner * parts) * length
        end = min((part + 1) * span, length) if place < out.size else 0
        total = x.dtype.type(0)
        for j in range(part * span + lane, end, lanes):
            total += x[(first + j) * inner + column]
        total = group_sum(shared, total, lanes)
        if lane == 0 and place < out.size:
            out[place] = total / divisor


def _sum_middle(x, outer, length, inner, divisor, out):
    """Sum x, seen as (outer, length, inner), over the middle into out, and divide."""
    lanes = 1 if inner >= _SIDE_BY_SIDE else lanes_for(length)
    results = outer * inner
    idle = most_blocks() * THREADS // (results * lanes)  # how many times as many threads there are
    parts = max(min(idle, -(-length // (lanes * _EACH))), 1)
    if parts > 1:
        span = -(-length // parts)
        parts = -(-length // span)
        sums = empty((outer, parts, inner), working_dtype(x.dtype))
        blocks = blocks_for_rows(sums.size, lanes)
        _sum_loop[x.dtype](x, length, inner, span, lanes, 1, sums, blocks=blocks)
        x, length = sums, parts
        lanes = lanes_for(length)
    _sum_loop[x.dtype](x, length, inner, max(length, 1), lanes, divisor, out, blocks=blocks_for_rows(results, lanes))


def add_up(sums, divisor, out):
    """Store in out, of one element, the sum of the sums that the blocks of a launch left, divided."""
    _sum_loop[sums.dtype](sums, sums.size, 1, sums.size, THREADS, divisor, out, blocks=1)
    return out


def _runs(axes):
    """Return the runs of neighbouring axes as pairs (first, last + 1), the last run first."""
    runs = []
    for axis in sorted(axes):
        if runs and runs[-1][1] == axis:
            runs[-1] = (runs[-1][0], axis + 1)
        else:
            runs.append((axis, axis + 1))
    return runs[::-1]


def _reduce(x, axis, keepdims, is_mean):
    """Sum or average a floating array."""
    if axis is None:
        axes = range(x.ndim)
    else:
        axes = {a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis)}
        if not axes:
            return x.copy()
    if not x.flags.c_contiguous:
        return _strided(x, tuple(axes), keepdims, is_mean)
    count = math.prod(x.shape[a] for a in axes)
    kept = [1 if a in axes else n for a, n in enumerate(x.shape)]
    result = empty(kept if keepdims else [n for a, n in enumerate(x.shape) if a not in axes], x.dtype)
    if not result.size:
        return result
    shape, runs = list(x.shape), _runs(axes) or [(0, 0)]
    for number, (first, last) in enumerate(runs, 1):
        outer, length, inner = (math.prod(shape[a:b]) for a, b in ((0, first), (first, last), (last, len(shape))))
        is_last = number == len(runs)
        out = result if is_last else empty((outer, inner), working_dtype(x.dtype))
        _sum_middle(x, outer, length, inner, count if is_last and is_mean else 1, out)
        shape[first:last] = [1] * (last - first)
        x = out
    return result


def _strided(x, axes, keepdims, is_mean):
    """Leave to CuPy what is not contiguous: it reads strides, and need not copy."""
    return (module().mean if is_mean else module().sum)(x, axes, keepdims=keepdims)


def sum(x, axis=None, keepdims=False):
    """Return the sum of a floating array over one axis, several (a tuple), or all (None)."""
    return _reduce(x, axis, keepdims, False)


def mean(x, axis=None, keepdims=False):
    """Return the mean of a floating array over one axis, several (a tuple), or all (None); of nothing it is nan."""
    return _reduce(x, axis, keepdims, True)


def prod(x, axis=None, keepdims=False):
    """Return the product of a floating array over one axis, several (a tuple), or all (None), by CuPy."""
    return module().prod(x, axis, keepdims=keepdims)


def vector_norm(x, order, axis=None, keepdims=False):
    """Return the norm of order 1 or 2 of a floating array over one axis, several (a tuple), or all (None)."""
    return module().sqrt(sum(module().square(x), axis, keepdims)) if order == 2 else sum(abs(x), axis, keepdims)


def squared_deviations(x, axis=None, keepdims=False, divisor=1.0, takes_root=False):
    """Return the sum of the squared distances from the mean, over one axis, several (a tuple), or all (None).

    It is divided by `divisor`, and with `takes_root` the root of the quotient is taken: variance, standard deviation.
    """
    variance = sum(module().square(x - mean(x, axis, True)), axis, keepdims) / x.dtype.type(divisor)
    return module().sqrt(variance) if takes_root else variance


def integer_sum(x, axis=None, keepdims=False):
    """Return the sum of integers or booleans, in int64, over one axis, several (a tuple), or all (None), by CuPy."""
    return module().sum(x, axis, "int64", keepdims=keepdims)
