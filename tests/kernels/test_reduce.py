"""Sums and means against NumPy in long double."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad_kernels import cpu

CLOSE = {np.float32: {"rtol": 1e-5, "atol": 1e-5}, np.float64: {"rtol": 1e-12, "atol": 1e-12}}


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("name", ["sum", "mean", "prod"])
@given(data=st.data(), shape=st.lists(st.integers(0, 5), max_size=4), keepdims=st.booleans(), seed=st.integers(0, 99))
def test_any_axes(name, dtype, data, shape, keepdims, seed):
    ndim = len(shape)
    one = st.integers(-ndim, ndim - 1) if ndim else st.none()
    several = st.lists(st.integers(0, ndim - 1), unique=True, min_size=1).map(tuple) if ndim else st.none()
    axis = data.draw(st.one_of(st.none(), one, several))
    x = np.asarray(np.random.default_rng(seed).normal(size=shape), dtype)
    if data.draw(st.booleans()):
        x = x.T
    elif data.draw(st.booleans()) and ndim > 1:
        x = np.swapaxes(x, 0, -1)
    got = getattr(cpu, name)(x, axis, keepdims)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = np.asarray(getattr(np, name)(x.astype(np.longdouble), axis=axis, keepdims=keepdims))
    assert isinstance(got, np.ndarray)
    assert got.shape == want.shape
    assert got.dtype == dtype
    np.testing.assert_allclose(got, want.astype(dtype), **CLOSE[dtype])


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_sums_and_products_of_integers_wrap_around_as_numpys(dtype, axis):
    x = np.random.default_rng(2).integers(-(2**62), 2**62, (5, 40, 3)).astype(dtype)
    for each in (x, x.transpose(2, 0, 1), x[:, ::2], x[:0]):
        for keepdims in (False, True):
            want = each.sum(axis, np.int64, keepdims=keepdims)
            got = cpu.integer_sum(each, axis, keepdims)
            assert (got.shape, got.dtype) == (want.shape, np.int64)
            np.testing.assert_array_equal(got, want)
            if dtype == "int64":
                np.testing.assert_array_equal(cpu.prod(each, axis, keepdims), each.prod(axis, keepdims=keepdims))


@pytest.mark.parametrize("axis", [None, 0, 2, (0, 2), (-1, -2), (0, 1, 2)])
def test_variances_are_divided_and_rooted(axis):
    x = np.random.default_rng(2).normal(size=(5, 4, 3))
    for each in (x, x.transpose(2, 0, 1)):
        for keepdims in (False, True):
            count = each.size // np.var(each, axis).size
            want = np.std(each, axis, ddof=1, keepdims=keepdims)
            got = cpu.squared_deviations(each, axis, keepdims, count - 1, True)
            assert got.shape == want.shape
            np.testing.assert_allclose(got, want, rtol=1e-13)


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_long_sums_stay_exact(axis):
    x = np.full((1200, 1100), 0.1, np.float32)
    want = x.sum(axis, dtype=np.longdouble)
    np.testing.assert_allclose(cpu.sum(x, axis), want.astype(np.float32), rtol=1.2e-7)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (0, 1), (0, 1, 2)])
@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 200, 3), (0, 2, 1)])
def test_norms(shape, axis, order, dtype):
    x = np.random.default_rng(3).normal(size=shape).astype(dtype)
    size = np.abs(x.astype(np.longdouble)) ** order
    for keepdims in (False, True):
        want = size.sum(axis, keepdims=keepdims) ** (1 / order)
        for each in (x, np.asfortranarray(x)):
            got = cpu.vector_norm(each, order, axis, keepdims)
            assert (got.shape, got.dtype) == (want.shape, dtype)
            np.testing.assert_allclose(got, want.astype(dtype), **CLOSE[dtype])


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (0, 1), (0, 1, 2)])
@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 200, 3), (4, 2, 1)])
def test_squared_deviations_of_numbers_far_from_zero(shape, axis, dtype):
    x = (100 + np.random.default_rng(3).normal(size=shape)).astype(dtype)
    for keepdims in (False, True):
        wide = x.astype(np.longdouble)
        want = np.square(wide - wide.mean(axis, keepdims=True)).sum(axis, keepdims=keepdims)
        for each in (x, np.asfortranarray(x), np.swapaxes(np.ascontiguousarray(np.swapaxes(x, 0, 1)), 0, 1)):
            got = cpu.squared_deviations(each, axis, keepdims)
            assert (got.shape, got.dtype) == (want.shape, dtype)
            np.testing.assert_allclose(got, want.astype(dtype), **CLOSE[dtype])


def test_norms_do_not_overflow_on_the_way():
    assert cpu.vector_norm(np.full(4, 1e30, np.float32), 2) == np.float32(2e30)


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_rounding_errors_of_long_sums_are_few(axis):
    x = np.random.default_rng(0).normal(size=(700, 900)).astype(np.float32)
    error = np.abs(cpu.sum(x, axis) - x.sum(axis, dtype=np.float64)).max()
    assert error <= 2.0**-24 * np.abs(x).sum(axis, dtype=np.float64).max() / 4


def test_nan_and_infinity_pass():
    x = np.array([[np.nan, 1], [np.inf, 1], [np.inf, -np.inf]], np.float32)
    np.testing.assert_array_equal(cpu.sum(x, 1), [np.nan, np.inf, np.nan])


def test_half_precision_sums_beyond_its_own_range_of_exactness():
    assert cpu.sum(np.ones(5000, np.float16)) == 5000
