"""Pairs of normal numbers from pairs of uniform ones, to the last digit as PyTorch makes them in single precision.

PyTorch's library computes these with the logarithm, the sine and the cosine of Cephes (S. L. Moshier, 1992), which
reduce their arguments and evaluate polynomials, and its compiler fuses multiplications with the additions after them.
Here each fused operation stands where it puts one.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.scalar._bits import exponent, fused, lowered, scalar

_F = np.float32
_ONE, _HALF, _MINUS_TWO, _TWO_PI = _F(1), _F(0.5), _F(-2), _F(2 * math.pi)

# log(1 + x) = x - x**2 / 2 + x**3 * P(x) for 1 + x from sqrt(1/2) to sqrt(2)
_P0, _P1, _P2, _P3 = _F(7.0376836292e-2), _F(-1.1514610310e-1), _F(1.1676998740e-1), _F(-1.2420140846e-1)
_P4, _P5, _P6 = _F(1.4249322787e-1), _F(-1.6668057665e-1), _F(2.0000714765e-1)
_P7, _P8 = _F(-2.4999993993e-1), _F(3.3333331174e-1)
_LN2_LOW, _LN2_HIGH = _F(-2.12194440e-4), _F(0.693359375)

# cos(x) = 1 - x**2 / 2 + x**4 * C(x**2) and sin(x) = x + x**3 * S(x**2) within an eighth of a turn
_C0, _C1, _C2 = _F(2.443315711809948e-5), _F(-1.388731625493765e-3), _F(4.166664568298827e-2)
_S0, _S1, _S2 = _F(-1.9515295891e-4), _F(8.3321608736e-3), _F(-1.6666654611e-1)
_EIGHTHS = _F(4 / math.pi)
_EIGHTH_HIGH, _EIGHTH_MIDDLE, _EIGHTH_LOW = _F(-0.78515625), _F(-2.4187564849853516e-4), _F(-3.774894977445941e-8)


@scalar
def _log(a):
    """Return the logarithm of a positive normal number."""
    n = exponent(a)
    x, n = lowered(a, n) - _ONE, _F(n)
    z = x * x
    p = fused(fused(fused(fused(_P0, x, _P1), x, _P2), x, _P3), x, _P4)
    p = fused(fused(fused(fused(p, x, _P5), x, _P6), x, _P7), x, _P8) * x
    rest = fused(z, -_HALF, fused(p, z, n * _LN2_LOW))
    return fused(n, _LN2_HIGH, x + rest)


@scalar
def normal_pair(u, v):
    """Return two normal numbers for float32 numbers u and v in [0, 1)."""
    radius = _F(math.sqrt(_MINUS_TWO * _log(_ONE - u)))
    angle = _TWO_PI * v
    quarter = np.floor((np.floor(angle * _EIGHTHS) + _ONE) * _HALF)
    eighths = quarter + quarter
    x = fused(eighths, _EIGHTH_LOW, fused(eighths, _EIGHTH_MIDDLE, fused(eighths, _EIGHTH_HIGH, angle)))
    z = x * x
    cosine = fused(fused(fused(_C0, z, _C1), z, _C2) * z, z, -(z * _HALF)) + _ONE
    sine = fused(fused(fused(_S0, z, _S1), z, _S2) * z, x, x)
    is_first, is_second, is_third = quarter == _F(1), quarter == _F(2), quarter == _F(3)
    if is_first or is_third:
        cosine, sine = sine, cosine
    if is_first or is_second:
        cosine = -cosine
    if is_second or is_third:
        sine = -sine
    return radius * cosine, radius * sine
