"""Softmax and its kin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from minigrad_kernels import cpu
from tests.kernels import naive

TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 2e-6}, np.float64: {"rtol": 1e-12, "atol": 1e-13}}
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


@dtypes
@settings(max_examples=25, deadline=None)
@given(shape=st.lists(st.integers(1, 7), min_size=1, max_size=3), data=st.data())
def test_softmax_family_matches_the_formulas(dtype, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, grad = rng.normal(0, 5, shape).astype(dtype), rng.normal(size=shape).astype(dtype)
    close, out = TOLERANCE[dtype], naive.softmax(x.astype(float), axis)
    np.testing.assert_allclose(cpu.softmax(x, axis), out, **close)
    np.testing.assert_allclose(cpu.log_softmax(x, axis), np.log(out), **close)
    np.testing.assert_allclose(cpu.logsumexp(x, axis), special.logsumexp(x.astype(float), axis), **close)
    assert cpu.logsumexp(x, axis, keepdims=True).shape == tuple(np.sum(x, axis, keepdims=True).shape)
    by_hand = out * (grad - (grad * out).sum(axis, keepdims=True))
    np.testing.assert_allclose(cpu.softmax_backward(grad, out.astype(dtype), axis), by_hand, **close)
    by_hand = grad - out * grad.sum(axis, keepdims=True)
    np.testing.assert_allclose(cpu.log_softmax_backward(grad, np.log(out).astype(dtype), axis), by_hand, **close)


@dtypes
@pytest.mark.parametrize("width", [1, 2, 10, 33, 1000])
def test_rows_of_any_width_sum_to_one(dtype, width):
    x = np.random.default_rng(1).normal(0, 20, (5, width)).astype(dtype)
    out = cpu.softmax(x)
    np.testing.assert_allclose(out.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(out, naive.softmax(x.astype(float), -1), **TOLERANCE[dtype])


def test_large_logits_do_not_overflow():
    x = np.array([[1e4, 0, -1e4], [-1e30, -1e30, -1e30]], np.float32)
    np.testing.assert_allclose(cpu.softmax(x), [[1, 0, 0], [1 / 3] * 3], rtol=1e-6)
    np.testing.assert_allclose(cpu.log_softmax(x), [[0, -1e4, -2e4], [-np.log(3)] * 3], rtol=1e-6)


def test_masked_out_entries_have_no_probability():
    x = np.array([[0, -np.inf, 0], [-np.inf] * 3], np.float32)
    np.testing.assert_array_equal(cpu.softmax(x), [[0.5, 0, 0.5], [np.nan] * 3])


def test_what_is_too_small_for_a_normal_number_is_nothing():
    x = np.array([[0, -80, -100, -1e4]])
    np.testing.assert_allclose(cpu.softmax(x.astype(np.float32)), [[1, np.exp(-80), 0, 0]], rtol=1e-5, atol=0)
    np.testing.assert_allclose(cpu.softmax(x), [[1, np.exp(-80), np.exp(-100), 0]], rtol=1e-14, atol=0)


def test_logsumexp_of_infinities_and_nan():
    x = np.array([[np.inf, 1], [-np.inf, -np.inf], [np.inf, -np.inf], [np.nan, 0], [np.inf, np.nan]], np.float32)
    np.testing.assert_array_equal(cpu.logsumexp(x), [np.inf, -np.inf, np.inf, np.nan, np.nan])


@pytest.mark.parametrize("function", [cpu.softmax, cpu.log_softmax])
def test_scalars_and_empty_arrays(function):
    assert function(np.array(3.0)).shape == ()
    assert float(cpu.softmax(np.array(3.0))) == 1
    assert function(np.empty((0, 4), np.float32)).shape == (0, 4)
    assert function(np.empty((4, 0), np.float32)).shape == (4, 0)


def test_logsumexp_over_nothing_is_minus_infinity():
    np.testing.assert_array_equal(cpu.logsumexp(np.empty((2, 0), np.float32)), [-np.inf] * 2)
    assert cpu.logsumexp(np.empty((0, 3), np.float32)).shape == (0,)


@pytest.mark.parametrize("axis", [0, 1])
def test_rows_that_lie_apart_are_those_that_lie_together(axis):
    rng = np.random.default_rng(0)
    x, grad = rng.normal(0, 5, (2, 3, 4, 1500)), rng.normal(size=(2, 3, 4, 1500))
    x[0, 1, 2, 3], x[1, 1, 2, 1400] = np.nan, np.inf
    x[:, 0, 1, 7] = -np.inf

    def last(array):
        return np.ascontiguousarray(np.moveaxis(array, axis, -1))

    for run in (cpu.softmax, cpu.log_softmax):
        np.testing.assert_allclose(last(run(x, axis)), run(last(x)), rtol=1e-12)
    for run in (cpu.softmax_backward, cpu.log_softmax_backward):
        np.testing.assert_allclose(last(run(grad, x, axis)), run(last(grad), last(x)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(cpu.logsumexp(x, axis), cpu.logsumexp(last(x)), rtol=1e-12)
