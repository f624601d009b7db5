"""Elementary functions against NumPy in a wider type."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu
from tests.kernels import naive

LIMITS = {"exp": (1.1, 1.0), "log": (0.9, 1.0), "rsqrt": (1.5, 1.5), "sin": (1.6, 0.8), "cos": (1.6, 0.8)}


def _wanted(name, x):
    with np.errstate(all="ignore"):
        return 1 / np.sqrt(x) if name == "rsqrt" else getattr(np, name)(x)


def _arguments(name, dtype):
    """Return arguments of every size, and those where sines and cosines vanish."""
    rng = np.random.default_rng(0)
    spans = (1, 30, 2000) if name in ("sin", "cos") else (1, 80)
    x = np.concatenate([rng.normal(0, 1, 3001), *(rng.uniform(-span, span, 2000) for span in spans)])
    if name in ("log", "rsqrt"):
        return np.concatenate([abs(x), np.exp(rng.uniform(-80, 80, 2000)), 1 + x / 1e4]).astype(dtype)
    return np.concatenate([x, np.arange(1, 2000) * np.pi / 2]).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LIMITS)
def test_value_is_within_an_ulp_or_two(name, dtype):
    x = _arguments(name, dtype)
    got = getattr(cpu, name)(x)
    assert (got.shape, got.dtype) == (x.shape, dtype)
    want = _wanted(name, x.astype(np.float64 if dtype is np.float32 else np.longdouble))
    assert naive.ulps(got, want) <= LIMITS[name][dtype is np.float64]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", LIMITS)
def test_nan_infinities_zeros_and_denormals(name, dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, tiny, -tiny, 9 * tiny], dtype)
    got, want = getattr(cpu, name)(x), _wanted(name, x)
    np.testing.assert_allclose(got, want, rtol=2e-3 if dtype is np.float16 else 1e-6)
    np.testing.assert_array_equal(np.signbit(got[3:5]), np.signbit(want[3:5]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_powers_of_e_fade_out_and_overflow(dtype):
    edges = {np.float32: [-103.9, -95.0, -87.4, 88.7, 88.8, -104.1], np.float64: [-745.1, -710.0, 709.7, 709.8, -746.0]}
    x = np.array(edges[dtype], dtype)
    with np.errstate(all="ignore"):
        want = np.exp(x.astype(np.longdouble)).astype(dtype)
    np.testing.assert_allclose(cpu.exp(x), want, rtol=1e-6, atol=np.finfo(dtype).smallest_subnormal)


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arguments_that_are_large_among_small_ones(name, dtype):
    x = np.linspace(-3, 3, 2500).astype(dtype)
    x[::300], x[7], x[1800] = 3e8, -1e30, np.inf
    np.testing.assert_allclose(getattr(cpu, name)(x), _wanted(name, x.astype(np.float64)), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logarithms_of_two_exponentials(dtype):
    x, y = np.random.default_rng(0).normal(0, 30, (2, 3000)).astype(dtype)
    y[::7] = x[::7]
    x[:9] = [np.nan, 1, np.inf, np.inf, -np.inf, -np.inf, -np.inf, 1000, -2000]
    y[:9] = [1, np.nan, np.inf, -np.inf, -np.inf, 2, np.inf, 999, -2000]
    with np.errstate(all="ignore"):
        want = np.logaddexp(x.astype(np.longdouble), y.astype(np.longdouble))
    got = cpu.logaddexp(x, y)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, want.astype(dtype), rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lengths_neither_overflow_nor_vanish(dtype):
    info = np.finfo(dtype)
    rng = np.random.default_rng(0)
    sizes = np.exp(rng.uniform(np.log(info.smallest_subnormal), np.log(info.max / 2), (2, 4000)))
    near = sizes[0] * rng.uniform(0.2, 5, 4000) / 8
    for x, y in (sizes, (sizes[0], near)):
        x, y = x.astype(dtype), -y.astype(dtype)
        want = np.hypot(x.astype(np.longdouble), y.astype(np.longdouble))
        np.testing.assert_allclose(
            cpu.hypot(x, y), want.astype(dtype), rtol=1.2 * info.eps, atol=info.smallest_subnormal
        )
    x = np.array([np.inf, np.nan, np.nan, 0.0, -3.0], dtype)
    np.testing.assert_array_equal(
        cpu.hypot(x, x[[1, 0, 4, 3, 2]]), np.array([np.inf, np.inf, np.nan, 0, np.nan], dtype)
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_products_with_logarithms_and_log_odds(dtype):
    x = np.array([0.0, 0.0, 0.0, 2.0, 3.0, -1.0, np.nan], dtype)
    y = np.array([0.0, np.nan, -1.0, 0.0, 2.0, 0.5, 1.0], dtype)
    wanted = np.array([0, np.nan, 0, -np.inf, 3 * np.log(2), np.log(2), np.nan])
    np.testing.assert_allclose(cpu.xlogy(x, y), wanted, rtol=2 * np.finfo(dtype).eps)
    odds = np.array([0.0, 0.25, 0.5, 1.0, -1.0, np.nan], dtype)
    wanted = np.array([-np.inf, -np.log(3), 0, np.inf, np.nan, np.nan])
    np.testing.assert_allclose(cpu.logit(odds), wanted, rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_allclose(cpu.logit(odds[:4], 0.25, 0.5), np.log([1 / 3, 1 / 3, 1, 1]), rtol=2e-3)
