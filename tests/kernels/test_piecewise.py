"""Functions of straight pieces, other arithmetic in one pass, and choices by a mask, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu

WANTED = {
    "clip": (lambda x, low, high: np.minimum(np.maximum(x, low), high), (-0.5, 1.25)),
    "hardsigmoid": (lambda x: np.clip(x + 3, 0, 6) / 6, ()),
    "hardswish": (lambda x: x * np.clip(x + 3, 0, 6) / 6, ()),
    "hardshrink": (lambda x, size: np.where(np.abs(x) <= size, 0, x), (0.5,)),
    "softshrink": (lambda x, size: x - np.clip(x, -size, size), (0.5,)),
    "sign": (lambda x: np.where(np.isnan(x), 0, np.sign(x)), ()),
    "frac": (lambda x: x - np.trunc(x), ()),
    "cube": (lambda x: x**3, ()),
    "made_finite": (lambda x, *rest: np.nan_to_num(x, True, *rest), (0.25, 3.0, -4.0)),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", WANTED)
def test_functions_are_numpys_of_any_layout(name, dtype):
    wanted, arguments = WANTED[name]
    x = np.random.default_rng(0).normal(0, 4, (33, 20)).astype(dtype)
    x[0, :7] = np.nan, np.inf, -np.inf, 0, 0.5, -0.5, 1.25
    limit = {np.float16: 2e-3, np.float32: 1e-6, np.float64: 1e-14}[dtype]
    for each in (x, x.T, x[:, ::3], x[0, 0], x[:0]):
        each = np.asarray(each)
        got = getattr(cpu, name)(each, *arguments)
        assert (got.shape, got.dtype) == (each.shape, dtype)
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(got, wanted(each, *arguments), rtol=limit, atol=limit)


def test_bounds_that_are_nan_or_exchanged():
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(cpu.clip(x, np.nan, 2), [np.nan] * 3)
    np.testing.assert_array_equal(cpu.clip(x, 3, 2), [2, 2, 2])


@pytest.mark.parametrize("weight", [-0.7, 0.0, 0.3, 0.5, 1.0, 2.0])
def test_points_on_a_line_meet_both_ends(weight):
    x, end = np.random.default_rng(0).normal(size=(2, 50))
    np.testing.assert_allclose(cpu.lerp(x, end, weight), x + weight * (end - x), rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(cpu.lerp(x, end, 1.0), end)
    np.testing.assert_array_equal(cpu.lerp(x, end, np.full(50, weight)), cpu.lerp(x, end, weight))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_signs_are_copied_from_zeros_and_nan_too(dtype):
    x = np.array([[1, -2, np.inf, np.nan, 0.0, -0.0]] * 6, dtype)
    got = cpu.copysign(x, x.T)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(x.T))
    np.testing.assert_array_equal(got, np.copysign(x, x.T))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_slopes_of_hardswish_at_its_kinks_and_between(dtype):
    x = np.array([-4, -3, -1.5, 0, 1, 3, 5, np.nan], dtype)
    wanted = np.array([0, 0, 0, 0.5, 1 / 3 + 0.5, 1, 1, 1]) * 2  # at nan as above, like PyTorch
    np.testing.assert_allclose(cpu.hardswish_backward(np.full(8, 2, dtype), x), wanted, rtol=2 * np.finfo(dtype).eps)


def test_integers_are_brought_between_bounds():
    x = np.array([-(2**63), -3, 0, 4, 2**63 - 1])
    np.testing.assert_array_equal(cpu.clip(x, -1, 2**62), np.clip(x, -1, 2**62))


def test_sums_with_a_product():
    x, y, z = np.random.default_rng(0).normal(size=(3, 4, 5))
    np.testing.assert_allclose(cpu.addcmul(x, y, z, -0.5), x - 0.5 * y * z, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shapes", [[(7,)] * 3, [(90, 70), (70,), (90, 1)], [(70,), (90, 70), (1, 1)], [(90, 70)] * 3])
def test_choices_are_those_of_where(shapes, dtype):
    rng = np.random.default_rng(0)
    mask, (x, y) = rng.random(shapes[0]) < 0.5, ((rng.random(shape) * 9).astype(dtype) for shape in shapes[1:])
    number = np.ones((), dtype).item()
    for a, b in ((x, y), (x, number), (number, y), (x, y.reshape(-1)[:1].reshape(()))):
        got, want = cpu.choose(mask, a, b), np.where(mask, a, b)
        assert (got.shape, got.dtype) == (want.shape, dtype)
        np.testing.assert_array_equal(got, want)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="broadcast"):
        cpu.choose(np.ones(5000, bool), np.ones(4000), 0)
