"""The loops of `minigrad_kernels.cpu.rows` along an axis that is not the last, where neighbours are of different rows.

An array is seen as (outer, width, inner), and a strip is a run of the inner axis, short enough for what is summed over
the width to stay in the first-level cache. All goes on vectors along the strip; nothing is transposed.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import SUMS, In, Out, borrower, kernel
from minigrad_kernels.scalar._bits import maximum, wide
from minigrad_kernels.scalar.activation import minus_both
from minigrad_kernels.scalar.exponential import exp, exp_below, log

STRIP = 1024


@borrower
def maxima(x, start, width, inner, top):
    """Top = the largest element of each row of a strip that begins at `start`."""
    first = x[start : start + top.size]
    for t in range(top.size):
        top[t] = first[t]
    for k in range(1, width):
        line = x[start + k * inner : start + k * inner + top.size]
        for t in range(top.size):
            top[t] = maximum(top[t], line[t])


@borrower
def masses(x, start, width, inner, top, total):
    """Total = the sum of e**(x - top) over each row of a strip."""
    for t in range(total.size):
        total[t] = x.dtype.type(0)
    for k in range(width):
        line = x[start + k * inner : start + k * inner + total.size]
        for t in range(total.size):
            total[t] += exp_below(line[t] - top[t])


@borrower
def logarithms(total):
    """Replace numbers by their logarithms; in double precision those of the C library, which are more exact."""
    if total.itemsize == 4:
        for t in range(total.size):
            total[t] = log(total[t])
    else:
        for t in range(total.size):
            total[t] = math.log(total[t])


@kernel
def softmax_loop(x: In, width: int, inner: int, out: Out):
    """Out = e**x / sum(e**x) over the width."""
    wide()
    strip = min(STRIP, inner)
    scratch = np.empty(2 * strip, x.dtype)
    for outer in range(0, x.size, width * inner):
        for start in range(outer, outer + inner, strip):
            size = min(strip, outer + inner - start)
            top, total = scratch[:size], scratch[strip : strip + size]
            maxima(x, start, width, inner, top)
            for t in range(size):
                total[t] = x.dtype.type(0)
            for k in range(width):
                line = x[start + k * inner : start + k * inner + size]
                result = out[start + k * inner : start + k * inner + size]
                for t in range(line.size):
                    e = exp_below(line[t] - top[t])
                    result[t] = e
                    total[t] += e
            for k in range(width):
                result = out[start + k * inner : start + k * inner + size]
                for t in range(result.size):
                    result[t] /= total[t]


@kernel
def log_softmax_loop(x: In, width: int, inner: int, out: Out):
    """Out = x - log(sum(e**x)) over the width."""
    wide()
    strip = min(STRIP, inner)
    scratch = np.empty(2 * strip, x.dtype)
    for outer in range(0, x.size, width * inner):
        for start in range(outer, outer + inner, strip):
            size = min(strip, outer + inner - start)
            top, total = scratch[:size], scratch[strip : strip + size]
            maxima(x, start, width, inner, top)
            masses(x, start, width, inner, top, total)
            logarithms(total)
            for k in range(width):
                line = x[start + k * inner : start + k * inner + size]
                result = out[start + k * inner : start + k * inner + size]
                for t in range(line.size):
                    result[t] = minus_both(line[t], top[t], total[t])


@kernel(fastmath=SUMS)
def softmax_backward_loop(grad: In, out: In, width: int, inner: int, result: Out):
    """Result = out * (grad - sum(grad * out)) over the width."""
    wide()
    strip = min(STRIP, inner)
    scratch = np.empty(2 * strip, out.dtype)
    for outer in range(0, out.size, width * inner):
        for start in range(outer, outer + inner, strip):
            size = min(strip, outer + inner - start)
            total = scratch[:size]
            for t in range(size):
                total[t] = out.dtype.type(0)
            for k in range(width):
                g = grad[start + k * inner : start + k * inner + size]
                o = out[start + k * inner : start + k * inner + size]
                for t in range(o.size):
                    total[t] += g[t] * o[t]
            for k in range(width):
                g = grad[start + k * inner : start + k * inner + size]
                o = out[start + k * inner : start + k * inner + size]
                r = result[start + k * inner : start + k * inner + size]
                for t in range(o.size):
                    r[t] = o[t] * (g[t] - total[t])


@kernel(fastmath=SUMS)
def log_softmax_backward_loop(grad: In, out: In, width: int, inner: int, result: Out):
    """Result = grad - e**out * sum(grad) over the width."""
    wide()
    strip = min(STRIP, inner)
    scratch = np.empty(2 * strip, out.dtype)
    for outer in range(0, out.size, width * inner):
        for start in range(outer, outer + inner, strip):
            size = min(strip, outer + inner - start)
            total = scratch[:size]
            for t in range(size):
                total[t] = out.dtype.type(0)
            for k in range(width):
                g = grad[start + k * inner : start + k * inner + size]
                for t in range(g.size):
                    total[t] += g[t]
            for k in range(width):
                g = grad[start + k * inner : start + k * inner + size]
                o = out[start + k * inner : start + k * inner + size]
                r = result[start + k * inner : start + k * inner + size]
                for t in range(o.size):
                    r[t] = g[t] - exp(o[t]) * total[t]


@kernel
def logsumexp_loop(x: In, width: int, inner: int, out: Out):
    """Out = log(sum(e**x)) over the width."""
    wide()
    strip = min(STRIP, inner)
    scratch = np.empty(2 * strip, x.dtype)
    for row in range(x.size // (width * inner)):
        outer = row * width * inner
        for start in range(0, inner, strip):
            size = min(strip, inner - start)
            top, total = scratch[:size], scratch[strip : strip + size]
            result = out[row * inner + start : row * inner + start + size]
            maxima(x, outer + start, width, inner, top)
            masses(x, outer + start, width, inner, top, total)
            logarithms(total)
            for t in range(size):
                result[t] = top[t] if math.isinf(top[t]) else top[t] + total[t]


def scratch(inner, dtype, count=2):
    """Return the length of a strip, and room for so many of them."""
    strip = min(STRIP, inner)
    return strip, np.empty(count * strip, np.float32 if dtype == np.float16 else dtype)
