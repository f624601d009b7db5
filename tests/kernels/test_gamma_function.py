"""Derivatives of the logarithm of the gamma function against SciPy's zeta function."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from minigrad_kernels import cpu


@pytest.mark.parametrize(("dtype", "limit"), [(np.float16, 1e-3), (np.float32, 1e-7), (np.float64, 2e-15)])
def test_second_derivatives_are_exact_for_positive_numbers_of_every_size(dtype, limit):
    x = np.concatenate([np.linspace(0.5, 30, 1000), np.logspace(-2, 4, 300)]).astype(dtype)
    for each in (x, x.reshape(26, 50).T):
        got = cpu.trigamma(each)
        assert (got.shape, got.strides, got.dtype) == (each.shape, each.strides, dtype)
        np.testing.assert_allclose(got, special.zeta(2, each.astype(np.float64)), rtol=limit)


def test_second_derivatives_at_poles_and_ends():
    x = np.array([0.0, -0.0, -1.0, -7.0, np.inf, -np.inf, np.nan, 1e200, -0.5])
    want = [np.inf] * 4 + [0, np.nan, np.nan, 1e-200, 8.934802200544679]
    np.testing.assert_allclose(cpu.trigamma(x), want, rtol=1e-15)
