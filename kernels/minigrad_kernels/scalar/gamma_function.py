"""The second derivative of the logarithm of the gamma function for one number, without branches; in double precision.

Ten steps up by ``f(x) = f(x + 1) + 1 / x**2``, their sum as one quotient, then the asymptotic series; below 1/2 by
reflection [1]_.

.. [1] M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 1964, 6.4.6, 6.4.7 and 6.4.12.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.scalar._bits import by_precision, fma, scalar
from minigrad_kernels.scalar.trigonometry import sin64

_PI = math.pi
_ENOUGH = 16.0  # the series is exact from there on
_B1, _B2, _B3, _B4, _B5, _B6 = 1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730  # Bernoulli's numbers


@scalar
def trigamma64(x):
    """Return the derivative of digamma of a float64; infinite at 0, -1, -2, ..."""
    z = 1.0 - x if x < 0.5 else x
    is_small = z < _ENOUGH
    w = z if is_small else _ENOUGH
    above, below = 0.0, 1.0
    for k in range(10):
        square = (w + k) * (w + k)
        above, below = fma(above, square, below), below * square
    steps = above / below if is_small else 0.0
    r = 1.0 / (z + 10.0 if is_small else z)
    s = r * r
    series = fma(fma(fma(fma(fma(_B6, s, _B5), s, _B4), s, _B3), s, _B2), s, _B1) * s
    total = fma(fma(0.5, r, series), r, r) + steps
    root = _PI / sin64(_PI * (x - np.rint(x)))
    return root * root - total if x < 0.5 else total


@scalar
def trigamma32(x):
    """Return the derivative of digamma of a float32."""
    return np.float32(trigamma64(np.float64(x)))


@by_precision(trigamma32, trigamma64)
def trigamma(x):
    """Return the derivative of digamma, in the precision of x."""
