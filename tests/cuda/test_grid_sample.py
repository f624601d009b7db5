"""Sums at taps on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu, cuda
from tests.cuda.twins import DTYPES, assert_same, check, on_device, on_host


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_at_taps_and_both_gradients_are_those_of_the_cpu(dtype):
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(2, 3, 5)).astype(dtype), rng.normal(size=(2, 4, 2)).astype(dtype)
    places = rng.integers(-1, 5, (2, 4, 2))
    out = check("tap_sums", x, places, weights)
    check("tap_sums_input", out, places, weights, 5)
    check("tap_sums_weights", out, places, x)


def test_infinite_weights_outside_give_nan():
    check("tap_sums", np.ones((1, 1, 2)), np.array([[[-1]]]), np.array([[[np.inf]]]))


@pytest.mark.parametrize(("batch", "channels", "points"), [(0, 2, 3), (2, 0, 3), (2, 2, 0)])
def test_empty_arrays_are_taken(batch, channels, points):
    x, places = np.ones((batch, channels, 4)), np.zeros((batch, points, 2), np.int64)
    out = check("tap_sums", x, places, np.ones(places.shape))
    check("tap_sums_input", out, places, np.ones(places.shape), 4)
    check("tap_sums_weights", out, places, x)


def test_strided_arrays_are_taken():
    x, places = np.arange(24.0).reshape(4, 3, 2).T, np.arange(12).reshape(3, 2, 2).T % 4
    check("tap_sums", x, places, np.arange(12.0).reshape(3, 2, 2).T)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_taps_of_a_grid_and_their_gradient_are_those_of_the_cpu(mode):
    grid = np.random.default_rng(0).uniform(-1.5, 1.5, (2, 3, 2, 2))
    settings = (5, 4), mode, "reflection", False
    places, weights = check("grid_taps", grid, *settings)
    assert places.shape == weights.shape == (2, 6, {"nearest": 1, "bilinear": 4, "bicubic": 16}[mode])
    check("grid_taps_backward", weights, grid, *settings)


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_images_read_at_a_grid_and_their_gradients_are_those_of_the_cpu(mode):
    rng = np.random.default_rng(0)
    x, grid, settings = rng.normal(size=(2, 3, 4, 5)), rng.uniform(-1.5, 1.5, (2, 3, 2, 2)), (mode, "border", False)
    out, *taps = cpu.read_at(x, grid, *settings)
    device_out, *device_taps = cuda.read_at(*on_device((x, grid)), *settings)
    assert_same(on_host(device_out), out)
    wanted = cpu.read_at_backward(out, x, grid, *taps, *settings, (True, True))
    got = cuda.read_at_backward(device_out, *on_device((x, grid)), *device_taps, *settings, (True, True))
    assert_same(on_host(got), wanted)
