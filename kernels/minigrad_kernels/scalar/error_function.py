"""The complementary error function and the inverse error function for one number, without branches.

Polynomials fitted at Chebyshev's nodes. With ``w = -log(1 - x**2)``, erfinv(x) / x is nearly linear in w up to 6.25,
and in its square root beyond [1]_; exp(a**2) * erfc(a) is smooth in ``(a - 2.5) / (a + 2.5)``. Single precision is
computed in double; errors are at most 0.52 ulp. In double precision erfinv is off by less than 3 ulp.

.. [1] M. Giles, "Approximating the erfinv function", GPU Computing Gems Jade Edition, 2011.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.scalar._bits import by_precision, copysign, fabs, fma, scalar
from minigrad_kernels.scalar.exponential import exp_below64, log64

_F = np.float32

NEAR = 0.99903  # w is less than 6.25 up to there

# erfinv(x) / x in w - 3.125, in single and double precision; in sqrt(w) - 3.25 up to 4, and in sqrt(w) - 5.03125 beyond
_S0, _S1, _S2, _S3 = 1.6536545626831027, 0.24015817844735166, -0.006033671032285515, -0.0007406910325430195
_S4, _S5, _S6, _S7 = 0.00018673466051691629, -1.389214124592301e-05, -1.3658217507589212e-06, 4.2698513895053384e-07
_S8, _S9, _S10, _S11 = -2.895896037948332e-08, -4.752745619151995e-09, 1.0363882341451174e-09, 5.688216479117087e-12
_S12 = -1.2570814414523687e-11

_D0, _D1, _D2, _D3 = 1.6536545626831027, 0.24015818242558834, -0.006033670871426851, -0.0007407025341546431
_D4, _D5, _D6, _D7 = 0.00018673420801981186, -1.3882523393957483e-05, -1.3654691758785656e-06, 4.23478816822246e-07
_D8, _D9, _D10, _D11 = -2.907039127564132e-08, -4.1126604371632185e-09, 1.051223377050429e-09, -5.414303283919504e-11
_D12, _D13, _D14, _D15 = -1.2978805369932565e-11, 2.6305268312595183e-12, -8.07192593899004e-14, -4.0020031087558496e-14
_D16, _D17, _D18, _D19 = 6.521333511502239e-15, -3.94018812230432e-17, -1.2215637192404172e-16, 1.5510787009902526e-17
_D20, _D21, _D22, _D23 = 6.075050702072414e-19, -3.4734793888538036e-19, 1.999259988861535e-20, 3.194015548136271e-21
_D24 = -3.5932028927020693e-22

_F0, _F1, _F2, _F3 = 3.0838856104922208, 1.0052589676941652, 0.00537091455357168, -0.003751208508215561
_F4, _F5, _F6, _F7 = 0.0024914420969817607, -0.0016882755357337071, 0.0009532893637435638, -0.00035503780975963814
_F8, _F9, _F10, _F11 = 2.4031257015092525e-05, 6.828708654753377e-05, -4.731898412011245e-05, 1.2465167157087251e-05
_F12, _F13, _F14, _F15 = 2.9257291901789823e-06, -3.986084395214756e-06, 1.4987130784186127e-06, -2.7004219280868947e-08
_F16, _F17, _F18, _F19 = -2.713451105439456e-07, 1.3104351499972014e-07, 6.969241977629694e-10, -1.5102695423335065e-08

_G0, _G1, _G2, _G3 = 4.8814781489772106, 1.0102911741198122, -0.00015843904954875206, -0.00020572018512068931
_G4, _G5, _G6, _G7 = 7.29852553294604e-05, -1.8853117565086708e-05, 4.314923664090953e-06, -9.380364296145549e-07
_G8, _G9, _G10, _G11 = 2.1125066576912333e-07, -5.927047152736824e-08, 2.4261847742270122e-08, -1.2538150074974002e-08
_G12, _G13, _G14, _G15 = 6.500495032805107e-09, -2.9921380587907426e-09, 1.1426054685570013e-09, -3.485819446776317e-10
_G16, _G17, _G18, _G19 = 7.64440532371978e-11, 6.4517954925833244e-12, -1.736192551314241e-11, 5.375305401838499e-12


@scalar
def erfinv_near32(x):
    """Return the inverse error function of a float32, up to `NEAR`."""
    y = np.float64(x)
    w = -log64((1.0 - y) * (1.0 + y)) - 3.125
    p = fma(fma(fma(fma(fma(fma(_S12, w, _S11), w, _S10), w, _S9), w, _S8), w, _S7), w, _S6)
    p = fma(fma(fma(fma(fma(fma(p, w, _S5), w, _S4), w, _S3), w, _S2), w, _S1), w, _S0)
    return _F(p * y)


@scalar
def erfinv_near64(x):
    """Return the inverse error function of a float64, up to `NEAR`."""
    w = -log64((1.0 - x) * (1.0 + x)) - 3.125
    p = fma(fma(fma(fma(fma(fma(_D24, w, _D23), w, _D22), w, _D21), w, _D20), w, _D19), w, _D18)
    p = fma(fma(fma(fma(fma(fma(p, w, _D17), w, _D16), w, _D15), w, _D14), w, _D13), w, _D12)
    p = fma(fma(fma(fma(fma(fma(p, w, _D11), w, _D10), w, _D9), w, _D8), w, _D7), w, _D6)
    p = fma(fma(fma(fma(fma(fma(p, w, _D5), w, _D4), w, _D3), w, _D2), w, _D1), w, _D0)
    return p * x


@by_precision(erfinv_near32, erfinv_near64)
def erfinv_near(x):
    """Return the inverse error function up to `NEAR`, in the precision of x; nan beyond 1."""


@scalar
def erfinv_far(x):
    """Return the inverse error function of a float64 from `NEAR` on; infinite at 1, nan beyond."""
    a = fabs(x)
    if a == 1.0:
        return copysign(math.inf, x)
    s = math.sqrt(-log64((1.0 - a) * (1.0 + a)))
    if s < 4.0:
        s -= 3.25
        p = fma(fma(fma(fma(fma(fma(_F19, s, _F18), s, _F17), s, _F16), s, _F15), s, _F14), s, _F13)
        p = fma(fma(fma(fma(fma(fma(p, s, _F12), s, _F11), s, _F10), s, _F9), s, _F8), s, _F7)
        p = fma(fma(fma(fma(fma(fma(p, s, _F6), s, _F5), s, _F4), s, _F3), s, _F2), s, _F1)
        p = fma(p, s, _F0)
    else:
        s -= 5.03125
        p = fma(fma(fma(fma(fma(fma(_G19, s, _G18), s, _G17), s, _G16), s, _G15), s, _G14), s, _G13)
        p = fma(fma(fma(fma(fma(fma(p, s, _G12), s, _G11), s, _G10), s, _G9), s, _G8), s, _G7)
        p = fma(fma(fma(fma(fma(fma(p, s, _G6), s, _G5), s, _G4), s, _G3), s, _G2), s, _G1)
        p = fma(p, s, _G0)
    return p * x


# exp(a**2) * erfc(a) in (a - 2.5) / (a + 2.5) + 10 / 51, for 0 <= a <= 10.25
_C0, _C1, _C2, _C3 = 0.2943760555082648, -0.4860975668126936, 0.33470896039781545, -0.1574408480174315
_C4, _C5, _C6, _C7 = 0.04211082766354252, -0.00029545274435113106, -0.0035297156657997718, 0.00037803353687323825
_C8, _C9, _C10, _C11 = 0.0003790758069736785, -3.815693628812248e-05, -5.144731663829295e-05, 1.1628058982941143e-06
_C12 = 5.940417292300665e-06
_MIDDLE, _ZERO = 10 / 51, 10.25  # erfc is 0 from there on in single precision


@scalar
def erfc32(x):
    """Return the complementary error function of a float32."""
    a = np.float64(fabs(x))
    a = _ZERO if a > _ZERO else a
    t = (a - 2.5) / (a + 2.5) + _MIDDLE
    p = fma(fma(fma(fma(fma(fma(_C12, t, _C11), t, _C10), t, _C9), t, _C8), t, _C7), t, _C6)
    p = fma(fma(fma(fma(fma(fma(p, t, _C5), t, _C4), t, _C3), t, _C2), t, _C1), t, _C0)
    y = p * exp_below64(-a * a)
    return _F(2.0 - y if x < _F(0) else y)


@scalar
def erfc64(x):
    """Return the complementary error function of a float64; the C library's, which is not vectorised."""
    return math.erfc(x)


@by_precision(erfc32, erfc64)
def erfc(x):
    """Return the complementary error function, in the precision of x."""
