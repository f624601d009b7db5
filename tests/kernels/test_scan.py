"""Running sums, and the first elements of rows, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad_kernels import cpu


@settings(max_examples=30, deadline=None)
@given(shape=st.lists(st.integers(0, 9), min_size=1, max_size=3), data=st.data())
def test_running_sums_go_either_way(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(cpu.cumsum(x, axis), np.cumsum(x, axis), rtol=1e-12, atol=1e-14)
    wanted = np.flip(np.cumsum(np.flip(x, axis), axis), axis)
    np.testing.assert_allclose(cpu.cumsum(x, axis, True), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("axis", [0, 1])
def test_running_sums_in_single_precision_are_rounded_once(axis):
    x = np.random.default_rng(0).random((3000, 2000) if axis == 0 else (5, 30000)).astype(np.float32)
    wanted = np.cumsum(x.astype(float), axis).astype(np.float32)
    np.testing.assert_array_equal(cpu.cumsum(x, axis), wanted)


@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("k", [1, 3, 8])
def test_the_first_elements_are_those_of_a_stable_sort(k, largest):
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, (40, 8)).astype(np.float32)  # with many ties
    x[::5, 2], x[::7, 6] = np.nan, np.nan
    x[::3, 1], x[::4, 5] = np.inf, -np.inf
    keys = np.where(np.isnan(x), np.inf, x) * (-1 if largest else 1), np.isnan(x) * (-1 if largest else 1)
    order = np.lexsort(keys, 1)  # stable, nan last or first
    values, places = cpu.topk(x, k, largest)
    np.testing.assert_array_equal(places, order[:, :k])
    np.testing.assert_array_equal(values, np.take_along_axis(x, order[:, :k], 1))


@settings(max_examples=30, deadline=None)
@given(shape=st.lists(st.integers(1, 6), min_size=1, max_size=3), count=st.integers(0, 5), data=st.data())
def test_elements_are_taken_along_an_axis(shape, count, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    index = rng.integers(0, shape[axis], [count if k == axis else n for k, n in enumerate(shape)])
    np.testing.assert_array_equal(cpu.gather(x, axis, index), np.take_along_axis(x, index, axis))
