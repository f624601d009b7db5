"""Activation functions and their derivatives for one number; `one` is 1 in the precision of `x`."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.scalar._bits import by_precision, fabs, scalar
from minigrad_kernels.scalar.exponential import erf, exp, log1p_unit


@scalar
def sigmoid(x, one):
    """Return ``1 / (1 + e**-x)``."""
    return one / (one + exp(-x))


@scalar
def log_sigmoid(x, one):
    """Return ``log(sigmoid(x)) = min(x, 0) - log(1 + e**-|x|)``."""
    zero = one - one
    return (zero if x > zero else x) - log1p_unit(exp(-fabs(x)))


@scalar
def softplus(x, one):
    """Return ``log(1 + e**x) = max(x, 0) + log(1 + e**-|x|)``."""
    zero = one - one
    return (zero if x < zero else x) + log1p_unit(exp(-fabs(x)))


@scalar
def silu(x, one):
    """Return ``x * sigmoid(x)``."""
    return x / (one + exp(-x))


@scalar
def silu_slope(x, one):
    """Return the derivative of `silu`."""
    s = sigmoid(x, one)
    return s * (one + x * (one - s))


@scalar
def tanh_softplus(x, one):
    """Return ``tanh(log(1 + e**x)) = n / (n + 2)`` with ``n = e**x * (e**x + 2)``; 1 to the last bit beyond x = 20."""
    two = one + one
    top = (two + two + one) * (two + two)
    e = exp(top if x > top else x)
    n = e * (e + two)
    return n / (n + two)


@scalar
def mish_slope(x, one):
    """Return the derivative of ``mish(x) = x * tanh(softplus(x))``."""
    t = tanh_softplus(x, one)
    return t + x * sigmoid(x, one) * (one - t * t)


@scalar
def bce_with_logits(x, y, one):
    """Return ``-y log(sigmoid(x)) - (1 - y) log(sigmoid(-x))``; nothing cancels for y of 0 and 1."""
    zero = one - one
    return ((zero if x < zero else x) - x * y) + log1p_unit(exp(-fabs(x)))


@scalar
def minus_both(x, first, second):
    """Return ``(x - first) - second``; loops that sum may otherwise add `first` and `second` up before."""
    return (x - first) - second


_HALF32, _ROOT_HALF32, _DENSITY32 = np.float32(0.5), np.float32(math.sqrt(0.5)), np.float32(1 / math.sqrt(2 * math.pi))
_HALF64, _ROOT_HALF64, _DENSITY64 = 0.5, math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)


@scalar
def _gelu32(x):
    return _HALF32 * x * (np.float32(1) + erf(x * _ROOT_HALF32))


@scalar
def _gelu64(x):
    return _HALF64 * x * (1.0 + erf(x * _ROOT_HALF64))


@by_precision(_gelu32, _gelu64)
def gelu(x):
    """Return ``x`` times the normal distribution function at ``x``."""


@scalar
def _gelu_slope32(x):
    cumulative = _HALF32 * (np.float32(1) + erf(x * _ROOT_HALF32))
    return cumulative + x * _DENSITY32 * exp(-_HALF32 * x * x)


@scalar
def _gelu_slope64(x):
    return _HALF64 * (1.0 + erf(x * _ROOT_HALF64)) + x * _DENSITY64 * exp(-_HALF64 * x * x)


@by_precision(_gelu_slope32, _gelu_slope64)
def gelu_slope(x):
    """Return the derivative of `gelu`."""


# gelu's tanh form: x * (1 + tanh(u)) / 2 = x * sigmoid(2 u), with u = sqrt(2 / pi) * (x + 0.044715 x**3)
_A64, _B64 = 2 * math.sqrt(2 / math.pi), 2 * math.sqrt(2 / math.pi) * 0.044715
_A32, _B32, _3B32, _3B64 = np.float32(_A64), np.float32(_B64), np.float32(3 * _B64), 3 * _B64


@scalar
def _gelu_tanh32(x):
    return x * sigmoid(x * (_A32 + _B32 * x * x), np.float32(1))


@scalar
def _gelu_tanh64(x):
    return x * sigmoid(x * (_A64 + _B64 * x * x), 1.0)


@by_precision(_gelu_tanh32, _gelu_tanh64)
def gelu_tanh(x):
    """Return the approximation of `gelu` by a hyperbolic tangent."""


@scalar
def _gelu_tanh_slope32(x):
    s = sigmoid(x * (_A32 + _B32 * x * x), np.float32(1))
    return s + x * s * (np.float32(1) - s) * (_A32 + _3B32 * x * x)


@scalar
def _gelu_tanh_slope64(x):
    s = sigmoid(x * (_A64 + _B64 * x * x), 1.0)
    return s + x * s * (1.0 - s) * (_A64 + _3B64 * x * x)


@by_precision(_gelu_tanh_slope32, _gelu_tanh_slope64)
def gelu_tanh_slope(x):
    """Return the derivative of `gelu_tanh`."""
