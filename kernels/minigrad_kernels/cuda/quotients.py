"""What divisions leave over, and quotients rounded down, by CuPy."""

from __future__ import annotations

import numpy as np


def fmod(x, y):
    """Return what the division rounded towards zero leaves over, for `y` of the shape of `x` or a number."""
    return np.fmod(x, y)


def remainder(x, y):
    """Return what the division rounded down leaves over, for `y` of the shape of `x` or a number."""
    return np.remainder(x, y)


def floor_divide(x, y):
    """Return the quotient rounded down, for `y` of the shape of `x` or a number."""
    return np.floor_divide(x, y)
