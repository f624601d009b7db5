"""Activation functions and their derivatives for one number; `one` is 1 in the precision of `x`."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.scalar._bits import bits_of, by_precision, fabs, fma, power_of_two, scalar, subtract
from minigrad_kernels.scalar.error_function import erf
from minigrad_kernels.scalar.exponential import exp, log1p_unit


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


_F = np.float32
_ROUNDER32, _ZERO32, _ONE32, _LEAST32, _FAR32 = _F(1.5 * 2**23), _F(0), _F(1), _F(-126), _F(8)
# The logarithm to base 2 of the normal distribution's tail, in a < 8.
_Q0, _Q1, _Q2, _Q3 = _F(-0.9999998211860657), _F(-1.1511120796203613), _F(-0.4591563642024994), _F(-0.05263981595635414)
_Q4, _Q5, _Q6 = _F(0.007246179506182671), _F(-0.00024882834986783564), _F(-0.00015874809469096363)
_Q7, _Q8, _Q9 = _F(4.14504756918177e-05), _F(-5.043603778176475e-06), _F(3.1909963196233346e-07)
_Q10 = _F(-8.39880698322304e-09)
# (2**r - 1) / r for |r| <= 1/2
_W0, _W1, _W2 = _F(0.6931470036506653), _F(0.24022242426872253), _F(0.05550733581185341)
_W3, _W4 = _F(0.009671512991189957), _F(0.001326472731307149)
# The density is 2**(_B * x**2 + _A).
_A32, _B32 = _F(math.log2(1 / math.sqrt(2 * math.pi))), _F(-math.log2(math.e) / 2)
_HALF64, _ROOT_HALF64, _DENSITY64 = 0.5, math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)


@scalar
def _power_of_two32(y):
    """Return 2**y of a float32, to about 2 ulp; what would be denormal is not."""
    y = _LEAST32 if y < _LEAST32 else y
    t = y + _ROUNDER32
    r = y - (t - _ROUNDER32)
    p = fma(r, fma(fma(fma(fma(_W4, r, _W3), r, _W2), r, _W1), r, _W0), _ONE32)
    return p * power_of_two(subtract(bits_of(t), bits_of(_ROUNDER32)))


@scalar
def _normal_cdf32(x):
    """Return the normal distribution function of a float32, to 1e-7."""
    a = fabs(x)
    a = _FAR32 if a > _FAR32 else a
    high = fma(fma(fma(fma(fma(_Q10, a, _Q9), a, _Q8), a, _Q7), a, _Q6), a, _Q5)
    tail = _power_of_two32(fma(fma(fma(fma(fma(high, a, _Q4), a, _Q3), a, _Q2), a, _Q1), a, _Q0))
    tail = _ZERO32 if a == _FAR32 else tail
    return _ONE32 - tail if x > _ZERO32 else tail


@scalar
def _gelu32(x):
    return x * _normal_cdf32(x)


@scalar
def _gelu64(x):
    return _HALF64 * x * (1.0 + erf(x * _ROOT_HALF64))


@by_precision(_gelu32, _gelu64)
def gelu(x):
    """Return ``x`` times the normal distribution function at ``x``."""


@scalar
def _gelu_slope32(x):
    return _normal_cdf32(x) + x * _power_of_two32(fma(_B32 * x, x, _A32))


@scalar
def _gelu_slope64(x):
    return _HALF64 * (1.0 + erf(x * _ROOT_HALF64)) + x * _DENSITY64 * exp(-_HALF64 * x * x)


@by_precision(_gelu_slope32, _gelu_slope64)
def gelu_slope(x):
    """Return the derivative of `gelu`."""


# gelu's tanh form: x * (1 + tanh(u)) / 2 = x * sigmoid(2 u), with u = sqrt(2 / pi) * (x + 0.044715 x**3)
_G64, _H64 = 2 * math.sqrt(2 / math.pi), 2 * math.sqrt(2 / math.pi) * 0.044715
_G32, _H32, _3H32, _3H64 = _F(_G64), _F(_H64), _F(3 * _H64), 3 * _H64


@scalar
def _gelu_tanh32(x):
    return x * sigmoid(x * (_G32 + _H32 * x * x), _ONE32)


@scalar
def _gelu_tanh64(x):
    return x * sigmoid(x * (_G64 + _H64 * x * x), 1.0)


@by_precision(_gelu_tanh32, _gelu_tanh64)
def gelu_tanh(x):
    """Return the approximation of `gelu` by a hyperbolic tangent."""


@scalar
def _gelu_tanh_slope32(x):
    s = sigmoid(x * (_G32 + _H32 * x * x), _ONE32)
    return s + x * s * (_ONE32 - s) * (_G32 + _3H32 * x * x)


@scalar
def _gelu_tanh_slope64(x):
    s = sigmoid(x * (_G64 + _H64 * x * x), 1.0)
    return s + x * s * (1.0 - s) * (_G64 + _3H64 * x * x)


@by_precision(_gelu_tanh_slope32, _gelu_tanh_slope64)
def gelu_tanh_slope(x):
    """Return the derivative of `gelu_tanh`."""
