"""Softmax, its logarithm and log-sum-exp along one axis, row by row."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu import _strips as strips
from minigrad_kernels.cpu._kernel import SUMS, In, Out, kernel
from minigrad_kernels.scalar._bits import maximum, wide
from minigrad_kernels.scalar.activation import minus_both
from minigrad_kernels.scalar.exponential import exp, exp_below

empty = np.empty


@kernel(fastmath=SUMS)
def _softmax_loop(x: In, width: int, out: Out):
    """Each row of `width` elements of out = e**x / sum(e**x)."""
    wide()
    for start in range(0, out.size, width):
        row, result = x[start : start + width], out[start : start + width]
        top = row[0]
        for j in range(row.size):
            top = maximum(top, row[j])
        total = x.dtype.type(0)
        for j in range(row.size):
            e = exp_below(row[j] - top)
            result[j] = e
            total += e
        for j in range(row.size):
            result[j] /= total


@kernel(fastmath=SUMS)
def _log_softmax_loop(x: In, width: int, out: Out):
    """Each row of `width` elements of out = x - log(sum(e**x))."""
    wide()
    for start in range(0, out.size, width):
        row, result = x[start : start + width], out[start : start + width]
        top = row[0]
        for j in range(row.size):
            top = maximum(top, row[j])
        total = x.dtype.type(0)
        for j in range(row.size):
            total += exp_below(row[j] - top)
        shift = x.dtype.type(math.log(total))
        for j in range(row.size):
            result[j] = minus_both(row[j], top, shift)


@kernel(fastmath=SUMS)
def _softmax_backward_loop(grad: In, out: In, width: int, result: Out):
    """Each row of `width` elements of result = out * (grad - sum(grad * out))."""
    for start in range(0, out.size, width):
        g, o, r = grad[start : start + width], out[start : start + width], result[start : start + width]
        total = out.dtype.type(0)
        for j in range(o.size):
            total += g[j] * o[j]
        for j in range(o.size):
            r[j] = o[j] * (g[j] - total)


@kernel(fastmath=SUMS)
def _log_softmax_backward_loop(grad: In, out: In, width: int, result: Out):
    """Each row of `width` elements of result = grad - e**out * sum(grad)."""
    wide()
    for start in range(0, out.size, width):
        g, o, r = grad[start : start + width], out[start : start + width], result[start : start + width]
        total = out.dtype.type(0)
        for j in range(o.size):
            total += g[j]
        for j in range(o.size):
            r[j] = g[j] - exp(o[j]) * total


@kernel(fastmath=SUMS)
def _logsumexp_loop(x: In, width: int, out: Out):
    """out[i] = log(sum(e**row)) of the i-th row of `width` elements."""
    wide()
    for i in range(out.size):
        row = x[i * width : (i + 1) * width]
        top = row[0]
        for j in range(row.size):
            top = maximum(top, row[j])
        if math.isinf(top):
            out[i] = top
            continue
        total = x.dtype.type(0)
        for j in range(row.size):
            total += exp_below(row[j] - top)
        out[i] = top + x.dtype.type(math.log(total))


def _along(loop, strips_loop, x, axis, *rest):
    """Run a row loop along the last axis, or its twin along another, on `rest` and `x`, which are of one shape."""
    out = empty(x.shape, x.dtype)
    if not out.size:
        return out
    if x.ndim < 2 or axis in (-1, x.ndim - 1):
        loop[x.dtype](*rest, x, x.shape[-1] if x.ndim else 1, out)
    else:
        inner = math.prod(x.shape[axis % x.ndim + 1 :])
        strips_loop[x.dtype](*rest, x, x.shape[axis], inner, out)
    return out


def softmax(x, axis=-1):
    """Return ``exp(x) / sum(exp(x))`` along `axis`, computed without overflow."""
    return _along(_softmax_loop, strips.softmax_loop, x, axis)


def log_softmax(x, axis=-1):
    """Return ``x - log(sum(exp(x)))`` along `axis`, computed without overflow."""
    return _along(_log_softmax_loop, strips.log_softmax_loop, x, axis)


def softmax_backward(grad, out, axis=-1):
    """Return ``out * (grad - sum(grad * out))``: the gradient of `softmax`, from its result."""
    return _along(_softmax_backward_loop, strips.softmax_backward_loop, out, axis, grad)


def log_softmax_backward(grad, out, axis=-1):
    """Return ``grad - exp(out) * sum(grad)``: the gradient of `log_softmax`, from its result."""
    return _along(_log_softmax_backward_loop, strips.log_softmax_backward_loop, out, axis, grad)


def logsumexp(x, axis=-1, keepdims=False):
    """Return ``log(sum(exp(x)))`` along one `axis`; infinite maxima and empty axes are right."""
    if x.ndim == 0:
        return x.copy()
    shape = list(x.shape)
    width = shape.pop(axis)
    out = empty(shape, x.dtype)
    if width == 0:
        out.fill(-np.inf)
    elif out.size and axis in (-1, x.ndim - 1):
        _logsumexp_loop[x.dtype](x, width, out)
    elif out.size:
        inner = math.prod(x.shape[axis % x.ndim + 1 :])
        strips.logsumexp_loop[x.dtype](x, width, inner, out)
    return np.expand_dims(out, axis) if keepdims else out
