"""Products by panels against NumPy's, of factors that lie in memory in any order."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu
from minigrad_kernels.cpu import products

TOLERANCES = {"float32": 1e-3, "float64": 1e-10}


@pytest.fixture
def always(monkeypatch):
    """Take the loops for products of any size."""
    monkeypatch.setattr(products, "_suits", lambda a, b: True)


def _turned(array):
    return np.swapaxes(np.swapaxes(array, -1, -2).copy(), -1, -2)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (17, 40, 33), (9, 300, 64), (260, 520, 70), (5, 16, 32)])
def test_products_of_factors_in_any_order(sizes, batch, dtype, always):
    rng = np.random.default_rng(0)
    rows, depth, columns = sizes
    a = rng.normal(size=(*batch, rows, depth)).astype(dtype)
    b = rng.normal(size=(*batch, depth, columns)).astype(dtype)
    wanted = np.matmul(a.astype(float), b.astype(float))
    for left in (a, _turned(a)):
        for right in (b, _turned(b)):
            got = cpu.matmul(left, right)
            assert got.dtype == dtype
            np.testing.assert_allclose(got, wanted, rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype])


def test_batches_broadcast(always):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 1, 9, 20)), rng.normal(size=(3, 20, 33))
    np.testing.assert_allclose(cpu.matmul(a, b), a @ b, rtol=1e-11, atol=1e-12)
    spread = np.broadcast_to(b[:1], (2, 20, 33))
    np.testing.assert_allclose(cpu.matmul(a[:, 0], spread), a[:, 0] @ b[0], rtol=1e-11, atol=1e-12)


def test_heads_that_lie_between_the_rows(always):
    rng = np.random.default_rng(2)
    query, key = (rng.normal(size=(2, 20, 3, 32)).transpose(0, 2, 1, 3) for _ in range(2))
    np.testing.assert_allclose(
        cpu.matmul(query, key.swapaxes(-1, -2)), query @ key.swapaxes(-1, -2), rtol=1e-11, atol=1e-12
    )


def test_nan_and_infinity_reach_the_result(always):
    a, b = np.ones((9, 40), np.float32), np.ones((40, 35), np.float32)
    a[3, 5], b[7, 34] = np.nan, np.inf
    got = cpu.matmul(a, b)
    assert np.isnan(got[3]).all()
    assert np.isinf(got[[0, 8], 34]).all()
    assert (got[0, :34] == 40).all()


def test_other_products_are_those_of_blas():
    rng = np.random.default_rng(3)
    for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((2, 0), (0, 4)), ((5, 2, 3), (3, 4))):
        left, right = rng.normal(size=a), rng.normal(size=b)
        np.testing.assert_allclose(cpu.matmul(left, right), np.matmul(left, right), rtol=1e-11, atol=1e-12)
    with pytest.raises(ValueError, match=r"shapes|mismatch"):
        cpu.matmul(np.ones((2, 3)), np.ones((4, 2)))
