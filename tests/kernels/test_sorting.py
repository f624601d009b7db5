"""Orders of rows, stable ones and those that leave equal elements where PyTorch leaves them, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu

LENGTHS = (1, 2, 16, 17, 100, 1000)


def _rows(length, dtype):
    return np.random.default_rng(length).integers(0, 7, (3, length)).astype(dtype)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool"])
def test_places_are_a_permutation_that_sorts(length, dtype):
    x = _rows(length, dtype)
    for descending in (False, True):
        places = cpu.order_rows(x, descending, True)
        np.testing.assert_array_equal(np.sort(places, -1), np.broadcast_to(np.arange(length), x.shape))
        expected = np.sort(x, -1)
        np.testing.assert_array_equal(np.take_along_axis(x, places, -1), expected[:, ::-1] if descending else expected)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_first_few_and_the_kth_are_those_of_a_sort(length):
    x = _rows(length, "float64")
    expected = np.sort(x, -1)
    for k in {1, max(length // 70, 1), length}:
        first = cpu.first_of_rows(x, k, False, mimics=True)[1]
        np.testing.assert_array_equal(np.take_along_axis(x, first, -1), expected[:, :k])
        found = np.take_along_axis(x, cpu.kth_of_rows(x, k - 1)[1][:, None], -1)
        np.testing.assert_array_equal(found[:, 0], expected[:, k - 1])


@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("k", [1, 3, 8])
def test_the_first_elements_are_those_of_a_stable_sort(k, largest):
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, (40, 8)).astype(np.float32)  # with many ties
    x[::5, 2], x[::7, 6] = np.nan, np.nan
    x[::3, 1], x[::4, 5] = np.inf, -np.inf
    keys = np.where(np.isnan(x), np.inf, x) * (-1 if largest else 1), np.isnan(x) * (-1 if largest else 1)
    order = np.lexsort(keys, 1)  # stable, nan last or first
    values, places = cpu.first_of_rows(x, k, largest)
    np.testing.assert_array_equal(places, order[:, :k])
    np.testing.assert_array_equal(values, np.take_along_axis(x, order[:, :k], 1))


@pytest.mark.parametrize("length", [1, 2, 15, 64, 81, 300, 70000])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
def test_a_stable_sort_keeps_equal_elements_in_order(length, dtype):
    rng = np.random.default_rng(length)
    x = (rng.normal(size=(2, length)) * 30).astype(dtype)
    if dtype.startswith("float"):
        x[rng.random(x.shape) < 0.1], x[rng.random(x.shape) < 0.1] = np.nan, -np.inf
    values, places = cpu.sort_rows(x)
    np.testing.assert_array_equal(places, np.argsort(x, -1, kind="stable"))
    np.testing.assert_array_equal(values, np.take_along_axis(x, places, -1))
    np.testing.assert_array_equal(cpu.order_rows(x), places)
    values, places = cpu.sort_rows(x, True)
    flipped = np.flip(np.argsort(np.flip(x, -1), -1, kind="stable"), -1)
    np.testing.assert_array_equal(places, length - 1 - flipped)
    np.testing.assert_array_equal(values, np.take_along_axis(x, places, -1))


def test_integers_from_end_to_end_are_sorted():
    x = np.array([[2**63 - 1, -(2**63), 0, -1, 2**62, 2**33]])
    for row in (x, np.tile(x, 20)):
        np.testing.assert_array_equal(cpu.sort_rows(row)[0], np.sort(row))
        np.testing.assert_array_equal(cpu.sort_rows(row, True)[0], np.sort(row)[:, ::-1])


@pytest.mark.parametrize("length", [1, 2, 9, 24, 25, 200])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_the_median_is_the_lower_one_of_two(length, dtype):
    rng = np.random.default_rng(length)
    x = rng.integers(-50, 50, (4, length)).astype(dtype)
    middle = np.sort(x, -1)[:, (length - 1) // 2]
    values, places = cpu.median_of_rows(x)
    np.testing.assert_array_equal(values, middle)
    np.testing.assert_array_equal(np.take_along_axis(x, places[:, None], -1)[:, 0], middle)
    if dtype != "int64" and length > 2:
        x[:, 1], x[0, 2] = np.nan, np.nan
        np.testing.assert_array_equal(cpu.median_of_rows(x)[1], 1)
        kept = np.sort(x, -1)  # nan last
        count = (~np.isnan(x)).sum(-1)
        found = cpu.median_of_rows(x, True)[0][:, None]
        np.testing.assert_array_equal(found, np.take_along_axis(kept, np.maximum(count - 1, 0)[:, None] // 2, -1))


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize("length", [1, 2, 9, 200])
def test_the_mode_is_the_smallest_of_the_most_frequent(length, dtype):
    x = np.random.default_rng(length).integers(0, 5, (6, length)).astype(dtype)
    for each in (x, np.asfortranarray(x)):
        values, places = cpu.mode_of_rows(each)
        for row, value, place in zip(x, values, places, strict=True):
            kinds, counts = np.unique(row, return_counts=True)
            assert value == kinds[counts.argmax()] == row[place]


def test_nan_is_largest_and_a_negative_zero_is_a_zero():
    x = np.array([[np.nan, 0.0, -np.inf, -0.0, np.inf]])
    np.testing.assert_array_equal(cpu.order_rows(x, False, True), [[2, 1, 3, 4, 0]])
    np.testing.assert_array_equal(cpu.order_rows(x, True, True), [[0, 4, 1, 3, 2]])


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
    np.testing.assert_array_equal(np.take_along_axis(x, cpu.order_rows(x, False, True), -1), np.sort(x, -1))
