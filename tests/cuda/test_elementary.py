"""Elementary functions on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cuda.twins import DTYPES, check


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["exp", "log", "rsqrt", "sin", "cos"])
def test_functions_are_those_of_the_cpu(name, dtype):
    check(name, np.random.default_rng(0).uniform(0.1, 4, (5, 7)).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_logarithms_of_two_exponentials(dtype):
    check("logaddexp", *np.random.default_rng(0).normal(0, 3, (2, 5, 7)).astype(dtype))
