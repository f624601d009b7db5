"""Derivatives of the logarithm of the gamma function, by operations of CuPy."""

from __future__ import annotations

import numpy as np

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730)


def trigamma(x):
    """Return the derivative of digamma; infinite at 0, -1, -2, ... `scalar.gamma_function` has the method."""
    wide = x.astype(np.float64)
    is_low = wide < 0.5
    z = np.where(is_low, 1 - wide, wide)
    total = np.zeros_like(z)
    for _ in range(10):
        total += 1 / (z * z)
        z = z + 1
    series = np.zeros_like(z)
    for number in reversed(_BERNOULLI):
        series = (series + number) / (z * z)
    total += (1 + 0.5 / z + series) / z
    sine = np.sin(np.pi * (wide - np.rint(wide)))
    return np.where(is_low, (np.pi / sine) ** 2 - total, total).astype(x.dtype)
