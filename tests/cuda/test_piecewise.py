"""Functions of straight pieces, and choices, on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cuda.twins import DTYPES, check
from tests.kernels.test_piecewise import WANTED


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WANTED)
def test_functions_are_those_of_the_cpu(name, dtype):
    x = np.random.default_rng(0).normal(0, 4, (5, 7)).astype(dtype)
    x[0, :3] = np.nan, np.inf, -np.inf
    check(name, x, *WANTED[name][1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_arithmetic_of_several_arrays(dtype):
    x, y, z = np.random.default_rng(0).normal(size=(3, 5, 7)).astype(dtype)
    for weight in (-0.2, 0.3, 0.9):
        check("lerp", x, y, weight)
    check("lerp", x, y, z)
    check("addcmul", x, y, z, 0.5)
    check("choose", x > y, y, z)
    check("clip", x, 1.0, 0.5)
    for name in ("fmod", "remainder", "floor_divide"):
        check(name, x * 4, 1.5)
        check(name, x * 4, 1 + abs(y))
