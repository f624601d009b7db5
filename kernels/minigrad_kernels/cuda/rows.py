"""Softmax, its logarithm and log-sum-exp along one axis, a group of threads a row.

An array is seen as (outer, width, inner): the elements of row ``r`` are `inner` apart, from ``_first_of(r)`` on. So no
axis has to be moved to the end.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cuda._block import blocks_for_rows, group_max, group_sum, lanes_for
from minigrad_kernels.cuda._kernel import In, Out, empty, kernel, subroutine
from minigrad_kernels.cuda._math import exp, isinf, log
from minigrad_kernels.cuda._memory import module
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda._scalar import larger

_MANY = 4096  # rows that are enough for a thread each, if they lie side by side
_INFINITY = math.inf


@subroutine
def _first_of(row, width, inner):
    """Return the place of a row's first element."""
    return (row // inner) * width * inner + row % inner


@subroutine
def top_of(shared, x, first, end, step, lanes):
    """Return the largest element of a group's row; this thread looks at x[first], x[first + step], ..."""
    top = x.dtype.type(-_INFINITY)
    for i in range(first, end, step):
        top = larger(top, x[i])
    return group_max(shared, top, lanes)


@subroutine
def mass_of(shared, x, top, first, end, step, lanes):
    """Return the sum of e**(x - top) over a group's row."""
    total = x.dtype.type(0)
    for i in range(first, end, step):
        total += exp(x[i] - top)
    return group_sum(shared, total, lanes)


@kernel
def _softmax_loop(x: In, width: int, inner: int, lanes: int, out: Out):
    """Each row of out = e**x / sum(e**x)."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, rows = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), x.size // width
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        first, step = _first_of(row, width, inner) + lane * inner, lanes * inner
        end = _first_of(row, width, inner) + width * inner if row < rows else 0
        top = top_of(shared, x, first, end, step, lanes)
        total = mass_of(shared, x, top, first, end, step, lanes)
        for i in range(first, end, step):
            out[i] = exp(x[i] - top) / total


@kernel
def _log_softmax_loop(x: In, width: int, inner: int, lanes: int, out: Out):
    """Each row of out = x - log(sum(e**x))."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, rows = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), x.size // width
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        first, step = _first_of(row, width, inner) + lane * inner, lanes * inner
        end = _first_of(row, width, inner) + width * inner if row < rows else 0
        top = top_of(shared, x, first, end, step, lanes)
        shift = log(mass_of(shared, x, top, first, end, step, lanes))
        for i in range(first, end, step):
            out[i] = (x[i] - top) - shift


@kernel
def _softmax_backward_loop(grad: In, out: In, width: int, inner: int, lanes: int, result: Out):
    """Each row of result = out * (grad - sum(grad * out))."""
    shared = cuda.shared.array(THREADS, out.dtype)
    groups, lane, rows = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), out.size // width
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        first, step = _first_of(row, width, inner) + lane * inner, lanes * inner
        end = _first_of(row, width, inner) + width * inner if row < rows else 0
        total = out.dtype.type(0)
        for i in range(first, end, step):
            total += grad[i] * out[i]
        total = group_sum(shared, total, lanes)
        for i in range(first, end, step):
            result[i] = out[i] * (grad[i] - total)


@kernel
def _log_softmax_backward_loop(grad: In, out: In, width: int, inner: int, lanes: int, result: Out):
    """Each row of result = grad - e**out * sum(grad)."""
    shared = cuda.shared.array(THREADS, out.dtype)
    groups, lane, rows = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), out.size // width
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        first, step = _first_of(row, width, inner) + lane * inner, lanes * inner
        end = _first_of(row, width, inner) + width * inner if row < rows else 0
        total = out.dtype.type(0)
        for i in range(first, end, step):
            total += grad[i]
        total = group_sum(shared, total, lanes)
        for i in range(first, end, step):
            result[i] = grad[i] - exp(out[i]) * total


@kernel
def _logsumexp_loop(x: In, width: int, inner: int, lanes: int, out: Out):
    """out[r] = log(sum(e**row)) of row r."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, rows = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), out.size
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        first, step = _first_of(row, width, inner) + lane * inner, lanes * inner
        end = _first_of(row, width, inner) + width * inner if row < rows else 0
        top = top_of(shared, x, first, end, step, lanes)
        total = mass_of(shared, x, top, first, end, step, lanes)
        if lane == 0 and row < rows:
            out[row] = top if isinf(top) else top + log(total)


def _layout(shape, axis):
    """Return the width, the inner size and the number of rows along an axis, and how many threads share a row."""
    width = shape[axis] if shape else 1
    inner = math.prod(shape[axis + 1 :]) if axis not in (-1, len(shape) - 1) else 1
    rows = math.prod(shape) // width
    return width, inner, rows, 1 if inner > 1 and rows >= _MANY else lanes_for(width)


def _along(loop, x, axis, *rest):
    """Run a row loop along any axis: `rest` and `x` (the last array) are of one shape."""
    out = empty(x.shape, x.dtype)
    if x.size:
        width, inner, rows, lanes = _layout(x.shape, axis)
        loop[x.dtype](*rest, x, width, inner, lanes, out, blocks=blocks_for_rows(rows, lanes))
    return out


def softmax(x, axis=-1):
    """Return ``exp(x) / sum(exp(x))`` along `axis`, computed without overflow."""
    return _along(_softmax_loop, x, axis)


def log_softmax(x, axis=-1):
    """Return ``x - log(sum(exp(x)))`` along `axis`, computed without overflow."""
    return _along(_log_softmax_loop, x, axis)


def softmax_backward(grad, out, axis=-1):
    """Return ``out * (grad - sum(grad * out))``: the gradient of `softmax`, from its result."""
    return _along(_softmax_backward_loop, out, axis, grad)


def log_softmax_backward(grad, out, axis=-1):
    """Return ``grad - exp(out) * sum(grad)``: the gradient of `log_softmax`, from its result."""
    return _along(_log_softmax_backward_loop, out, axis, grad)


def logsumexp(x, axis=-1, keepdims=False):
    """Return ``log(sum(exp(x)))`` along one `axis`; infinite maxima and empty axes are right."""
    if x.ndim == 0:
        return x.copy()
    shape = list(x.shape)
    width = shape.pop(axis)
    out = empty(shape, x.dtype)
    if width == 0:
        out.fill(-np.inf)
    elif out.size:
        width, inner, rows, lanes = _layout(x.shape, axis)
        _logsumexp_loop[x.dtype](x, width, inner, lanes, out, blocks=blocks_for_rows(rows, lanes))
    return module().expand_dims(out, axis) if keepdims else out
