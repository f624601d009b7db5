"""Resampling along one dimension: each element of the result is a weighted sum of a few elements of the input."""

from __future__ import annotations

from math import prod

from minigrad_kernels.cuda import _memory
from minigrad_kernels.cuda._kernel import In, InInt64, Out, empty, kernel
from minigrad_kernels.cuda._memo import Memo
from minigrad_kernels.cuda._numba import cuda
from minigrad_kernels.cuda._takers import takers


@kernel
def _resample_loop(x: In, places: InInt64, weights: In, length: int, inner: int, out: Out):
    """out[o, j, i] = sum over t of weights[j, t] * x[o, places[j, t], i]; x is (outer, length, inner)."""
    count = out.size // (x.size // length)
    taps = places.size // count
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        j, start = i // inner % count, i // (inner * count) * length * inner + i % inner
        total = x.dtype.type(0)
        for t in range(j * taps, j * taps + taps):
            total += weights[t] * x[start + places[t] * inner]
        out[i] = total


@kernel
def _resample_backward_loop(grad: In, order: InInt64, starts: InInt64, weights: In, length: int, inner: int, out: Out):
    """out[o, p, i] = sum of weights[j, t] * grad[o, j, i] over the (j, t) in order[starts[p] : starts[p + 1]]."""
    count = grad.size // (out.size // length)
    taps = weights.size // count
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        p, start = i // inner % length, i // (inner * length) * count * inner + i % inner
        total = grad.dtype.type(0)
        for s in range(starts[p], starts[p + 1]):
            total += weights[order[s]] * grad[start + order[s] // taps * inner]
        out[i] = total


@Memo
def _takers(places, length):
    return takers(places.reshape(-1), length)


def resample(x, axis, places, weights):
    """Return weighted sums along an axis.

    Parameters
    ----------
    x : array
    axis : int
        From 0.
    places : array of int64, shape (count, taps)
    weights : array, of that shape and the dtype of `x`
    """
    out = empty((*x.shape[:axis], len(places), *x.shape[axis + 1 :]), x.dtype)
    if out.size:
        _resample_loop[x.dtype](x, places, weights, x.shape[axis], prod(x.shape[axis + 1 :]), out)
    return out


def resample_backward(grad, axis, length, places, weights):
    """Return the gradient of `resample` with respect to `x`, of the given length along the axis.

    What takes each place is found out once for an array `places`, which has to stay as it is.
    """
    shape = (*grad.shape[:axis], length, *grad.shape[axis + 1 :])
    if not grad.size:
        return _memory.module().zeros(shape, grad.dtype)
    out = empty(shape, grad.dtype)
    order, starts = _takers(places, length)
    _resample_backward_loop[grad.dtype](grad, order, starts, weights, length, prod(shape[axis + 1 :]), out)
    return out
