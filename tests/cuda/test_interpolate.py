"""Resampling on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cuda.twins import DTYPES, check


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", DTYPES)
def test_weighted_sums_along_an_axis_are_those_of_the_cpu(axis, dtype):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 4)).astype(dtype)
    length = x.shape[axis]
    places = rng.integers(0, length, (5, 2))
    weights = rng.normal(size=(5, 2)).astype(np.float32 if dtype == np.float16 else dtype)
    out = check("resample", x, axis, places, weights)
    check("resample_backward", out, axis, length, places, weights)


def test_places_that_nothing_takes_get_nothing():
    places, weights = np.array([[3], [3], [1]]), np.array([[0.5], [2], [1]])
    grad = check("resample_backward", np.ones((3, 2)), 0, 5, places, weights)
    np.testing.assert_array_equal(grad[:, 0], [0, 1, 0, 2.5, 0])


def test_strided_and_empty_arrays_are_taken():
    places, weights = np.array([[0, 1], [1, 2], [2, 2]]), np.ones((3, 2))
    check("resample", np.arange(12.0).reshape(4, 3).T, 0, places, weights)
    check("resample_backward", np.arange(12.0).reshape(4, 3).T, 0, 3, places, weights)
    check("resample", np.ones((0, 3)), 1, places, weights)
    check("resample_backward", np.ones((0, 3)), 1, 3, places, weights)
