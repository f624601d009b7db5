"""Activation functions and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu
from tests.kernels import naive

DTYPES = [np.float32, np.float64]
FROM_RESULT = {"sigmoid", "tanh", "relu"}  # their gradients take the result, not the input


def _function(name):
    return getattr(cpu, name.removesuffix("_tanh"))


def _gradient(name):
    return getattr(cpu, name.removesuffix("_tanh") + "_backward", None)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", naive.UNARY)
def test_value_is_within_a_few_units_of_the_last_place(name, dtype, rng):
    reference, args, limit = naive.UNARY[name]
    x = np.concatenate([rng.normal(0, 3, 4001), rng.uniform(-60, 60, 999)]).astype(dtype)
    x = np.clip(x, -25, 25) if name == "erfc" else x  # SciPy's is coarse among the denormals
    got, want = _function(name)(x, *args), reference(x.astype(naive.WIDE), *args)
    assert got.dtype == dtype
    assert got.shape == x.shape
    if limit is None:
        np.testing.assert_allclose(got.astype(naive.WIDE), want, rtol=0, atol=4e-6 if dtype is np.float32 else 1e-14)
    else:
        assert naive.ulps(got, want) <= limit


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [n for n in naive.UNARY if not n.startswith("erf")])
def test_gradient_is_the_slope_of_the_reference(name, dtype, rng):
    reference, args, _ = naive.UNARY[name]
    x = rng.normal(0, 3, 2000)
    x = x[(abs(x) > 0.01) & (abs(2 * x - 8) > 0.01)].astype(dtype)  # away from kinks and the threshold of softplus
    grad = rng.normal(size=x.shape).astype(dtype)
    wide, step = x.astype(naive.WIDE), naive.WIDE(1e-5)
    slope = (reference(wide + step, *args) - reference(wide - step, *args)) / (2 * step)
    given = _function(name)(x, *args) if name in FROM_RESULT else x
    got = _gradient(name)(grad, given, *args)
    np.testing.assert_allclose(got, grad * slope, rtol=3e-4, atol=2e-6 if dtype is np.float32 else 3e-9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", naive.UNARY)
def test_nan_and_infinity_go_where_the_formula_takes_them(name, dtype):
    args = naive.UNARY[name][1]
    got = _function(name)(np.array([np.nan, np.inf, -np.inf, 0.0], dtype), *args)
    at_infinity = {"sigmoid": 1, "tanh": 1, "erf": 1, "erfc": 0, "log_sigmoid": 0, "elu": np.inf}
    at_zero = {"sigmoid": 0.5, "softplus": np.log(2) / 2, "log_sigmoid": -np.log(2), "erfc": 1}
    assert np.isnan(got[0])
    assert got[1] == at_infinity.get(name, np.inf)
    np.testing.assert_allclose(got[3], at_zero.get(name, 0), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "at_minus_infinity"),
    [("sigmoid", 0), ("tanh", -1), ("relu", 0), ("leaky_relu", -np.inf), ("elu", -1), ("softplus", 0), ("erf", -1)],
)
def test_values_at_minus_infinity(name, at_minus_infinity):
    got = _function(name)(np.array([-np.inf], np.float32), *naive.UNARY[name][1])
    assert got[0] == at_minus_infinity


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 4, 5)])
@pytest.mark.parametrize("name", naive.UNARY)
def test_shapes_are_kept(name, shape, rng):
    x = rng.normal(size=shape).astype(np.float32)
    x = np.asarray(x, np.float32)
    args = naive.UNARY[name][1]
    got = _function(name)(x, *args)
    assert isinstance(got, np.ndarray)
    assert got.shape == shape
    if _gradient(name):
        assert _gradient(name)(x, got, *args).shape == shape


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "elu"])
@pytest.mark.parametrize("view", [np.transpose, lambda x: x[::2], lambda x: x[:, ::-1], lambda x: x[:, 1:3]])
def test_strided_and_read_only_inputs_are_read_rightly(name, view, rng):
    x = rng.normal(size=(6, 5)).astype(np.float32)
    strided = view(x)
    strided.flags.writeable = False
    np.testing.assert_array_equal(getattr(cpu, name)(strided), getattr(cpu, name)(strided.copy()))
    grad = np.broadcast_to(np.float32(2), strided.shape)
    backward = getattr(cpu, name + "_backward")
    np.testing.assert_array_equal(backward(grad, strided), backward(grad.copy(), strided.copy()))


def test_half_precision_is_computed_in_single_precision(rng):
    x = rng.normal(0, 3, 500).astype(np.float16)
    got = cpu.sigmoid(x)
    assert got.dtype == np.float16
    np.testing.assert_array_equal(got, cpu.sigmoid(x.astype(np.float32)).astype(np.float16))


def test_relu_takes_integers():
    np.testing.assert_array_equal(cpu.relu(np.array([-3, 0, 4])), [0, 0, 4])


def test_masked_scale_drops_and_scales(rng):
    x, mask = rng.normal(size=(4, 5)).astype(np.float32), rng.random((4, 5)) < 0.5
    np.testing.assert_array_equal(cpu.masked_scale(x, mask, 2.0), np.where(mask, 2 * x, 0))


def test_hardtanh_backward_is_zero_at_and_beyond_the_bounds():
    x = np.array([-2, -1, -0.5, 0.5, 1, 2], np.float32)
    np.testing.assert_array_equal(cpu.hardtanh_backward(np.ones_like(x), x), [0, 0, 1, 1, 0, 0])
