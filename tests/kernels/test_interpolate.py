"""Resampling kernels against a dense matrix."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_weighted_sums_along_an_axis(axis, dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, (3, 4, 5)).astype(dtype)
    length = x.shape[axis]
    places = rng.integers(0, length, (6, 2))
    weights = rng.integers(-2, 3, (6, 2)).astype(np.float32 if dtype == np.float16 else dtype)
    matrix = np.zeros((6, length))
    for j, t in np.ndindex(6, 2):
        matrix[j, places[j, t]] += weights[j, t]
    got = cpu.resample(x, axis, places, weights)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis))
    back = cpu.resample_backward(got, axis, length, places, weights)
    np.testing.assert_array_equal(back, np.moveaxis(np.tensordot(matrix.T, got, (1, axis)), 0, axis))
