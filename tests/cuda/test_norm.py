"""Normalisation on the simulator, a block of which has four threads."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cuda.twins import DTYPES, check

LOOSE = {"float16": 1e-2, "float32": 1e-4, "float64": 1e-11}


def numbers(dtype, *shapes):
    rng = np.random.default_rng(5)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 18), (1, 1), (0, 3)])
def test_layer_norm(shape, centred, dtype):
    width, tolerance = shape[-1], LOOSE[np.dtype(dtype).name]
    x, grad, weight, bias = numbers(dtype, shape, shape, (width,), (width,))
    _, means, rstds = check("layer_norm", x, weight, bias, width, centred, 1e-2, tolerance=tolerance)
    check("layer_norm", x, None, None, width, centred, 1e-2, tolerance=tolerance)
    for scale in (weight, None):
        check("layer_norm_backward", grad, x, scale, means, rstds, width, centred, tolerance=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("shape", [(2, 4), (3, 4, 5), (0, 4, 2)])
def test_group_norm(shape, groups, dtype):
    tolerance = LOOSE[np.dtype(dtype).name]
    x, grad, weight, bias = numbers(dtype, shape, shape, (4,), (4,))
    _, means, rstds = check("group_norm", x, weight, bias, groups, 1e-2, tolerance=tolerance)
    check("group_norm", x, None, bias, groups, 1e-2, tolerance=tolerance)
    for scale in (weight, None):
        check("group_norm_backward", grad, x, scale, means, rstds, groups, tolerance=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(6, 3), (3, 2, 5), (2, 5, 2, 3), (0, 3)])
def test_batch_norm(shape, dtype):
    tolerance = LOOSE[np.dtype(dtype).name]
    x, grad, weight, bias, mean = numbers(dtype, shape, shape, *[(shape[1],)] * 3)
    variance = np.square(bias) + dtype(1)
    for uses_batch in (True, False):
        arguments = weight, bias, mean, variance, uses_batch, 0.25, 1e-2
        _, means, rstds = check("batch_norm", x, *arguments, tolerance=tolerance)
        check("batch_norm", x, None, None, *arguments[2:], tolerance=tolerance)
        for scale in (weight, None):
            check("batch_norm_backward", grad, x, scale, means, rstds, uses_batch, tolerance=tolerance)
    check("batch_norm", x, weight, bias, None, None, True, 0.0, 1e-2, tolerance=tolerance)
