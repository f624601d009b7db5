"""Pooling on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu, cuda
from tests.cuda.twins import DTYPES, check


def view_of(size, kernel, stride, padding, dilation):
    """Return the windows of these numbers, as many as fit."""
    out = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    return cpu.pool_windows(size, kernel, stride, padding, dilation, out)


VIEWS = {
    "by two": view_of((4, 8), (2, 2), (2, 2), (0, 0), (1, 1)),
    "overlapping": view_of((5, 6), (3, 3), (1, 1), (1, 1), (1, 1)),
    "odd": view_of((7, 9), (3, 2), (2, 1), (1, 0), (2, 3)),
    "gaps": view_of((5, 9), (1, 2), (3, 2), (0, 0), (1, 1)),
    "few": view_of((3, 4), (3, 4), (1, 1), (1, 1), (1, 1)),
    "dilated border": view_of((4, 6), (3, 3), (1, 1), (1, 1), (3, 3)),
    "a line": view_of((11,), (3,), (2,), (1,), (1,)),
    "a volume": view_of((3, 2, 5), (2, 2, 2), (1, 2, 1), (1, 0, 1), (1, 1, 1)),
    "even": cpu.even_windows((5, 7), (3, 4)),
    "more than there is": cpu.even_windows((2, 3), (5, 1)),
    "beyond the end": cpu.pool_windows((5, 5), (2, 2), (2, 2), (0, 0), (1, 1), (3, 3)),
    "a byte is not enough": view_of((12, 13), (12, 12), (1, 1), (1, 1), (1, 1)),
}


def numbers(shape, dtype=np.float64):
    """Return few different numbers, so that there are equals among them."""
    return np.random.default_rng(0).integers(-4, 5, shape).astype(dtype)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_maxima_and_their_gradients_are_those_of_the_cpu(view):
    x = numbers((2, *view.size))
    out, places = check("max_pool", x, view)
    _, indices = check("max_pool", x, view, True)
    for where in (places, indices):
        check("max_pool_backward", numbers(out.shape), where, view)
        check("at_maxima", x, where, view)


@pytest.mark.parametrize("view", [v for v in VIEWS.values() if (v.shape[3:6] == 1).all()])
@pytest.mark.parametrize("divisor", [0, 3])
def test_means_and_their_gradients_are_those_of_the_cpu(view, divisor):
    out = check("mean_pool", numbers((2, *view.size)), view, divisor)
    check("mean_pool_backward", numbers(out.shape), view, divisor)


@pytest.mark.parametrize("dtype", [*DTYPES, np.int64])
@pytest.mark.parametrize("name", ["overlapping", "even"])
def test_dtypes(name, dtype):
    view = VIEWS[name]
    out, places = check("max_pool", numbers((1, *view.size), dtype), view)
    check("max_pool_backward", out, places, view)
    if dtype != np.int64:
        check("mean_pool_backward", check("mean_pool", numbers((1, *view.size), dtype), view), view)


@pytest.mark.parametrize("special", [np.nan, -np.inf, np.inf])
@pytest.mark.parametrize("name", ["overlapping", "even"])
def test_values_that_are_no_numbers(name, special):
    view = VIEWS[name]
    x = numbers((2, *view.size))
    x[0, :2, 1:3] = special
    x[1] = special
    check("max_pool", x, view)


def test_windows_that_step_over_the_image_are_empty():
    view = cpu.pool_windows((1, 1), (2, 1), (1, 1), (1, 0), (2, 2), (1, 1))
    out, places = check("max_pool", numbers((2, 1, 1)), view)
    assert (places == -1).all()
    check("max_pool_backward", out, places, view)
    check("at_maxima", numbers((2, 1, 1)), places, view)


@pytest.mark.parametrize("view", [VIEWS["by two"], VIEWS["even"]])
def test_strided_arrays_and_no_planes_are_taken(view):
    for x in (numbers((*view.size[::-1], 2)).T, numbers((0, *view.size))):
        out, places = check("max_pool", x, view)
        check("max_pool_backward", out, places, view)
        check("mean_pool_backward", check("mean_pool", x, view), view)


def test_windows_without_padding_are_counted_alike():
    view = cuda.windows_without_padding((5, 4), (3, 3), (2, 2), (1, 1), (3, 2))
    check("mean_pool_backward", check("mean_pool", numbers((2, 5, 4)), view), view)
