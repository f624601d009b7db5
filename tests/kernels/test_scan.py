"""Running sums, and elements taken along an axis, against NumPy."""

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
    np.testing.assert_allclose(cpu.cumprod(x, axis), np.cumprod(x, axis), rtol=1e-12, atol=1e-14)
    large = (x * 2**60).astype(np.int64)
    np.testing.assert_array_equal(cpu.cumsum(large, -1), np.cumsum(large, -1))
    np.testing.assert_array_equal(cpu.cumprod(large, -1), np.cumprod(large, -1))


@settings(max_examples=30, deadline=None)
@given(shape=st.lists(st.integers(0, 9), min_size=1, max_size=3), data=st.data())
def test_running_extremes_are_where_they_were_last_met(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(0).integers(-4, 5, shape).astype(data.draw(st.sampled_from(["float32", "int64"])))
    for largest, running in ((True, np.maximum), (False, np.minimum)):
        values, places = cpu.running_extreme(x, largest, axis)
        np.testing.assert_array_equal(values, running.accumulate(x, axis))
        np.testing.assert_array_equal(np.take_along_axis(x, places, axis), values)
        place = np.moveaxis(places, axis, -1)
        along = np.moveaxis(x, axis, -1)
        for k in range(place.shape[-1]):
            later = np.arange(along.shape[-1]) > place[..., k : k + 1]
            until = np.arange(along.shape[-1]) <= k
            met = (along == np.moveaxis(values, axis, -1)[..., k : k + 1]) & later & until
            assert not met.any()


def test_a_running_nan_stays():
    values, places = cpu.running_extreme(np.array([1.0, np.nan, 3.0, np.nan, 9.0]), True)
    np.testing.assert_array_equal(values, [1, np.nan, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(places, [0, 1, 1, 3, 3])


@pytest.mark.parametrize("axis", [0, 1])
def test_running_sums_in_single_precision_are_rounded_once(axis):
    x = np.random.default_rng(0).random((3000, 2000) if axis == 0 else (5, 30000)).astype(np.float32)
    wanted = np.cumsum(x.astype(float), axis).astype(np.float32)
    np.testing.assert_array_equal(cpu.cumsum(x, axis), wanted)


@settings(max_examples=30, deadline=None)
@given(shape=st.lists(st.integers(1, 6), min_size=1, max_size=3), count=st.integers(0, 5), data=st.data())
def test_elements_are_taken_along_an_axis(shape, count, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    index = rng.integers(0, shape[axis], [count if k == axis else n for k, n in enumerate(shape)])
    np.testing.assert_array_equal(cpu.gather(x, axis, index), np.take_along_axis(x, index, axis))
