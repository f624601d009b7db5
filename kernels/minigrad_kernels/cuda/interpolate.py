"""Resampling of signals, images and volumes, one dimension after the other; a thread an element of the result."""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad_kernels.cuda._kernel import In, InInt32, InInt64, Out, empty, kernel, table
from minigrad_kernels.cuda._numba import cuda


@kernel
def _resample_loop(x: In, starts: InInt64, places: InInt64, weights: In, length: int, inner: int, out: Out):
    """out[o, j, i] = sum of weights[t] * x[o, places[t], i] over the taps t of j; x is (outer, length, inner)."""
    count = starts.size - 1
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        j, start = i // inner % count, i // (inner * count) * length * inner + i % inner
        total = x.dtype.type(0)
        for t in range(starts[j], starts[j + 1]):
            total += weights[t] * x[start + places[t] * inner]
        out[i] = total


@kernel(dtypes=("uint8",))
def _resample_bytes_loop(
    x: In, places: InInt32, weights: InInt32, bits: int, length: int, count: int, inner: int, out: Out
):
    """Resample (outer, length, inner) bytes by weights in fixed point into (outer, count, inner)."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        j, start = i // inner % count, i // (inner * count) * length * inner + i % inner
        total = 1 << bits >> 1
        for t in range(j, weights.size, count):
            total += weights[t] * x[start + places[t] * inner]
        out[i] = min(max(total >> bits, 0), 255)


def resample_bytes(x, plan):
    """Return bytes with their last dimensions resampled, rounded after each, the last first; see the CPU's."""
    for axis, taps in zip(range(x.ndim - 1, -1, -1), plan.taps[::-1], strict=False):
        if taps.selects and taps.length == taps.count:
            continue
        *tables, bits = taps.fixed
        out = empty((*x.shape[:axis], taps.count, *x.shape[axis + 1 :]), x.dtype)
        if out.size:
            numbers = bits, taps.length, taps.count, prod(x.shape[axis + 1 :])
            _resample_bytes_loop[x.dtype](x, *map(table, tables), *numbers, out)
        x = out
    return x


def resample(x, plan):
    """Return `x` with its last dimensions resampled.

    Parameters
    ----------
    x : array, shape (..., *lengths before)
    plan : Resampling

    Returns
    -------
    array, shape (..., *plan.out)
    """
    dtype = x.dtype
    x = x.astype(np.float32) if dtype == np.float16 else x  # what is between two steps is not rounded
    for axis, taps in zip(range(x.ndim - plan.rank, x.ndim), plan.taps, strict=True):
        out = empty((*x.shape[:axis], taps.count, *x.shape[axis + 1 :]), x.dtype)
        if out.size:
            arguments = table(taps.starts), table(taps.places), table(taps.weights_as(x.dtype))
            _resample_loop[x.dtype](x, *arguments, taps.length, prod(x.shape[axis + 1 :]), out)
        x = out
    return x.astype(dtype, copy=False)
