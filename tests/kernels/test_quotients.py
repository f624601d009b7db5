"""Rests and rounded quotients against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu


def _pairs(dtype):
    """Return dividends and divisors of every size, multiples and special numbers among them."""
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [rng.normal(0, 9, 900), rng.normal(0, 1e6, 900), rng.integers(-50, 50, 900), rng.normal(0, 1e20, 9)]
    )
    y = np.concatenate([rng.normal(size=1800), rng.choice([-7, -3, -1, 1, 2, 5], 900), rng.normal(size=9)])
    special = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5, -5, 3, 1e-40, 5.5, -3, 1, 6]
    others = [2, 2, 2, 3, 3, np.inf, np.inf, -np.inf, 3, 1e-40, 3, -3, 0]
    return np.append(x, special).astype(dtype), np.append(y, others).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["fmod", "remainder"])
def test_rests_are_exact(name, dtype):
    x, y = _pairs(dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(getattr(cpu, name)(x, y), getattr(np, name)(x, y))
        for number in (3.0, -0.7, 2):
            np.testing.assert_array_equal(getattr(cpu, name)(x, number), getattr(np, name)(x, dtype(number)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_quotients_are_rounded_down(dtype):
    x, y = _pairs(dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(cpu.floor_divide(x, y), np.floor_divide(x, y))
        np.testing.assert_array_equal(cpu.floor_divide(x, 0.0), x / dtype(0))
    assert cpu.floor_divide(np.ones((2, 0), dtype), 3.0).shape == (2, 0)
