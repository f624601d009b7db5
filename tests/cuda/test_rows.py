"""Softmax and its kin on the simulator, a block of which has four threads."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels.cuda import rows
from tests.cuda.twins import DTYPES, check

NAMES = ["softmax", "log_softmax", "logsumexp"]


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_rows_of_any_width(name, dtype, rng):
    for width in (1, 3, 8, 37):
        check(name, rng.normal(0, 5, (5, width)).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_gradients_of_rows_of_any_width(name, dtype, rng):
    for width in (1, 3, 8, 37):
        out = check(name, rng.normal(0, 2, (5, width)).astype(dtype))
        check(name + "_backward", rng.normal(size=(5, width)).astype(dtype), out)


@pytest.mark.parametrize("many", [1, 4096])
@pytest.mark.parametrize("axis", [0, 1, 2, -2])
def test_any_axis(axis, many, rng, monkeypatch):
    monkeypatch.setattr(rows, "_MANY", many)
    x = rng.normal(size=(3, 7, 2)).astype(np.float32)
    for name in NAMES:
        check(name, x, axis)
    check("softmax_backward", x, x, axis)
    check("log_softmax_backward", x, x, axis)
    check("logsumexp", x, axis, True)
    check("softmax", x.transpose(2, 0, 1), axis)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 0, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_no_elements_and_no_axes(name, shape):
    check(name, np.ones(shape, np.float32))


@pytest.mark.parametrize("name", NAMES)
def test_infinities_and_nan(name):
    inf, nan = np.inf, np.nan
    check(name, np.array([[1, -inf, 2], [-inf, -inf, -inf], [inf, 1, 2], [nan, 1, 2], [1, 2, nan]], np.float32))
    check(name, np.array([[1e38, -1e38, 0], [700, 710, 720]], np.float32))
