"""Largest and smallest elements against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu

DTYPES = ["float16", "float32", "float64", "int64"]
SHAPES = [(1,), (7,), (300,), (5, 3), (3, 150), (150, 3), (2, 140, 5), (4, 1, 33)]


def _array(shape, dtype, nans):
    """Return numbers with many equal ones, some of them nan or infinite."""
    rng = np.random.default_rng(len(shape) + shape[0])
    x = rng.integers(-20, 20, shape).astype(dtype)
    if nans:
        x[rng.random(shape) < 0.02] = np.nan if x.dtype.kind == "f" else np.iinfo(x.dtype).max
        x[rng.random(shape) < 0.02] = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return x


@pytest.mark.parametrize("nans", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_extremes_and_the_first_places_of_them(shape, dtype, nans):
    x = _array(shape, dtype, nans)
    for each in (x, np.asfortranarray(x), np.repeat(x, 2, -1)[..., ::2]):
        for axis in range(-len(shape), len(shape)):
            for keepdims in (False, True):
                for largest, value, place in ((True, np.max, np.argmax), (False, np.min, np.argmin)):
                    values, places = cpu.extreme_at(each, largest, axis, keepdims)
                    np.testing.assert_array_equal(values, value(x, axis, keepdims=keepdims))
                    np.testing.assert_array_equal(places, place(x, axis, keepdims=keepdims))
                    assert (values.dtype, places.dtype) == (dtype, np.int64)
                    np.testing.assert_array_equal(cpu.extreme(each, largest, axis, keepdims), values)


@pytest.mark.parametrize("largest", [True, False])
def test_extremes_over_several_axes(largest):
    x = _array((3, 4, 5), "float32", True)
    for axis in (None, (0, 2), (1, 2), (0, 1, 2)):
        want = (np.max if largest else np.min)(x, axis)
        np.testing.assert_array_equal(cpu.extreme(x, largest, axis), want)
        np.testing.assert_array_equal(cpu.extreme(x.transpose(1, 2, 0).transpose(2, 0, 1), largest, axis), want)


def test_nothing_along_the_kept_axes():
    values, places = cpu.extreme_at(np.empty((0, 3), np.float32), True, 1)
    assert values.shape == places.shape == (0,)
    assert cpu.extreme(np.empty((2, 0), np.float32), False, 0).shape == (0,)
