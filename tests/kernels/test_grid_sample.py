"""Sums at taps and their gradients against sums over dense matrices."""

from __future__ import annotations

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
