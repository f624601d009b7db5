"""Resampling of signals, images and volumes, one dimension after the other; a thread an element of the result."""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad_kernels.cuda._kernel import In, InInt64, Out, empty, kernel, table
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
