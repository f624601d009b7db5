"""Sine and cosine of one number that is not too large, without branches so that loops vectorise.

An argument is brought to within pi / 4 of 0 by the nearest multiple of pi / 2, which is subtracted in three parts: the
first product is exact, so what is left is right to the last bits. In double precision, what rounding leaves is kept.
Errors are below 1.6 ulp, and 0.8 in double precision.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.scalar._bits import bits_of, by_precision, fma, fused, is_bit_set, scalar

_F = np.float32

LIMIT = {"f": 1e5, "d": 1e8}
"""The largest arguments, by the dtype's letter."""

_ROUNDER32, _TWO_OVER_PI32 = _F(1.5 * 2**23), _F(2 / math.pi)
_PI1_32, _PI2_32, _PI3_32 = _F(-1.57079637050628662109375), _F(4.371138828673793e-08), _F(1.7151245100058819e-15)
_S0, _S1, _S2 = _F(-0.16666654936689526), _F(0.008332177686226705), _F(-0.0001951723466713424)
_C0, _C1, _C2 = _F(0.04166664567014375), _F(-0.0013887315616023198), _F(2.4433082641007232e-05)
_ONE32, _HALF32 = _F(1), _F(0.5)

_ROUNDER64, _TWO_OVER_PI64 = 1.5 * 2**52, 2 / math.pi
_PI1_64, _PI2_64, _PI3_64 = -1.5707963267948966, -6.123233995736766e-17, 1.4973849048591698e-33
_T0, _T1, _T2 = -0.16666666666666471, 0.00833333333328938, -0.00019841269807271397
_T3, _T4, _T5 = 2.7557306832317475e-06, -2.504979389264369e-08, 1.5845737906149207e-10
_D0, _D1, _D2 = 0.041666666666665284, -0.0013888888888703092, 2.480158720709985e-05
_D3, _D4, _D5 = -2.75572955182694e-07, 2.087365298152383e-09, -1.1271411749092232e-11


@scalar
def _reduced32(x):
    """Return the nearest multiple of pi / 2, as a number whose low bits tell it, and the distance from it."""
    t = fma(x, _TWO_OVER_PI32, _ROUNDER32)
    n = t - _ROUNDER32
    return t, fused(n, _PI3_32, fused(n, _PI2_32, fused(n, _PI1_32, x)))


@scalar
def _near32(r):
    """Return the sine and the cosine of a number within pi / 4 of 0."""
    z = r * r
    sine = fma(r * z, fma(fma(_S2, z, _S1), z, _S0), r)
    return sine, fma(z * z, fma(fma(_C2, z, _C1), z, _C0), fma(-_HALF32, z, _ONE32))


@scalar
def _reduced64(x):
    """Return the nearest multiple of pi / 2, as `_reduced32`, the distance from it, and what rounding left of that."""
    t = fma(x, _TWO_OVER_PI64, _ROUNDER64)
    n = t - _ROUNDER64
    exact = fused(n, _PI1_64, x)
    second = n * _PI2_64
    r = exact + second
    added = r - exact
    rounded = (exact - (r - added)) + (second - added)
    return t, r, rounded + fma(n, _PI3_64, fused(n, _PI2_64, -second))


@scalar
def _near64(r, rest):
    """Return the sine and the cosine of r + rest, within pi / 4 of 0."""
    z = r * r
    p = fma(fma(fma(fma(fma(_T5, z, _T4), z, _T3), z, _T2), z, _T1), z, _T0)
    sine = r + fma(r * z, p, fma(-0.5 * z, rest, rest))
    p = fma(fma(fma(fma(fma(_D5, z, _D4), z, _D3), z, _D2), z, _D1), z, _D0)
    half = 0.5 * z
    top = 1.0 - half
    return sine, top + fma(z * z, p, fma(-r, rest, (1.0 - top) - half))


@scalar
def sin32(x):
    """Return the sine of a float32 within `LIMIT`."""
    t, r = _reduced32(x)
    sine, cosine = _near32(r)
    y = cosine if is_bit_set(bits_of(t), 0) else sine
    y = -y if is_bit_set(bits_of(t), 1) else y
    return x if x == 0 else y


@scalar
def sin64(x):
    """Return the sine of a float64 within `LIMIT`."""
    t, r, rest = _reduced64(x)
    sine, cosine = _near64(r, rest)
    y = cosine if is_bit_set(bits_of(t), 0) else sine
    y = -y if is_bit_set(bits_of(t), 1) else y
    return x if x == 0 else y


@by_precision(sin32, sin64)
def sin(x):
    """Return the sine, in the precision of x."""


@scalar
def cos32(x):
    """Return the cosine of a float32 within `LIMIT`."""
    t, r = _reduced32(x)
    sine, cosine = _near32(r)
    y = sine if is_bit_set(bits_of(t), 0) else cosine
    return -y if is_bit_set(bits_of(t), 0) != is_bit_set(bits_of(t), 1) else y


@scalar
def cos64(x):
    """Return the cosine of a float64 within `LIMIT`."""
    t, r, rest = _reduced64(x)
    sine, cosine = _near64(r, rest)
    y = sine if is_bit_set(bits_of(t), 0) else cosine
    return -y if is_bit_set(bits_of(t), 0) != is_bit_set(bits_of(t), 1) else y


@by_precision(cos32, cos64)
def cos(x):
    """Return the cosine, in the precision of x."""
