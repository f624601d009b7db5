"""The orders that leave equal elements where PyTorch leaves them: they are orders all the same."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels.cpu import unstable

LENGTHS = (1, 2, 16, 17, 100, 1000)


def _rows(length, dtype):
    return np.random.default_rng(length).integers(0, 7, (3, length)).astype(dtype)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool"])
def test_places_are_a_permutation_that_sorts(length, dtype):
    x = _rows(length, dtype)
    for descending in (False, True):
        places = unstable.unstable_order(x, descending)
        np.testing.assert_array_equal(np.sort(places, -1), np.broadcast_to(np.arange(length), x.shape))
        expected = np.sort(x, -1)
        np.testing.assert_array_equal(np.take_along_axis(x, places, -1), expected[:, ::-1] if descending else expected)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_first_few_and_the_kth_are_those_of_a_sort(length):
    x = _rows(length, "float64")
    expected = np.sort(x, -1)
    for k in {1, max(length // 70, 1), length}:
        first = unstable.unstable_first(x, k, descending=False)
        np.testing.assert_array_equal(np.take_along_axis(x, first, -1), expected[:, :k])
        found = np.take_along_axis(x, unstable.kth_place(x, k - 1)[:, None], -1)
        np.testing.assert_array_equal(found[:, 0], expected[:, k - 1])


def test_nan_is_largest_and_a_negative_zero_is_a_zero():
    x = np.array([[np.nan, 0.0, -np.inf, -0.0, np.inf]])
    np.testing.assert_array_equal(unstable.unstable_order(x), [[2, 1, 3, 4, 0]])
    np.testing.assert_array_equal(unstable.unstable_order(x, True), [[0, 4, 1, 3, 2]])


def median_of_three_killer(length):
    """Return numbers whose parts by median-of-three partition hardly get smaller (Musser, 1997)."""
    half = length // 2
    x = np.empty(length, np.int64)
    for i in range(1, half + 1):
        if i % 2:
            x[i - 1], x[i] = i, half + i
        x[half + i - 1] = 2 * i
    return x


def test_a_row_that_defeats_partition_is_sorted_by_a_heap():
    x = median_of_three_killer(2000)[None] // 2
    np.testing.assert_array_equal(np.take_along_axis(x, unstable.unstable_order(x), -1), np.sort(x, -1))
