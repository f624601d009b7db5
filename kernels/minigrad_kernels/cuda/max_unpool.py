"""Max pooling undone: elements put at their places in planes of zeros, and taken from there; a thread an element."""

from __future__ import annotations

from math import prod

from minigrad_kernels.cuda import _memory
from minigrad_kernels.cuda._kernel import In, InInt64, Out, blocks_for, empty, kernel
from minigrad_kernels.cuda._numba import cuda
from minigrad_kernels.cuda.index import scatter_add


@kernel
def _unpool_loop(x: In, places: InInt64, count: int, length: int, out: Out):
    """Put `count` elements a plane at their places among `length`."""
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        if 0 <= places[i] < length:
            out[i // count * length + places[i]] = x[i]


@kernel
def _unpool_backward_loop(grad: In, places: InInt64, count: int, length: int, out: Out):
    """Take `count` elements a plane from their places among `length`."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        out[i] = grad[i // count * length + places[i]]


def unpool(x, places, size, adds=False):
    """Return planes (..., *size) of zeros with the elements of `x` at their places, and how many are in no plane."""
    leading, missing, length = x.shape[: x.ndim - len(size)], 0, prod(size)
    out = _memory.module().zeros((*leading, length), x.dtype)
    if x.size:
        count = prod(x.shape[x.ndim - len(size) :])
        if adds:
            scatter_add(out, -1, places.reshape(*leading, count), x.reshape(*leading, count))
        else:
            _unpool_loop[x.dtype](x, places, count, length, out, blocks=blocks_for(x.size))
        missing = int(((places < 0) | (places >= length)).sum())
    return out.reshape(leading + size), missing


def unpool_backward(grad, places, rank):
    """Return the elements of planes, `rank` dimensions each, at places within them: the gradient of `unpool` for x."""
    out = empty(places.shape, grad.dtype)
    if out.size:
        count, length = (prod(each.shape[each.ndim - rank :]) for each in (places, grad))
        _unpool_backward_loop[grad.dtype](grad, places, count, length, out)
    return out
