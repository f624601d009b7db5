"""Reading images at the positions of a grid: which elements are taken, with what weights, and their weighted sums."""

from __future__ import annotations

import functools
import math

import numpy as np

from minigrad_kernels._grid_taps import ByTaps
from minigrad_kernels.cpu._grid_blocks import (
    read_grid_loop,
    read_input_loop,
    read_loop,
    taps_backward_loop,
    taps_loop,
)
from minigrad_kernels.cpu._kernel import In, InInt64, Out, kernel

_TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4}  # along a dimension
_PADDINGS = {"zeros": 0, "border": 1, "reflection": 2}
_MANY = 2**31  # elements


def _numbers(sizes, mode, padding_mode, align_corners):
    """Return the arguments of the loops that say how a grid is read."""
    width, height, depth = sizes if len(sizes) == 3 else (*sizes, 1)
    return depth, height, width, len(sizes), _TAPS[mode], _PADDINGS[padding_mode], align_corners


@functools.lru_cache(maxsize=512)
def _numbers_of(shape, mode, padding_mode, align_corners):
    """Return all that the reading loops need to know beside arrays, or None for planes that 32 bits do not count."""
    batch, channels, *sizes = shape
    if math.prod(sizes) >= _MANY:
        return None
    return batch, channels, *_numbers(sizes[::-1], mode, padding_mode, align_corners)


def grid_taps(grid, sizes, mode, padding_mode, align_corners):
    """Return which elements of images a grid takes, and with what weights.

    Parameters
    ----------
    grid : ndarray, shape (batch, ..., rank)
        From -1 to 1 across the image.
    sizes : tuple of int
        The image's lengths, in the order of the grid's last dimension: width, height, depth.
    mode : {"bilinear", "nearest", "bicubic"}
    padding_mode : {"zeros", "border", "reflection"}
    align_corners : bool

    Returns
    -------
    places : ndarray of int64, shape (batch, points, taps)
        -1 outside.
    weights : ndarray, of that shape
    """
    real = np.float32 if grid.itemsize == 2 else grid.dtype
    numbers = _numbers(sizes, mode, padding_mode, align_corners)
    shape = grid.shape[0], math.prod(grid.shape[1:-1]), numbers[4] ** len(sizes)
    places, weights = np.empty(shape, np.int64), np.empty(shape, real)
    if places.size:
        taps_loop[grid.dtype](grid, *numbers, places, weights)
    return places, weights


def grid_taps_backward(grad, grid, sizes, mode, padding_mode, align_corners):
    """Return the gradient of the weights of `grid_taps` with respect to the grid."""
    out = np.zeros(grid.shape, grid.dtype)
    if out.size and mode != "nearest":
        taps_backward_loop[grid.dtype](grad, grid, *_numbers(sizes, mode, padding_mode, align_corners), out)
    return out


@kernel(fastmath={"contract"})
def _tap_sums_loop(x: In, places: InInt64, weights: In, batch: int, channels: int, taps: int, out: Out):
    """out[n, c, p] = sum over t of weights[n, p, t] * x[n, c, places[n, p, t]], 0 standing for places below 0."""
    zero = x.dtype.type(0)
    points, length = out.size // (batch * channels), x.size // (batch * channels)
    for n in range(batch):
        place = places[n * points * taps : (n + 1) * points * taps]
        weight = weights[n * points * taps : (n + 1) * points * taps]
        for c in range(channels):
            source = x[(n * channels + c) * length : (n * channels + c + 1) * length]
            target = out[(n * channels + c) * points : (n * channels + c + 1) * points]
            if taps == 4:
                for p in range(points):
                    total = zero
                    for t in range(4):
                        k = place[np.uint64(4 * p + t)]
                        value = source[np.uint64(max(k, 0))]
                        total += weight[np.uint64(4 * p + t)] * (value if k >= 0 else zero)
                    target[p] = total
                continue
            for p in range(points):
                total = zero
                for t in range(p * taps, (p + 1) * taps):
                    k = place[np.uint64(t)]
                    value = source[np.uint64(max(k, 0))]
                    total += weight[np.uint64(t)] * (value if k >= 0 else zero)
                target[p] = total


@kernel
def _tap_sums_input_loop(grad: In, places: InInt64, weights: In, batch: int, channels: int, taps: int, out: Out):
    """out[n, c, places[n, p, t]] += weights[n, p, t] * grad[n, c, p], leaving out places below 0."""
    points, length = grad.size // (batch * channels), out.size // (batch * channels)
    for n in range(batch):
        first = n * points * taps
        for c in range(channels):
            source = grad[(n * channels + c) * points : (n * channels + c + 1) * points]
            target = out[(n * channels + c) * length : (n * channels + c + 1) * length]
            for p in range(points):
                for t in range(first + p * taps, first + (p + 1) * taps):
                    place = places[np.uint64(t)]
                    if place >= 0:
                        target[np.uint64(place)] += weights[np.uint64(t)] * source[p]


@kernel
def _tap_sums_weights_loop(grad: In, places: InInt64, x: In, batch: int, channels: int, taps: int, out: Out):
    """out[n, p, t] = sum over c of grad[n, c, p] * x[n, c, places[n, p, t]]; out is zeros."""
    zero = x.dtype.type(0)
    points, length = grad.size // (batch * channels), x.size // (batch * channels)
    for n in range(batch):
        first = n * points * taps
        for c in range(channels):
            given = grad[(n * channels + c) * points : (n * channels + c + 1) * points]
            source = x[(n * channels + c) * length : (n * channels + c + 1) * length]
            for p in range(points):
                for t in range(first + p * taps, first + (p + 1) * taps):
                    place = places[np.uint64(t)]
                    value = source[np.uint64(max(place, 0))]
                    out[np.uint64(t)] += given[p] * value if place >= 0 else zero


def tap_sums(x, places, weights):
    """Return weighted sums of a few elements of each row.

    Parameters
    ----------
    x : ndarray, shape (batch, channels, length)
    places : ndarray of int64, shape (batch, points, taps)
        Below ``length``; what lies at negative places counts as 0.
    weights : ndarray, of that shape and the dtype of `x`

    Returns
    -------
    ndarray, shape (batch, channels, points)
    """
    batch, channels, _ = x.shape
    out = np.zeros((batch, channels, places.shape[1]), x.dtype)
    if out.size:
        _tap_sums_loop[x.dtype](x, places, weights, batch, channels, places.shape[2], out)
    return out


def tap_sums_input(grad, places, weights, length):
    """Return the gradient of `tap_sums` with respect to `x`, whose rows have `length` elements."""
    batch, channels, _ = grad.shape
    out = np.zeros((batch, channels, length), grad.dtype)
    if grad.size:
        _tap_sums_input_loop[grad.dtype](grad, places, weights, batch, channels, places.shape[2], out)
    return out


def tap_sums_weights(grad, places, x):
    """Return the gradient of `tap_sums` with respect to the weights."""
    batch, channels, _ = grad.shape
    out = np.zeros(places.shape, grad.dtype)
    if grad.size:
        _tap_sums_weights_loop[grad.dtype](grad, places, x, batch, channels, places.shape[2], out)
    return out


_by_taps = ByTaps(grid_taps, grid_taps_backward, tap_sums, tap_sums_input, tap_sums_weights)


def read_at(x, grid, mode, padding_mode, align_corners):
    """Return images read at the positions of a grid.

    Parameters
    ----------
    x : ndarray, shape (batch, channels, [depth,] height, width)
    grid : ndarray, shape (batch, ..., rank)
    mode, padding_mode, align_corners
        Those of `grid_taps`.

    Returns
    -------
    out : ndarray, shape (batch, channels, ...)
    places, weights : ndarray or None
        What `grid_taps` found, if it was asked: for images whose places do not fit in 32 bits.
    """
    numbers = _numbers_of(x.shape, mode, padding_mode, align_corners)
    if numbers is None:
        return _by_taps.read_at(x, grid, mode, padding_mode, align_corners)
    out = np.empty(x.shape[:2] + grid.shape[1:-1], x.dtype)
    if out.size:
        read_loop[x.dtype](x, grid, *numbers, out)
    return out, None, None


def read_at_backward(grad, x, grid, places, weights, mode, padding_mode, align_corners, needs):
    """Return the gradients of `read_at`, which found the places and the weights, as far as they are needed.

    Parameters
    ----------
    needs : tuple of bool
        Whether that of `x`, and whether that of the grid.
    """
    if places is not None:
        settings = mode, padding_mode, align_corners
        return _by_taps.read_at_backward(grad, x, grid, places, weights, *settings, needs)
    of_x, of_grid, numbers = None, None, _numbers_of(x.shape, mode, padding_mode, align_corners)
    if needs[0]:
        of_x = np.zeros(x.shape, x.dtype)
        if grad.size:
            read_input_loop[x.dtype](grad, grid, *numbers, of_x)
    if needs[1]:
        of_grid = np.zeros(grid.shape, grid.dtype)
        if grad.size and mode != "nearest":
            read_grid_loop[x.dtype](grad, x, grid, *numbers, of_grid)
    return of_x, of_grid
