"""The complementary and the inverse error function, in units of the last place."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from minigrad_kernels import cpu


def _distance(got, want):
    """Return the largest error in units of the last place of the exact result, a float64."""
    unit = np.spacing(np.abs(want.astype(got.dtype))).astype(np.float64)
    return np.max(np.abs(got.astype(np.float64) - want) / unit)


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 0.52), (np.float64, 4.5)])
def test_inverses_are_within_a_few_units_of_the_last_place(dtype, limit):
    rng = np.random.default_rng(7)
    near_one, small = 10.0 ** rng.uniform(-16, 0, 20000), 10.0 ** rng.uniform(-30, 0, 5000)
    parts = [rng.uniform(-1, 1, 50000), 1 - near_one, near_one - 1, small, np.linspace(0.9985, 0.9995, 4000)]
    x = np.concatenate(parts).astype(dtype)
    x = x[np.abs(x) < 1]
    assert _distance(cpu.erfinv(x), special.erfinv(x.astype(np.float64))) <= limit


def test_the_function_itself_is_within_a_unit_of_the_last_place():
    rng = np.random.default_rng(7)
    parts = [rng.uniform(-1.2, 1.2, 20000), rng.uniform(-6.5, 6.5, 20000), 10.0 ** rng.uniform(-300, 0, 2000)]
    x = np.concatenate([*parts, [1.0, -1.0, np.nextafter(1.0, 0), 5.95, 30.0]])
    want = np.array([math.erf(each) for each in x])  # which is off by less than half a unit itself
    assert _distance(cpu.erf(x), want) <= 1
    ends = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0])
    np.testing.assert_array_equal(cpu.erf(ends), [1, -1, np.nan, 0, 0])
    np.testing.assert_array_equal(np.signbit(cpu.erf(ends[3:])), [False, True])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inverses_at_the_ends_and_beyond(dtype):
    x = np.array([0.0, -0.0, 1, -1, 2, -2, np.inf, -np.inf, np.nan], dtype)
    got = cpu.erfinv(x)
    np.testing.assert_array_equal(got, np.array([0, 0, np.inf, -np.inf] + [np.nan] * 5, dtype))
    np.testing.assert_array_equal(np.signbit(got[:2]), [False, True])
    assert got.dtype == dtype


def test_complements_of_single_precision_are_hardly_further_off_than_rounding():
    x = np.linspace(-10.5, 10.5, 200001).astype(np.float32)
    assert _distance(cpu.erfc(x), special.erfc(x.astype(np.float64))) <= 0.51
    ends = np.array([np.inf, -np.inf, np.nan, 11, 1e38, -1e38, 0, 1e-40], np.float32)
    np.testing.assert_array_equal(cpu.erfc(ends), np.array([0, 2, np.nan, 0, 0, 2, 1, 1], np.float32))
