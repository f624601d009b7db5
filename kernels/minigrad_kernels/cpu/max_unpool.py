"""Max pooling undone: elements put at their places in planes of zeros, and taken from there."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import In, InInt64, Out, kernel


@kernel
def _unpool_loop(x: In, places: InInt64, count: int, length: int, adds: bool, out: Out):
    """Put or add `count` elements a plane at their places among `length`; return how many places there are not."""
    missing = 0
    for plane in range(x.size // count):
        row, place = x[plane * count : (plane + 1) * count], places[plane * count : (plane + 1) * count]
        target = out[plane * length : (plane + 1) * length]
        for t in range(row.size):
            if 0 <= place[t] < length:
                at = np.uint64(place[t])
                target[at] = target[at] + row[t] if adds else row[t]
            else:
                missing += 1
    return missing


@kernel
def _unpool_backward_loop(grad: In, places: InInt64, count: int, length: int, out: Out):
    """Take `count` elements a plane from their places among `length`."""
    for plane in range(out.size // count):
        row, place = out[plane * count : (plane + 1) * count], places[plane * count : (plane + 1) * count]
        source = grad[plane * length : (plane + 1) * length]
        for t in range(row.size):
            row[t] = source[np.uint64(place[t])]


def unpool(x, places, size, adds=False):
    """Return planes of zeros with elements at their places.

    Parameters
    ----------
    x : ndarray, shape (..., *lengths)
    places : ndarray of int64, of that shape
        Numbers within the new planes.
    size : tuple of int
        Lengths of the new planes.
    adds : bool
        Whether elements of one place are added, and not the last one put there.

    Returns
    -------
    out : ndarray, shape (..., *size)
    missing : int
        How many places are in no plane.
    """
    leading, missing = x.shape[: x.ndim - len(size)], 0
    out = np.zeros(leading + size, x.dtype)
    if x.size:
        count = math.prod(x.shape[x.ndim - len(size) :])
        missing = _unpool_loop[x.dtype](x, places, count, math.prod(size), adds, out)
    return out, missing


def unpool_backward(grad, places, rank):
    """Return the elements of planes, `rank` dimensions each, at places within them: the gradient of `unpool` for x."""
    out = np.empty(places.shape, grad.dtype)
    if out.size:
        count, length = (math.prod(each.shape[each.ndim - rank :]) for each in (places, grad))
        _unpool_backward_loop[grad.dtype](grad, places, count, length, out)
    return out
