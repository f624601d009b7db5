"""Choosing between two values by a mask, by CuPy."""

from __future__ import annotations

import numpy as np


def choose(mask, x, y):
    """Return `x` where the mask holds, `y` elsewhere; arrays of one dtype, or one an array and the other a number."""
    return np.where(mask, x, y)
