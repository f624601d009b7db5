"""Functions of straight pieces, and other arithmetic that takes NumPy several passes; a nan stays one."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, New, Real, pointwise, subroutine
from minigrad_kernels.scalar._bits import copysign as with_sign
from minigrad_kernels.scalar._bits import fabs, wide


@subroutine
def _between(v, low, high):
    """Return v brought between two numbers that are not nan."""
    v = low if v < low else v
    return high if v > high else v


@pointwise
def _clip_loop(x: In, low: Real, high: Real, out: New):
    """out[i] = min(max(x[i], low), high)."""
    wide()
    for i in range(out.size):
        out[i] = _between(x[i], low, high)
    return out


def clip(x, low, high):
    """Return `x` brought between two numbers; the higher one where they are exchanged, nan where one is nan."""
    if low != low or high != high:
        return np.full_like(x, np.nan)
    return _clip_loop[x.dtype](x, low, high, x)


@pointwise
def _hardsigmoid_loop(x: In, out: New):
    """out[i] = min(max(x[i] + 3, 0), 6) / 6."""
    wide()
    zero, three, six = x.dtype.type(0), x.dtype.type(3), x.dtype.type(6)
    for i in range(out.size):
        out[i] = _between(x[i] + three, zero, six) / six
    return out


def hardsigmoid(x):
    """Return ``clip(x + 3, 0, 6) / 6``."""
    return _hardsigmoid_loop[x.dtype](x, x)


@pointwise
def _hardswish_loop(x: In, out: New):
    """out[i] = x[i] * min(max(x[i] + 3, 0), 6) / 6."""
    wide()
    zero, three, six = x.dtype.type(0), x.dtype.type(3), x.dtype.type(6)
    for i in range(out.size):
        out[i] = x[i] * _between(x[i] + three, zero, six) / six
    return out


def hardswish(x):
    """Return ``x * clip(x + 3, 0, 6) / 6``."""
    return _hardswish_loop[x.dtype](x, x)


@pointwise
def _hardswish_backward_loop(grad: In, x: In, result: New):
    """result[i] = grad[i] * (x[i] / 3 + 1 / 2) between -3 and 3, 0 below, grad[i] above."""
    wide()
    zero, half, three = x.dtype.type(0), x.dtype.type(0.5), x.dtype.type(3)
    for i in range(result.size):
        g, v = grad[i], x[i]
        slope = g * (v / three + half)
        slope = slope if v < three else g
        result[i] = zero if v <= -three else slope
    return result


def hardswish_backward(grad, x):
    """Return `grad` times the derivative of `hardswish` at `x`."""
    return _hardswish_backward_loop[x.dtype](grad, x, x)


@pointwise
def _hardshrink_loop(x: In, size: Real, out: New):
    """out[i] = 0 where |x[i]| <= size, else x[i]."""
    wide()
    zero = x.dtype.type(0)
    for i in range(out.size):
        v = x[i]
        out[i] = zero if fabs(v) <= size else v
    return out


def hardshrink(x, size):
    """Return 0 where ``|x| <= size``, else `x`."""
    return _hardshrink_loop[x.dtype](x, size, x)


@pointwise
def _softshrink_loop(x: In, size: Real, out: New):
    """out[i] = x[i] less what of it is between -size and size."""
    wide()
    for i in range(out.size):
        out[i] = x[i] - _between(x[i], -size, size)
    return out


def softshrink(x, size):
    """Return ``x - clip(x, -size, size)``."""
    return _softshrink_loop[x.dtype](x, size, x)


@pointwise
def _sign_loop(x: In, out: New):
    """out[i] = 1, 0 or -1; 0 for nan."""
    wide()
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(out.size):
        v = x[i]
        out[i] = (one if v > zero else zero) - (one if v < zero else zero)
    return out


def sign(x):
    """Return the sign of floats, 0 for nan."""
    return _sign_loop[x.dtype](x, x)


@pointwise
def _frac_loop(x: In, out: New):
    """out[i] = x[i] - trunc(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = x[i] - np.trunc(x[i])
    return out


def frac(x):
    """Return what is behind the point."""
    return _frac_loop[x.dtype](x, x)


@pointwise
def _cube_loop(x: In, out: New):
    """out[i] = x[i]**3."""
    wide()
    for i in range(out.size):
        out[i] = x[i] * x[i] * x[i]
    return out


def cube(x):
    """Return ``x**3``."""
    return _cube_loop[x.dtype](x, x)


@pointwise
def _lerp_loop(x: In, end: In, weight: Real, out: New):
    """out[i] = x[i] + weight * (end[i] - x[i]), reckoned from the nearer end."""
    wide()
    one, half = x.dtype.type(1), x.dtype.type(0.5)
    rest, is_near = one - weight, fabs(weight) < half
    for i in range(out.size):
        way = end[i] - x[i]
        out[i] = x[i] + weight * way if is_near else end[i] - way * rest
    return out


@pointwise
def _lerp_each_loop(x: In, end: In, weight: In, out: New):
    """out[i] = x[i] + weight[i] * (end[i] - x[i]), reckoned from the nearer end."""
    wide()
    one, half = x.dtype.type(1), x.dtype.type(0.5)
    for i in range(out.size):
        way = end[i] - x[i]
        near, far = x[i] + weight[i] * way, end[i] - way * (one - weight[i])
        out[i] = near if fabs(weight[i]) < half else far
    return out


def lerp(x, end, weight):
    """Return ``x + weight * (end - x)`` for two arrays of one shape and a number, or three of one shape and dtype."""
    loop = _lerp_each_loop if isinstance(weight, np.ndarray) else _lerp_loop
    return loop[x.dtype](x, end, weight, x)


@pointwise
def _addcmul_loop(x: In, y: In, z: In, value: Real, out: New):
    """out[i] = x[i] + value * y[i] * z[i]."""
    wide()
    for i in range(out.size):
        out[i] = x[i] + value * y[i] * z[i]
    return out


def addcmul(x, y, z, value):
    """Return ``x + value * y * z`` for three arrays of one shape and a number."""
    return _addcmul_loop[x.dtype](x, y, z, value, x)


@pointwise
def _copysign_loop(x: In, y: In, out: New):
    """out[i] = |x[i]| with the sign of y[i]."""
    wide()
    for i in range(out.size):
        out[i] = with_sign(x[i], y[i])
    return out


def copysign(x, y):
    """Return the size of `x` with the sign of `y`, for two arrays of one shape."""
    return _copysign_loop[x.dtype](x, y, x)


@pointwise
def _made_finite_loop(x: In, nan: Real, above: Real, below: Real, out: New):
    """out[i] = x[i] if it is finite, else what stands for it."""
    wide()
    infinity = x.dtype.type(np.inf)
    for i in range(out.size):
        v = x[i]
        w = nan if v != v else v
        w = above if v == infinity else w
        out[i] = below if v == -infinity else w
    return out


def made_finite(x, nan, above, below):
    """Return `x` with three numbers for nan and the infinities."""
    return _made_finite_loop[x.dtype](x, nan, above, below, x)
