"""Resampling along one dimension: each element of the result is a weighted sum of a few elements of the input."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, InInt64, Out, kernel


@kernel
def _resample_loop(x: In, places: InInt64, weights: In, length: int, inner: int, out: Out):
    """out[o, j, i] = sum over t of weights[j, t] * x[o, places[j, t], i]; x is (outer, length, inner)."""
    zero = x.dtype.type(0)
    count = out.size // (x.size // length)
    taps = places.size // count
    for o in range(x.size // (length * inner)):
        source = x[o * length * inner : (o + 1) * length * inner]
        target = out[o * count * inner : (o + 1) * count * inner]
        if inner == 1:
            for j in range(count):
                total = zero
                for t in range(j * taps, j * taps + taps):
                    total += weights[t] * source[places[t]]
                target[j] = total
            continue
        for j in range(count):
            row = target[j * inner : j * inner + inner]
            for i in range(row.size):
                row[i] = zero
            for t in range(j * taps, j * taps + taps):
                weight, line = weights[t], source[places[t] * inner : places[t] * inner + inner]
                for i in range(row.size):
                    row[i] += weight * line[i]


@kernel
def _resample_backward_loop(grad: In, places: InInt64, weights: In, length: int, inner: int, out: Out):
    """out[o, places[j, t], i] += weights[j, t] * grad[o, j, i]; out is (outer, length, inner)."""
    count = grad.size // (out.size // length)
    taps = places.size // count
    for o in range(out.size // (length * inner)):
        target = out[o * length * inner : (o + 1) * length * inner]
        source = grad[o * count * inner : (o + 1) * count * inner]
        for j in range(count):
            row = source[j * inner : j * inner + inner]
            for t in range(j * taps, j * taps + taps):
                weight, line = weights[t], target[places[t] * inner : places[t] * inner + inner]
                for i in range(row.size):
                    line[i] += weight * row[i]


def resample(x, axis, places, weights):
    """Return weighted sums along an axis.

    Parameters
    ----------
    x : ndarray
    axis : int
        From 0.
    places : ndarray of int64, shape (count, taps)
    weights : ndarray, of that shape and the dtype of `x`
    """
    out = np.empty((*x.shape[:axis], len(places), *x.shape[axis + 1 :]), x.dtype)
    if out.size:
        inner = int(np.prod(x.shape[axis + 1 :]))
        _resample_loop[x.dtype](x, places, weights, x.shape[axis], inner, out)
    return out


def resample_backward(grad, axis, length, places, weights):
    """Return the gradient of `resample` with respect to `x`, of the given length along the axis."""
    out = np.zeros((*grad.shape[:axis], length, *grad.shape[axis + 1 :]), grad.dtype)
    if grad.size:
        inner = int(np.prod(grad.shape[axis + 1 :]))
        _resample_backward_loop[grad.dtype](grad, places, weights, length, inner, out)
    return out
