"""Elementary functions that NumPy is slower at."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, New, Real, pointwise
from minigrad_kernels.scalar import exponential, trigonometry
from minigrad_kernels.scalar._bits import fabs, wide

_BLOCK = 1024  # elements after which large arguments are looked for


@pointwise
def _exp_loop(x: In, out: New):
    """out[i] = e**x[i]."""
    wide()
    for i in range(out.size):
        out[i] = exponential.exp(x[i])
    return out


def exp(x):
    """Return ``e**x``."""
    return _exp_loop[x.dtype](x, x)


@pointwise
def _log_loop(x: In, out: New):
    """out[i] = log(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = exponential.log(x[i])
    return out


def log(x):
    """Return the natural logarithm; in double precision NumPy's, which is quicker."""
    if x.dtype == np.float64:
        with np.errstate(all="ignore"):
            return np.asarray(np.log(x))
    return _log_loop[x.dtype](x, x)


@pointwise
def _rsqrt_loop(x: In, out: New):
    """out[i] = 1 / sqrt(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        out[i] = one / np.sqrt(x[i])
    return out


def rsqrt(x):
    """Return the inverse of the square root."""
    return _rsqrt_loop[x.dtype](x, x)


@pointwise
def _sin_loop(x: In, limit: Real, out: New):
    """out[i] = sin(x[i]), beyond the limit by the C library."""
    wide()
    for start in range(0, out.size, _BLOCK):
        block, result = x[start : start + _BLOCK], out[start : start + _BLOCK]
        large = 0
        for i in range(result.size):
            result[i] = trigonometry.sin(block[i])
        for i in range(block.size):
            large += np.int64(fabs(block[i]) > limit)
        if large:
            for i in range(block.size):
                if fabs(block[i]) > limit:
                    result[i] = np.sin(np.float64(block[i]))
    return out


def sin(x):
    """Return the sine."""
    return _sin_loop[x.dtype](x, trigonometry.LIMIT["d" if x.itemsize == 8 else "f"], x)


@pointwise
def _cos_loop(x: In, limit: Real, out: New):
    """out[i] = cos(x[i]), beyond the limit by the C library."""
    wide()
    for start in range(0, out.size, _BLOCK):
        block, result = x[start : start + _BLOCK], out[start : start + _BLOCK]
        large = 0
        for i in range(result.size):
            result[i] = trigonometry.cos(block[i])
        for i in range(block.size):
            large += np.int64(fabs(block[i]) > limit)
        if large:
            for i in range(block.size):
                if fabs(block[i]) > limit:
                    result[i] = np.cos(np.float64(block[i]))
    return out


def cos(x):
    """Return the cosine."""
    return _cos_loop[x.dtype](x, trigonometry.LIMIT["d" if x.itemsize == 8 else "f"], x)


@pointwise
def _logaddexp_loop(x: In, y: In, out: New):
    """out[i] = log(e**x[i] + e**y[i])."""
    wide()
    for i in range(out.size):
        a, b = x[i], y[i]
        rest = exponential.log1p_unit(exponential.exp_below(-fabs(a - b)))
        out[i] = a if a == b and a - b != a - b else (b if a < b else a) + rest
    return out


def logaddexp(x, y):
    """Return ``log(e**x + e**y)`` of two arrays of one shape."""
    return _logaddexp_loop[x.dtype](x, y, x)


@pointwise
def _hypot_loop(x: In, y: In, out: New):
    """out[i] = sqrt(x[i]**2 + y[i]**2)."""
    wide()
    for i in range(out.size):
        out[i] = exponential.hypot(x[i], y[i])
    return out


def hypot(x, y):
    """Return ``sqrt(x**2 + y**2)`` of two arrays of one shape, without overflow; infinite where one is, nan or not."""
    return _hypot_loop[x.dtype](x, y, x)


@pointwise
def _xlogy_loop(x: In, y: In, out: New):
    """out[i] = x[i] * log(y[i]), 0 where x[i] is 0 and y[i] a number."""
    wide()
    zero = x.dtype.type(0)
    for i in range(out.size):
        a, b = x[i], y[i]
        product = a * exponential.log(b)
        out[i] = zero if (a == zero) & (b == b) else product
    return out


def xlogy(x, y):
    """Return ``x * log(y)`` of two arrays of one shape, 0 where `x` is 0 unless `y` is nan."""
    return _xlogy_loop[x.dtype](x, y, x)


@pointwise
def _logit_loop(x: In, low: Real, high: Real, out: New):
    """out[i] = log(v / (1 - v)) for v = x[i], brought between two numbers."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        v = x[i]
        v = low if v < low else v
        v = high if v > high else v
        out[i] = exponential.log(v / (one - v))
    return out


def logit(x, low=-np.inf, high=np.inf):
    """Return ``log(v / (1 - v))``, where `v` is `x` brought between two numbers."""
    return _logit_loop[x.dtype](x, low, high, x)
