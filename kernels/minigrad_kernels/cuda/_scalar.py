"""Functions of one number, as `minigrad_kernels.scalar` has them; `real` is the type to compute in.

The CPU's are polynomials, made for its vector instructions; a GPU has exponentials in hardware.
"""

from __future__ import annotations

import math

from minigrad_kernels.cuda._kernel import subroutine
from minigrad_kernels.cuda._math import erf, exp, fabs, log1p

_ROOT_HALF, _DENSITY = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)
# gelu's tanh form: x * (1 + tanh(u)) / 2 = x * sigmoid(2 u), with u = sqrt(2 / pi) * (x + 0.044715 x**3)
_A, _B = 2 * math.sqrt(2 / math.pi), 2 * math.sqrt(2 / math.pi) * 0.044715
_3B = 3 * _B


@subroutine
def sigmoid(x, real):
    """Return ``1 / (1 + e**-x)``."""
    return real(1) / (real(1) + exp(-x))


@subroutine
def log_sigmoid(x, real):
    """Return ``log(sigmoid(x)) = min(x, 0) - log(1 + e**-|x|)``."""
    return (real(0) if x > real(0) else x) - log1p(exp(-fabs(x)))


@subroutine
def softplus(x, real):
    """Return ``log(1 + e**x) = max(x, 0) + log(1 + e**-|x|)``."""
    return (real(0) if x < real(0) else x) + log1p(exp(-fabs(x)))


@subroutine
def silu(x, real):
    """Return ``x * sigmoid(x)``."""
    return x / (real(1) + exp(-x))


@subroutine
def silu_slope(x, real):
    """Return the derivative of `silu`."""
    s = sigmoid(x, real)
    return s * (real(1) + x * (real(1) - s))


@subroutine
def tanh_softplus(x, real):
    """Return ``tanh(log(1 + e**x)) = n / (n + 2)`` with ``n = e**x * (e**x + 2)``; 1 to the last bit beyond x = 20."""
    e = exp(real(20) if x > real(20) else x)
    n = e * (e + real(2))
    return n / (n + real(2))


@subroutine
def mish_slope(x, real):
    """Return the derivative of ``mish(x) = x * tanh(softplus(x))``."""
    t = tanh_softplus(x, real)
    return t + x * sigmoid(x, real) * (real(1) - t * t)


@subroutine
def bce_with_logits(x, y, real):
    """Return ``-y log(sigmoid(x)) - (1 - y) log(sigmoid(-x))``; nothing cancels for y of 0 and 1."""
    return ((real(0) if x < real(0) else x) - x * y) + log1p(exp(-fabs(x)))


@subroutine
def gelu(x, real):
    """Return ``x`` times the normal distribution function at ``x``."""
    return real(0.5) * x * (real(1) + real(erf(x * real(_ROOT_HALF))))


@subroutine
def gelu_slope(x, real):
    """Return the derivative of `gelu`."""
    cumulative = real(0.5) * (real(1) + real(erf(x * real(_ROOT_HALF))))
    return cumulative + x * real(_DENSITY) * exp(real(-0.5) * x * x)


@subroutine
def gelu_tanh(x, real):
    """Return the approximation of `gelu` by a hyperbolic tangent."""
    return x * sigmoid(x * (real(_A) + real(_B) * x * x), real)


@subroutine
def gelu_tanh_slope(x, real):
    """Return the derivative of `gelu_tanh`."""
    s = sigmoid(x * (real(_A) + real(_B) * x * x), real)
    return s + x * s * (real(1) - s) * (real(_A) + real(_3B) * x * x)


@subroutine
def larger(a, b):
    """Return the larger number, or nan where one is nan."""
    return a if a > b or a != a else b
