"""Functions of straight pieces, and other arithmetic, each one pass over the data; a nan stays one."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cuda._elementwise import elementwise
from minigrad_kernels.cuda._kernel import In, Real, empty


@elementwise
def _clip_loop(x: In, low: Real, high: Real):
    """Return min(max(x, low), high)."""
    y = low if x < low else x
    return high if y > high else y


def clip(x, low, high):
    """Return `x` brought between two numbers; the higher one where they are exchanged, nan where one is nan."""
    if low != low or high != high:
        return np.full_like(x, np.nan)
    out = empty(x.shape, x.dtype)
    _clip_loop[x.dtype](x, low, high, out)
    return out


@elementwise
def _hardsigmoid_loop(x: In, real):
    """Return min(max(x + 3, 0), 6) / 6."""
    y = real(0) if x < real(-3) else x + real(3)
    return (real(6) if y > real(6) else y) / real(6)


def hardsigmoid(x):
    """Return ``clip(x + 3, 0, 6) / 6``."""
    out = empty(x.shape, x.dtype)
    _hardsigmoid_loop[x.dtype](x, out)
    return out


@elementwise
def _hardswish_loop(x: In, real):
    """Return x * min(max(x + 3, 0), 6) / 6."""
    y = real(0) if x < real(-3) else x + real(3)
    return x * (real(6) if y > real(6) else y) / real(6)


def hardswish(x):
    """Return ``x * clip(x + 3, 0, 6) / 6``."""
    out = empty(x.shape, x.dtype)
    _hardswish_loop[x.dtype](x, out)
    return out


@elementwise
def _hardswish_backward_loop(grad: In, x: In, real):
    """Return grad * (x / 3 + 1 / 2) between -3 and 3, 0 below, grad above."""
    slope = grad * (x / real(3) + real(0.5)) if x < real(3) else grad
    return real(0) if x <= real(-3) else slope


def hardswish_backward(grad, x):
    """Return `grad` times the derivative of `hardswish` at `x`."""
    result = empty(x.shape, x.dtype)
    _hardswish_backward_loop[x.dtype](grad, x, result)
    return result


@elementwise
def _hardshrink_loop(x: In, limit: Real, real):
    """Return 0 where |x| <= limit, else x."""
    return real(0) if x >= -limit and x <= limit else x


def hardshrink(x, size):
    """Return 0 where ``|x| <= size``, else `x`."""
    out = empty(x.shape, x.dtype)
    _hardshrink_loop[x.dtype](x, size, out)
    return out


@elementwise
def _softshrink_loop(x: In, limit: Real):
    """Return x less what of it is between -limit and limit."""
    y = -limit if x < -limit else x
    return x - (limit if y > limit else y)


def softshrink(x, size):
    """Return ``x - clip(x, -size, size)``."""
    out = empty(x.shape, x.dtype)
    _softshrink_loop[x.dtype](x, size, out)
    return out


@elementwise
def _sign_loop(x: In, real):
    """Return 1, 0 or -1; 0 for nan."""
    return real(1) if x > real(0) else real(-1) if x < real(0) else real(0)


def sign(x):
    """Return the sign of floats, 0 for nan."""
    out = empty(x.shape, x.dtype)
    _sign_loop[x.dtype](x, out)
    return out


def frac(x):
    """Return what is behind the point, by CuPy."""
    return x - np.trunc(x)


@elementwise
def _cube_loop(x: In):
    """Return x**3."""
    return x * x * x


def cube(x):
    """Return ``x**3``."""
    out = empty(x.shape, x.dtype)
    _cube_loop[x.dtype](x, out)
    return out


@elementwise
def _lerp_loop(x: In, end: In, weight: Real, real):
    """Return x + weight * (end - x), reckoned from the nearer end."""
    if weight < real(0.5) and -weight < real(0.5):
        return x + weight * (end - x)
    return end - (end - x) * (real(1) - weight)


@elementwise
def _lerp_each_loop(x: In, end: In, weight: In, real):
    """Return x + weight * (end - x), reckoned from the nearer end."""
    if weight < real(0.5) and -weight < real(0.5):
        return x + weight * (end - x)
    return end - (end - x) * (real(1) - weight)


def lerp(x, end, weight):
    """Return ``x + weight * (end - x)`` for two arrays of one shape and a number, or three of one shape and dtype."""
    out = empty(x.shape, x.dtype)
    loop = _lerp_each_loop if hasattr(weight, "shape") else _lerp_loop
    loop[x.dtype](x, end, weight, out)
    return out


@elementwise
def _addcmul_loop(x: In, y: In, z: In, value: Real):
    """Return x + value * y * z."""
    return x + value * y * z


def addcmul(x, y, z, value):
    """Return ``x + value * y * z`` for three arrays of one shape and a number."""
    out = empty(x.shape, x.dtype)
    _addcmul_loop[x.dtype](x, y, z, value, out)
    return out


def copysign(x, y):
    """Return the size of `x` with the sign of `y`, for two arrays of one shape, by CuPy."""
    return np.copysign(x, y)


@elementwise
def _made_finite_loop(x: In, nan: Real, above: Real, below: Real, real):
    """Return x if it is finite, else what stands for it."""
    y = nan if x != x else x
    y = above if x == real(np.inf) else y
    return below if x == real(-np.inf) else y


def made_finite(x, nan, above, below):
    """Return `x` with three numbers for nan and the infinities."""
    out = empty(x.shape, x.dtype)
    _made_finite_loop[x.dtype](x, nan, above, below, out)
    return out
