"""Sums, means and biases on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cuda
from tests.cuda.twins import DTYPES, check, on_device

AXES = [None, 0, 1, 2, -1, (0, 1), (1, 2), (0, 2), (0, 1, 2), ()]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
def test_any_axes(axis, keepdims, rng):
    x = rng.normal(size=(3, 5, 34))
    check("sum", x, axis, keepdims)
    check("mean", x.astype(np.float32), axis, keepdims)
    check("prod", x.astype(np.float32), axis, keepdims)
    if axis != ():
        check("squared_deviations", x, axis, keepdims)
    for order in (1, 2):
        check("vector_norm", x, order, axis, keepdims)
    check("extreme", x, True, axis, keepdims)
    check("extreme", x, False, axis, keepdims)
    if isinstance(axis, int):
        check("extreme_at", x, True, axis, keepdims)
        check("extreme_at", x, False, axis, keepdims)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(300,), (3, 200), (200, 3), (200, 40), (2, 150, 2), (1, 1)])
def test_long_sums_are_made_in_parts(shape, dtype, rng):
    x = rng.uniform(1, 2, shape).astype(dtype)
    for axis in range(len(shape)):
        check("sum", x, axis)
        check("mean", x, axis)
    check("mean", x)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (0, 3), (2, 0, 3)])
def test_no_elements_and_no_axes(shape):
    for name in ("sum", "mean"):
        check(name, np.ones(shape, np.float32))
        for axis in range(len(shape)):
            check(name, np.ones(shape, np.float32), axis)


def test_strided_arrays(rng):
    x = rng.normal(size=(4, 6, 2))
    for axis in (None, 0, -1, (0, 2)):
        check("sum", x.T, axis)
        check("mean", x[::2], axis, True)


def test_sums_are_the_same_in_every_run(rng):
    x = on_device(rng.normal(size=999).astype(np.float32))
    assert len({float(cuda.sum(x).get()) for _ in range(3)}) == 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (3, 11), (2, 3, 7), (4, 1), (0, 3), (3, 0)])
def test_biases(shape, dtype, rng):
    out, bias = rng.normal(size=shape).astype(dtype), rng.normal(size=shape[-1:]).astype(dtype)
    check("add_bias", out, bias)
    check("column_sums", out.reshape(-1, shape[-1]) if out.size else out)
    check("add_bias", np.repeat(out, 2, 0)[::2], bias)
