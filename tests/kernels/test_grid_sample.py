"""Sums at taps and their gradients against sums over dense matrices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad_kernels import cpu


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_weighted_sums_at_taps_and_both_gradients(dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, (2, 3, 5)).astype(dtype)
    places = rng.integers(-1, 5, (2, 4, 2))
    weights = rng.integers(-2, 3, (2, 4, 2)).astype(dtype)
    chosen = places[..., None] == np.arange(5)
    matrices = (weights[..., None] * chosen).sum(2)
    got = cpu.tap_sums(x, places, weights)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, np.einsum("npl,ncl->ncp", matrices, x))
    back = cpu.tap_sums_input(got, places, weights, 5)
    np.testing.assert_array_equal(back, np.einsum("npl,ncp->ncl", matrices, got))
    of_weights = cpu.tap_sums_weights(got, places, x)
    np.testing.assert_array_equal(of_weights, np.einsum("ncp,ncl,nptl->npt", got, x, chosen))


def test_infinite_weights_outside_give_nan():
    assert np.isnan(cpu.tap_sums(np.ones((1, 1, 2)), np.array([[[-1]]]), np.array([[[np.inf]]]))).all()


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_weights_of_taps_sum_to_one_and_their_gradient_is_the_slope(mode):
    rng = np.random.default_rng(1)
    grid, grad = rng.uniform(-1.5, 1.5, (2, 3, 2, 3 if mode == "bilinear" else 2)), rng.normal(size=(2, 6, 1))
    sizes = (5, 4, 6)[: grid.shape[-1]]
    for padding in ("zeros", "border", "reflection"):
        settings = sizes, mode, padding, False
        _, weights = cpu.grid_taps(grid, *settings)
        np.testing.assert_allclose(weights.sum(-1), 1)
        grad = rng.normal(size=weights.shape)
        found = cpu.grid_taps_backward(grad, grid, *settings)
        step = rng.normal(size=grid.shape) * 1e-6
        up, down = (cpu.grid_taps(grid + sign * step, *settings)[1] for sign in (1, -1))
        np.testing.assert_allclose((found * step).sum(), (grad * (up - down)).sum() / 2, 1e-5)


SETTINGS = list(itertools.product(["nearest", "bilinear", "bicubic"], ["zeros", "border", "reflection"], [False, True]))


@pytest.mark.parametrize(("mode", "padding", "align"), SETTINGS)
def test_reading_by_blocks_is_summing_at_taps(mode, padding, align):
    rng = np.random.default_rng(2)
    shapes = [((5, 7), (37, 61)), ((1, 3), (2, 2)), ((4, 1), (1, 5))]
    if mode != "bicubic":
        shapes += [((2, 4, 3), (5, 17, 13)), ((1, 1, 1), (2, 1, 1))]
    for lengths, points in shapes:
        x, grid = rng.normal(size=(2, 3, *lengths)), rng.uniform(-2.5, 2.5, (2, *points, len(lengths)))
        places, weights = cpu.grid_taps(grid, lengths[::-1], mode, padding, align)
        rows = x.reshape(2, 3, -1)
        out, *found = cpu.read_at(x, grid, mode, padding, align)
        assert found == [None, None]
        np.testing.assert_allclose(out.reshape(2, 3, -1), cpu.tap_sums(rows, places, weights), atol=1e-12)
        grad = rng.normal(size=out.shape)
        settings = mode, padding, align
        found = cpu.read_at_backward(grad, x, grid, None, None, *settings, (True, True))
        wanted = cpu.read_at_backward(grad, x, grid, places, weights, *settings, (True, True))
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
        assert cpu.read_at_backward(grad, x, grid, None, None, *settings, (False, False)) == (None, None)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_reading_keeps_the_dtype_and_takes_strided_arrays(dtype):
    x, grid = np.arange(24.0).reshape(4, 3, 2, 1).T.astype(dtype), np.full((2, 1, 2, 1), 0.5).T.astype(dtype)
    out, *_ = cpu.read_at(x, grid, "bilinear", "border", True)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out[0, :, 0, 0], [16.5, 17.5])  # at row 1.5, column 2.25


def test_an_infinite_element_outside_a_points_corners_does_not_reach_it():
    x, grid = np.full((1, 1, 2, 3), np.inf), np.array([[[[-3.0, 0.0], [1.0, 1.0]]]])
    out, *_ = cpu.read_at(x, grid, "bilinear", "zeros", True)
    np.testing.assert_array_equal(out, [[[[0, np.inf]]]])
