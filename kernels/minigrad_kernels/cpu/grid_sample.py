"""Reading images at the positions of a grid: which elements are taken, with what weights, and their weighted sums."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._grid_blocks import read_grid_loop, read_input_loop, read_loop
from minigrad_kernels.cpu._kernel import In, InInt64, Out, OutInt64, kernel
from minigrad_kernels.scalar._bits import scalar

MODES = ("nearest", "bilinear", "bicubic")
PADDINGS = ("zeros", "border", "reflection")
_TAPS = (1, 2, 4)  # along a dimension, by mode


@scalar
def _mirrored(position, length, one, align):
    """Return a position mirrored at the edges as often as it takes, and the slope there."""
    low, span = (one - one, length - one) if align else (-one / (one + one), length)
    if span == one - one:
        return one - one, one - one
    away, sign = position - low, one
    if away < one - one:
        away, sign = -away, -one
    rest, flips = np.fmod(away, span), np.floor(away / span)
    if np.fmod(flips, one + one) == one - one:
        return rest + low, sign
    return span - rest + low, -sign


@scalar
def _position(g, length, one, padding, align):
    """Return the position among `length` elements that a number from -1 to 1 means, and the slope there.

    All in the precision of the number, as in PyTorch: which element is the nearest may depend on it.
    """
    two, zero = one + one, one - one
    slope = (length - one) / two if align else length / two
    position = (g + one) * slope if align else ((g + one) * length - one) / two
    if padding == 2:
        position, sign = _mirrored(position, length, one, align)
        slope *= sign
    if padding != 0:
        if not (position > zero and position < length - one):
            slope = zero
        position = min(position, length - one) if position > zero else zero  # nan is moved to 0
    return position, slope


@scalar
def _place(corner, length, one, padding, align):
    """Return a whole position that a tap of a cubic has as an index, -1 outside."""
    if padding == 2:
        corner, _ = _mirrored(corner, length, one, align)
    if padding != 0:
        corner = min(corner, length - one) if corner > one - one else one - one
    is_inside = (corner >= one - one) & (corner < length)  # no branches: a grid goes in and out of its image
    index = np.int64(corner if is_inside else one - one)
    return index if is_inside else -1


@scalar
def _near(x):
    """Return Keys' cubic (a = -0.75) at a distance up to 1, and its slope."""
    return (1.25 * x - 2.25) * x * x + 1, (3.75 * x - 4.5) * x


@scalar
def _far(x):
    """Return the same at a distance from 1 to 2."""
    return ((-0.75 * x + 3.75) * x - 6) * x + 3, (-2.25 * x + 7.5) * x - 6


@scalar
def _taps_along(g, length, one, mode, padding, align, at, places, weights, slopes):
    """Fill in the places, the weights and their slopes of the taps along a dimension, from `at` on.

    `length` and `one` have the precision of the number `g`.
    """
    position, slope = _position(g, length, one, padding if mode < 2 else 0, align)
    if mode == 0:
        places[at] = _place(np.rint(position), length, one, 0, align)
        weights[at], slopes[at] = one, one - one
        return
    first = np.floor(position)
    share = position - first
    if mode == 1:
        places[at], places[at + 1] = (
            _place(first, length, one, 0, align),
            _place(first + one, length, one, 0, align),
        )
        weights[at], weights[at + 1] = one - share, share
        slopes[at], slopes[at + 1] = -slope, slope
        return
    places[at], places[at + 1] = (
        _place(first - one, length, one, padding, align), _place(first, length, one, padding, align)
    )  # fmt: skip
    places[at + 2], places[at + 3] = (
        _place(first + one, length, one, padding, align), _place(first + one + one, length, one, padding, align)
    )  # fmt: skip
    weights[at], change = _far(share + 1)
    slopes[at] = slope * change
    weights[at + 1], change = _near(share)
    slopes[at + 1] = slope * change
    weights[at + 2], change = _near(1 - share)
    slopes[at + 2] = -slope * change
    weights[at + 3], change = _far(2 - share)
    slopes[at + 3] = -slope * change


@kernel
def _grid_taps_loop(
    grid: In,
    w: int,
    h: int,
    d: int,
    mode: int,
    each: int,
    padding: int,
    align: bool,
    along: OutInt64,
    tables: Out,
    places: OutInt64,
    weights: Out,
):
    """Fill in the taps of each point; `d` is 0 for images, `along` and `tables` hold a point's along each dimension."""
    rank, depth = (2, 1) if d == 0 else (3, each)
    factors, slopes = tables[:12], tables[12:]
    one, lengths = grid.dtype.type(1), (grid.dtype.type(w), grid.dtype.type(h), grid.dtype.type(d))
    along[8], factors[8] = 0, grid.dtype.type(1)
    at = 0
    for point in range(grid.size // rank):
        _taps_along(grid[point * rank], lengths[0], one, mode, padding, align, 0, along, factors, slopes)
        _taps_along(grid[point * rank + 1], lengths[1], one, mode, padding, align, 4, along, factors, slopes)
        if rank == 3:
            _taps_along(grid[point * rank + 2], lengths[2], one, mode, padding, align, 8, along, factors, slopes)
        for i in range(each):
            for j in range(each):
                for k in range(depth):
                    x, y, z = along[i], along[4 + j], along[8 + k]
                    places[at] = (z * h + y) * w + x if (x >= 0) & (y >= 0) & (z >= 0) else -1
                    weights[at] = factors[i] * factors[4 + j] * factors[8 + k]
                    at += 1


@kernel
def _grid_taps_backward_loop(
    grad: In,
    grid: In,
    w: int,
    h: int,
    d: int,
    mode: int,
    each: int,
    padding: int,
    align: bool,
    along: OutInt64,
    tables: Out,
    out: Out,
):
    """Gradient of the weights that `_grid_taps_loop` fills in, with respect to the grid."""
    rank, depth = (2, 1) if d == 0 else (3, each)
    factors, slopes = tables[:12], tables[12:]
    one, lengths = grid.dtype.type(1), (grid.dtype.type(w), grid.dtype.type(h), grid.dtype.type(d))
    factors[8], slopes[8] = grid.dtype.type(1), grid.dtype.type(0)
    at = 0
    for point in range(grid.size // rank):
        _taps_along(grid[point * rank], lengths[0], one, mode, padding, align, 0, along, factors, slopes)
        _taps_along(grid[point * rank + 1], lengths[1], one, mode, padding, align, 4, along, factors, slopes)
        if rank == 3:
            _taps_along(grid[point * rank + 2], lengths[2], one, mode, padding, align, 8, along, factors, slopes)
        of_x = of_y = of_z = grid.dtype.type(0)
        for i in range(each):
            for j in range(each):
                for k in range(depth):
                    g = grad[at]
                    of_x += g * slopes[i] * factors[4 + j] * factors[8 + k]
                    of_y += g * factors[i] * slopes[4 + j] * factors[8 + k]
                    of_z += g * factors[i] * factors[4 + j] * slopes[8 + k]
                    at += 1
        out[point * rank], out[point * rank + 1] = of_x, of_y
        if rank == 3:
            out[point * rank + 2] = of_z


def _numbers(sizes, mode, padding_mode, align_corners):
    """Return the arguments of the loops that say how a grid is read."""
    width, height, *depth = sizes
    mode = MODES.index(mode)
    padding = PADDINGS.index(padding_mode)
    return width, height, depth[0] if depth else 0, mode, _TAPS[mode], padding, align_corners


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
        _grid_taps_loop[grid.dtype](grid, *numbers, np.empty(12, np.int64), np.empty(24, real), places, weights)
    return places, weights


def grid_taps_backward(grad, grid, sizes, mode, padding_mode, align_corners):
    """Return the gradient of the weights of `grid_taps` with respect to the grid."""
    real = np.float32 if grid.itemsize == 2 else grid.dtype
    numbers = _numbers(sizes, mode, padding_mode, align_corners)
    out = np.empty(grid.shape, grid.dtype)
    if out.size:
        work = np.empty(12, np.int64), np.empty(24, real)
        _grid_taps_backward_loop[grid.dtype](grad, grid, *numbers, *work, out)
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


def _goes_by_blocks(sizes, mode):
    """Whether there are loops that find the taps as they go; single precision counts a side, 32 bits the places."""
    return len(sizes) == 2 and mode != "bicubic" and max(sizes) <= 2**24 and math.prod(sizes) < 2**31


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
        What `grid_taps` found, if it was asked.
    """
    (batch, channels, *sizes), shape = x.shape, (*x.shape[:2], *grid.shape[1:-1])
    if not _goes_by_blocks(sizes, mode):
        places, weights = grid_taps(grid, tuple(sizes[::-1]), mode, padding_mode, align_corners)
        out = tap_sums(x.reshape(batch, channels, math.prod(sizes)), places, weights)
        return out.reshape(shape), places, weights
    out = np.empty(shape, x.dtype)
    if out.size:
        settings = mode == "nearest", PADDINGS.index(padding_mode), align_corners
        read_loop[x.dtype](x, grid, batch, channels, *sizes, *settings, out)
    return out, None, None


def read_at_backward(grad, x, grid, places, weights, mode, padding_mode, align_corners, needs):
    """Return the gradients of `read_at`, which found the places and the weights, as far as they are needed.

    Parameters
    ----------
    needs : tuple of bool
        Whether that of `x`, and whether that of the grid.
    """
    (batch, channels, *sizes), of_x, of_grid = x.shape, None, None
    if places is not None:
        length = math.prod(sizes)
        grad = grad.reshape(batch, channels, places.shape[1])
        if needs[0]:
            of_x = tap_sums_input(grad, places, weights, length).reshape(x.shape)
        if needs[1]:
            of_weights = tap_sums_weights(grad, places, x.reshape(batch, channels, length))
            of_grid = grid_taps_backward(of_weights, grid, tuple(sizes[::-1]), mode, padding_mode, align_corners)
        return of_x, of_grid
    is_near, settings = mode == "nearest", (PADDINGS.index(padding_mode), align_corners)
    if needs[0]:
        of_x = np.zeros(x.shape, x.dtype)
        if grad.size:
            read_input_loop[x.dtype](grad, grid, batch, channels, *sizes, is_near, *settings, of_x)
    if needs[1]:
        of_grid = np.zeros(grid.shape, grid.dtype)
        if grad.size and not is_near:
            read_grid_loop[x.dtype](grad, x, grid, batch, channels, *sizes, *settings, of_grid)
    return of_x, of_grid
