"""exp and its relatives for one number, in single and double precision, without branches so that loops vectorise.

An exponential is reduced to ``2**n * e**r`` with ``|r| <= log(2) / 2``: adding 1.5 * 2**23 (2**52) rounds to an integer
and leaves it in the low bits. Errors are at most about 1 ulp for exp, 1 ulp for log (2 in double precision), 2.5 ulp
for log1p_unit and sigmoid.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.scalar._bits import (
    bits_of,
    by_precision,
    copysign,
    exponent,
    fabs,
    fma,
    lowered,
    power_of_two,
    scalar,
    scaled,
    subtract,
)

_F = np.float32

_ONE32, _TWO32, _ZERO32 = _F(1), _F(2), _F(0)
_ROUNDER32, _LOG2E32 = _F(1.5 * 2**23), _F(math.log2(math.e))
_LN2_HIGH32, _LN2_LOW32 = _F(-0.693359375), _F(2.12194440e-4)
_LOWEST32, _HIGHEST32 = _F(-104), _F(89)  # e**x is 0 below and inf above

_ROUNDER64, _LOG2E64 = 1.5 * 2**52, math.log2(math.e)
_LN2_HIGH64 = -float.fromhex("0x1.62e42fefa38p-1")  # the leading 42 bits of log(2): n times it is exact
_LN2_LOW64 = -float.fromhex("0x1.ef35793c7673p-45")
_LOWEST64, _HIGHEST64 = -746.0, 710.0
_NORMAL32, _NORMAL64 = _F(-87), -708.0  # e**x is denormal below
_SATURATED32, _SATURATED64 = _F(9.1), 19.1  # tanh is 1 to the last bit beyond

# (e**r - 1 - r) / r**2, fitted on |r| <= log(2) / 2; in double precision Taylor's series serves as well.
_E0, _E1, _E2, _E3, _E4 = _F(0.5), _F(0.166665733), _F(0.0416665487), _F(0.00836377405), _F(0.00139269268)
_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7, _T8, _T9, _T10, _T11 = (1 / math.factorial(k) for k in range(2, 14))


@scalar
def _reduced32(r):
    """Return e**r - 1 for |r| <= log(2) / 2."""
    q = fma(fma(fma(fma(_E4, r, _E3), r, _E2), r, _E1), r, _E0)
    return fma(r * r, q, r)


@scalar
def _reduced64(r):
    """Return e**r - 1 for |r| <= log(2) / 2."""
    high = fma(fma(fma(fma(fma(_T11, r, _T10), r, _T9), r, _T8), r, _T7), r, _T6)
    q = fma(fma(fma(fma(fma(fma(high, r, _T5), r, _T4), r, _T3), r, _T2), r, _T1), r, _T0)
    return fma(r * r, q, r)


@scalar
def exp32(x):
    """Return e**x of a float32."""
    x = _LOWEST32 if x < _LOWEST32 else x
    x = _HIGHEST32 if x > _HIGHEST32 else x
    t = fma(x, _LOG2E32, _ROUNDER32)
    n = t - _ROUNDER32
    r = fma(n, _LN2_LOW32, fma(n, _LN2_HIGH32, x))
    return scaled(_reduced32(r) + _ONE32, subtract(bits_of(t), bits_of(_ROUNDER32)))


@scalar
def exp64(x):
    """Return e**x of a float64."""
    x = _LOWEST64 if x < _LOWEST64 else x
    x = _HIGHEST64 if x > _HIGHEST64 else x
    t = fma(x, _LOG2E64, _ROUNDER64)
    n = t - _ROUNDER64
    r = fma(n, _LN2_LOW64, fma(n, _LN2_HIGH64, x))
    return scaled(_reduced64(r) + 1.0, subtract(bits_of(t), bits_of(_ROUNDER64)))


@by_precision(exp32, exp64)
def exp(x):
    """Return e**x, in the precision of x."""


@scalar
def exp_below32(x):
    """Return e**x of a float32 x <= 0; denormal results, which cost a processor a hundred cycles each, are 0."""
    a = _NORMAL32 if x < _NORMAL32 else x
    t = fma(a, _LOG2E32, _ROUNDER32)
    n = t - _ROUNDER32
    r = fma(n, _LN2_LOW32, fma(n, _LN2_HIGH32, a))
    e = (_reduced32(r) + _ONE32) * power_of_two(subtract(bits_of(t), bits_of(_ROUNDER32)))
    return _ZERO32 if x < _NORMAL32 else e


@scalar
def exp_below64(x):
    """Return e**x of a float64 x <= 0; denormal results, which cost a processor a hundred cycles each, are 0."""
    a = _NORMAL64 if x < _NORMAL64 else x
    t = fma(a, _LOG2E64, _ROUNDER64)
    n = t - _ROUNDER64
    r = fma(n, _LN2_LOW64, fma(n, _LN2_HIGH64, a))
    e = (_reduced64(r) + 1.0) * power_of_two(subtract(bits_of(t), bits_of(_ROUNDER64)))
    return 0.0 if x < _NORMAL64 else e


@by_precision(exp_below32, exp_below64)
def exp_below(x):
    """Return e**x for x <= 0, in the precision of x, without denormal results: what -inf, a mask, costs no more."""


@scalar
def expm1_32(x):
    """Return e**x - 1 of a float32 x <= 0, accurate near 0."""
    x = _NORMAL32 if x < _NORMAL32 else x
    t = fma(x, _LOG2E32, _ROUNDER32)
    n = t - _ROUNDER32
    r = fma(n, _LN2_LOW32, fma(n, _LN2_HIGH32, x))
    scale = power_of_two(subtract(bits_of(t), bits_of(_ROUNDER32)))
    return fma(scale, _reduced32(r), scale - _ONE32)


@scalar
def expm1_64(x):
    """Return e**x - 1 of a float64 x <= 0, accurate near 0."""
    x = _NORMAL64 if x < _NORMAL64 else x
    t = fma(x, _LOG2E64, _ROUNDER64)
    n = t - _ROUNDER64
    r = fma(n, _LN2_LOW64, fma(n, _LN2_HIGH64, x))
    scale = power_of_two(subtract(bits_of(t), bits_of(_ROUNDER64)))
    return fma(scale, _reduced64(r), scale - 1.0)


@by_precision(expm1_32, expm1_64)
def expm1_negative(x):
    """Return e**x - 1 for x <= 0, in the precision of x."""


@scalar
def tanh32(x):
    """Return the hyperbolic tangent of a float32, as E / (E + 2) with E = e**2|x| - 1."""
    a = fabs(x)
    a = _SATURATED32 if a > _SATURATED32 else a
    a += a
    t = fma(a, _LOG2E32, _ROUNDER32)
    n = t - _ROUNDER32
    r = fma(n, _LN2_LOW32, fma(n, _LN2_HIGH32, a))
    scale = power_of_two(subtract(bits_of(t), bits_of(_ROUNDER32)))
    e = fma(scale, _reduced32(r), scale - _ONE32)
    return copysign(e / (e + _TWO32), x)


@scalar
def tanh64(x):
    """Return the hyperbolic tangent of a float64, as E / (E + 2) with E = e**2|x| - 1."""
    a = fabs(x)
    a = _SATURATED64 if a > _SATURATED64 else a
    a += a
    t = fma(a, _LOG2E64, _ROUNDER64)
    n = t - _ROUNDER64
    r = fma(n, _LN2_LOW64, fma(n, _LN2_HIGH64, a))
    scale = power_of_two(subtract(bits_of(t), bits_of(_ROUNDER64)))
    e = fma(scale, _reduced64(r), scale - 1.0)
    return copysign(e / (e + 2.0), x)


@by_precision(tanh32, tanh64)
def tanh(x):
    """Return the hyperbolic tangent, in the precision of x."""


# log(1 + f) = 2 s (1 + s**2 / 3 + s**4 / 5 + ...) with s = f / (2 + f), |s| <= 0.172
_L1, _L2, _L3, _L4, _L5 = _F(1 / 3), _F(1 / 5), _F(1 / 7), _F(1 / 9), _F(1 / 11)
_LN2_32, _SPLIT32, _HALF32 = _F(math.log(2)), _F(math.sqrt(2) - 1), _F(0.5)
_M1, _M2, _M3, _M4, _M5, _M6, _M7, _M8, _M9 = (1 / k for k in range(3, 21, 2))
_LN2_64, _SPLIT64 = math.log(2), math.sqrt(2) - 1


@scalar
def log1p_unit32(t):
    """Return log(1 + t) of a float32 in [0, 1]."""
    upper = t > _SPLIT32
    f = (t - _ONE32) * _HALF32 if upper else t  # 1 + f is (1 + t) / 2: exact
    s = f / (_TWO32 + f)
    z = s * s
    p = fma(fma(fma(fma(fma(_L5, z, _L4), z, _L3), z, _L2), z, _L1), z, _ONE32)
    return fma(s + s, p, _LN2_32 if upper else _ZERO32)


@scalar
def log1p_unit64(t):
    """Return log(1 + t) of a float64 in [0, 1]."""
    upper = t > _SPLIT64
    f = (t - 1.0) * 0.5 if upper else t
    s = f / (2.0 + f)
    z = s * s
    high = fma(fma(fma(fma(_M9, z, _M8), z, _M7), z, _M6), z, _M5)
    p = fma(fma(fma(fma(fma(high, z, _M4), z, _M3), z, _M2), z, _M1), z, 1.0)
    return fma(s + s, p, _LN2_64 if upper else 0.0)


@by_precision(log1p_unit32, log1p_unit64)
def log1p_unit(t):
    """Return log(1 + t) for t in [0, 1] (nan for nan), in the precision of t."""


_TINY32, _RAISE32, _RAISED32 = np.finfo(_F).tiny, _F(2**23), _F(23)  # denormal numbers are raised to normal ones
_TINY64, _RAISE64, _RAISED64 = float(np.finfo(np.float64).tiny), 2.0**52, 52.0
_INFINITY32, _NAN32 = _F(math.inf), _F(math.nan)


# (log(1 + f) - f + f**2 / 2) / f**3 for 1 + f from sqrt(1/2) to sqrt(2)
_G0, _G1, _G2, _G3 = _F(0.33333331), _F(-0.25000820), _F(0.20001227), _F(-0.16623357)
_G4, _G5, _G6, _G7 = _F(0.14201757), _F(-0.13160183), _F(0.12761578), _F(-0.07634497)


@scalar
def log32(x):
    """Return log(x) of a float32; nan below 0."""
    a = x * _RAISE32 if x < _TINY32 else x
    n = exponent(a)
    f = lowered(a, n) - _ONE32
    z = f * f
    high = fma(fma(fma(_G7, f, _G6), f, _G5), f, _G4)
    p = fma(fma(fma(fma(high, f, _G3), f, _G2), f, _G1), f, _G0)
    e = _F(n) - (_RAISED32 if x < _TINY32 else _ZERO32)
    y = fma(e, -_LN2_HIGH32, f + fma(-_HALF32, z, fma(e, -_LN2_LOW32, f * z * p)))
    y = y if x < _INFINITY32 else x  # nan as well
    y = -_INFINITY32 if x == _ZERO32 else y
    return _NAN32 if x < _ZERO32 else y


@scalar
def log64(x):
    """Return log(x) of a float64; nan below 0."""
    a = x * _RAISE64 if x < _TINY64 else x
    n = exponent(a)
    f = lowered(a, n) - 1.0
    s = f / (2.0 + f)
    z = s * s
    high = fma(fma(fma(fma(_M9, z, _M8), z, _M7), z, _M6), z, _M5)
    p = fma(fma(fma(fma(high, z, _M4), z, _M3), z, _M2), z, _M1)
    e = float(n) - (_RAISED64 if x < _TINY64 else 0.0)
    y = fma(e, -_LN2_HIGH64, s + s + fma((s + s) * z, p, e * -_LN2_LOW64))
    y = y if x < math.inf else x
    y = -math.inf if x == 0.0 else y
    return math.nan if x < 0.0 else y


@by_precision(log32, log64)
def log(x):
    """Return log(x), in the precision of x."""


@scalar
def log_rest32(x):
    """Return log(1 - x) of a float32; what 1 - x loses by rounding is made up for."""
    rest = _ONE32 - x
    y = log32(rest) + ((_ONE32 - rest) - x) / rest
    return -_INFINITY32 if rest == _ZERO32 else y


@scalar
def log_rest64(x):
    """Return log(1 - x) of a float64; what 1 - x loses by rounding is made up for."""
    rest = 1.0 - x
    y = log64(rest) + ((1.0 - rest) - x) / rest
    return -math.inf if rest == 0.0 else y


@by_precision(log_rest32, log_rest64)
def log_rest(x):
    """Return log(1 - x) for x >= 0, accurate near 0, in the precision of x."""


_LARGE64, _SMALL64, _UP64 = 2.0**500, 2.0**-500, 2.0**600  # the squares of numbers in between are in range


@scalar
def hypot32(x, y):
    """Return the length sqrt(x**2 + y**2) of float32, whose squares fit in float64."""
    a, b = np.float64(x), np.float64(y)
    length = _F(np.sqrt(a * a + b * b))
    return _INFINITY32 if (fabs(x) == _INFINITY32) | (fabs(y) == _INFINITY32) else length


@scalar
def hypot64(x, y):
    """Return the length sqrt(x**2 + y**2) of float64, of large and small numbers by their multiples."""
    a, b = fabs(x), fabs(y)
    most = a if a > b else b
    up = 1.0 / _UP64 if most > _LARGE64 else 1.0
    up = _UP64 if most < _SMALL64 else up
    down = _UP64 if most > _LARGE64 else 1.0
    down = 1.0 / _UP64 if most < _SMALL64 else down
    a, b = a * up, b * up
    length = np.sqrt(fma(a, a, b * b)) * down
    return math.inf if (fabs(x) == math.inf) | (fabs(y) == math.inf) else length


@by_precision(hypot32, hypot64)
def hypot(x, y):
    """Return sqrt(x**2 + y**2), in the precision of x."""
