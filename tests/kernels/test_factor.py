"""Products with a matrix laid out in panels, against NumPy's, for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels.cpu import _factor
from minigrad_kernels.cpu._factor import Factor

TOLERANCES = {"float32": 1e-4, "float64": 1e-12}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("columns", [32, 96, 33])
@pytest.mark.parametrize("transposed", [False, True])
def test_products_of_any_rows(dtype, columns, transposed):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 7)).astype(dtype)
    matrix = (
        rng.normal(size=(columns, 7)).astype(dtype).T if transposed else rng.normal(size=(7, columns)).astype(dtype)
    )
    factor = Factor(matrix, 80, 9)
    for start, rows in [*((2, rows) for rows in range(1, 20)), (0, 63), (0, 64), (5, 77)]:
        out = np.full((90, columns), 7, dtype)
        factor.multiply(x, start, rows, out)
        tolerance = TOLERANCES[dtype]
        np.testing.assert_allclose(out[:rows], x[start : start + rows] @ matrix, rtol=tolerance, atol=tolerance)
        assert (out[rows:] == 7).all()


def test_panels_are_for_many_rows_and_whole_panels(monkeypatch):
    monkeypatch.setattr(_factor, "IS_WIDE", True)
    matrix = np.ones((4, 64), np.float32)
    assert Factor(matrix, 16, 16).panels.shape == (2, 4, 32)
    assert Factor(matrix, 4, 1000).panels is None
    assert Factor(matrix, 16, 1).panels is None
    assert Factor(matrix[:, :60], 16, 16).panels is None
    assert Factor(matrix[:0], 16, 16).panels is None


def test_infinities_and_nan_are_results():
    x, matrix = np.zeros((16, 2), np.float32), np.zeros((2, 32), np.float32)
    x[0, 0], x[9, 1], matrix[1, 3] = np.inf, np.nan, np.inf
    out = np.empty((16, 32), np.float32)
    Factor(matrix, 16, 16).multiply(x, 0, 16, out)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(out, x @ matrix)
