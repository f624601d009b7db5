"""The error function, its complement and its inverse for one number, without branches.

Polynomials fitted at Chebyshev's nodes. With ``w = -log(1 - x**2)``, erfinv(x) / x is nearly linear in w up to 6.25,
and in its square root beyond [1]_; exp(a**2) * erfc(a) is smooth in ``(a - 2.5) / (a + 2.5)``, and so is log(erfc(a)).
Single precision of erfc and erfinv is computed in double; errors are at most 0.52 ulp. In double precision erf is off
by less than 1 ulp, and erfinv by less than 3.

.. [1] M. Giles, "Approximating the erfinv function", GPU Computing Gems Jade Edition, 2011.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.scalar._bits import by_precision, copysign, fabs, fma, scalar
from minigrad_kernels.scalar.exponential import exp_below32, exp_below64, log64

_F = np.float32
_ONE32 = _F(1)

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


# erf(x) / x - 1 in x**2 for |x| < 1
_N0, _N1, _N2, _N3 = 0.1283791670955126, -0.37612638903183754, 0.1128379167095512, -0.02686617064512984
_N4, _N5, _N6, _N7 = 0.0052239776254232985, -0.000854832702193483, 0.00012055332902888736, -1.4925647567519332e-05
_N8, _N9, _N10, _N11 = 1.6462045441468418e-06, -1.6364642158167616e-07, 1.4792401209404813e-08, -1.216456005728345e-09
_N12, _N13 = 8.709045129053106e-11, -4.230945824295338e-12
# log(erfc(a)) in a - 1 for 1 <= a <= 5.95, where erf is 1 to the last bit
_H0, _H1, _H2, _H3 = -1.8496055099332482, -2.6389675142347757, -0.8431072563594136, -0.04156109802506584
_H4, _H5, _H6, _H7 = 0.010033825179003891, -0.001977901215288157, 0.00023731643359090477, 2.6296327892540942e-05
_H8, _H9, _H10, _H11 = -2.7198970661060978e-05, 9.671369426437608e-06, -2.1319278914392767e-06, 2.0480017898006322e-07
_H12, _H13, _H14, _H15 = 5.8019394529413537e-08, -3.3394808828222265e-08, 8.519865000870003e-09, -1.3193202294901752e-09
_H16, _H17 = 1.1935104647112364e-10, -4.866308152427904e-12
_END = 5.95


@scalar
def erfc64(x):
    """Return the complementary error function of a float64; the C library's, which is not vectorised."""
    return math.erfc(x)


@by_precision(erfc32, erfc64)
def erfc(x):
    """Return the complementary error function, in the precision of x."""


# erf(x) / x - 1 in x**2 for |x| < 0.92; log(erfc(a)) for 0.92 <= a <= 4
_R0, _R1, _R2 = _F(0.128379151), _F(-0.376124889), _F(0.112817541)
_R3, _R4, _R5 = _F(-0.0267639942), _F(0.00498890597), _F(-0.000596731086)
_Q0, _Q1, _Q2 = _F(0.000320441526), _F(-1.13023758), _F(-0.631814539)
_Q3, _Q4, _Q5 = _F(-0.11009448), _F(0.0264310185), _F(-0.00476357527)
_Q6, _Q7, _Q8 = _F(0.000597743492), _F(-4.61779127e-05), _F(1.6435697e-06)
_NEAR32, _FAR32 = _F(0.92), _F(4)


@scalar
def erf32(x):
    """Return the error function of a float32."""
    a = fabs(x)
    a = _FAR32 if a > _FAR32 else a
    z = a * a
    near = fma(fma(fma(fma(fma(_R5, z, _R4), z, _R3), z, _R2), z, _R1), z, _R0)
    high = fma(fma(fma(fma(_Q8, a, _Q7), a, _Q6), a, _Q5), a, _Q4)
    far = _ONE32 - exp_below32(fma(fma(fma(fma(high, a, _Q3), a, _Q2), a, _Q1), a, _Q0))
    return copysign(fma(a, near, a) if a < _NEAR32 else far, x)


@scalar
def erf64(x):
    """Return the error function of a float64."""
    a = fabs(x)
    z = a * a
    near = fma(fma(fma(fma(fma(_N13, z, _N12), z, _N11), z, _N10), z, _N9), z, _N8)
    near = fma(fma(fma(fma(fma(near, z, _N7), z, _N6), z, _N5), z, _N4), z, _N3)
    near = fma(fma(fma(near, z, _N2), z, _N1), z, _N0)
    a = _END if a > _END else a
    u = a - 1.0
    p = fma(fma(fma(fma(fma(_H17, u, _H16), u, _H15), u, _H14), u, _H13), u, _H12)
    p = fma(fma(fma(fma(fma(fma(p, u, _H11), u, _H10), u, _H9), u, _H8), u, _H7), u, _H6)
    p = fma(fma(fma(fma(fma(fma(p, u, _H5), u, _H4), u, _H3), u, _H2), u, _H1), u, _H0)
    return fma(x, near, x) if a < 1.0 else copysign(1.0 - exp_below64(p), x)


@by_precision(erf32, erf64)
def erf(x):
    """Return the error function, in the precision of x."""
