"""Elementary functions, by CuPy, whose own kernels are as fast as memory."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cuda._memory import module


def exp(x):
    """Return ``e**x``."""
    return module().exp(x)


def log(x):
    """Return the natural logarithm."""
    return module().log(x)


def rsqrt(x):
    """Return the inverse of the square root."""
    return 1 / module().sqrt(x)


def sin(x):
    """Return the sine."""
    return module().sin(x)


def cos(x):
    """Return the cosine."""
    return module().cos(x)


def logaddexp(x, y):
    """Return ``log(e**x + e**y)`` of two arrays of one shape."""
    return module().logaddexp(x, y)


def hypot(x, y):
    """Return ``sqrt(x**2 + y**2)`` of two arrays of one shape, without overflow; infinite where one is, nan or not."""
    return module().hypot(x, y)


def xlogy(x, y):
    """Return ``x * log(y)`` of two arrays of one shape, 0 where `x` is 0 unless `y` is nan."""
    return module().where((x == 0) & (y == y), x.dtype.type(0), x * module().log(y))


def logit(x, low=-np.inf, high=np.inf):
    """Return ``log(v / (1 - v))``, where `v` is `x` brought between two numbers."""
    v = module().minimum(module().maximum(x, x.dtype.type(low)), x.dtype.type(high))
    return module().log(v / (1 - v))
