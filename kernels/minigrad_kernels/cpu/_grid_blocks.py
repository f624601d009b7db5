"""Reading images at the positions of a grid, a block of points at a time, so that what is known of them stays near.

Whatever the mode and the rank, a point is a weighted sum of some elements, its taps: 1, 4 or 16 of an image, 1 or 8 of
a volume. For the points of a block their places and weights are found once and used for every channel. Taps are worked
on in fours; each loop over points is a vector, the reading of a tap a gather.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._arrays import apart_from_each_other, part
from minigrad_kernels.cpu._copy import clear_run
from minigrad_kernels.cpu._gather import value_at
from minigrad_kernels.cpu._grid_positions import (
    find_bases,
    find_places,
    find_positions,
    find_slopes,
    find_weights,
)
from minigrad_kernels.cpu._kernel import In, Out, OutInt64, borrower, kernel, subroutine
from minigrad_kernels.scalar._bits import apart, wide

_TAPS = 4096  # of a block: their places and weights stay in the first-level cache
_POINTS = 1024
empty = np.empty
_GAP = 16  # elements between lines, which would otherwise be in each other's way in the cache

# The lines of the workspaces, where each kind begins. Of numbers: positions of three dimensions, the elements that taps
# are counted from, one to spare, weights of four taps a dimension, their slopes, weights of two dimensions together, of
# all, and products. Of places: four taps a dimension, two together, all.
_BASES, _SPARE, _FACTORS, _CHANGES, _ROWS, _WEIGHTS = 3, 6, 7, 19, 31, 35
_PLACES_OF_ROWS, _PLACES = 12, 16


@borrower
def _line(points, taps):
    """Return the distance of lines for blocks of points."""
    return min(_POINTS, _TAPS // taps, points) + _GAP


@subroutine
def _workspaces(line, taps, real, kind):
    """Return workspaces of numbers and of places for a block, in lines."""
    return empty((_WEIGHTS + 2 * taps) * line, real), empty((_PLACES + max(taps, 4)) * line, kind)


@borrower
def _combine(of_one, by_one, of_other, by_other, places, weights):
    """Find the places, -1 outside, and the weights of a tap from those along two dimensions."""
    wide()
    apart_from_each_other()
    outside = places.dtype.type(-1)
    for j in range(places.size):
        places[j] = of_one[j] + of_other[j] if of_one[j] | of_other[j] >= 0 else outside
        weights[j] = by_one[j] * by_other[j]


@borrower
def _combine_lines(one, by_one, other, by_other, to, by_to, line, count, numbers, places):
    """Do so with lines of the workspaces."""
    _combine(
        part(places, one * line, count),
        part(numbers, by_one * line, count),
        part(places, other * line, count),
        part(numbers, by_other * line, count),
        part(places, to * line, count),
        part(numbers, by_to * line, count),
    )


@borrower
def _combine_all(rank, each, slope, line, count, numbers, places):
    """Find the places and the weights of all taps, with the slopes of the weights along a dimension unless it is -1."""
    apart()
    by_x, by_y = (_CHANGES if slope == 0 else _FACTORS), (_CHANGES if slope == 1 else _FACTORS) + 4
    first, by_first, rows = 4, by_y, each
    if rank == 3:
        by_z = (_CHANGES if slope == 2 else _FACTORS) + 8
        first, by_first, rows = _PLACES_OF_ROWS, _ROWS, each * each
        for r in range(rows):
            j, k = r // each, r % each
            _combine_lines(4 + j, by_y + j, 8 + k, by_z + k, first + r, by_first + r, line, count, numbers, places)
    for tap in range(each * rows):
        i, r, to, by_to = tap // rows, tap % rows, _PLACES + tap, _WEIGHTS + tap
        _combine_lines(i, by_x + i, first + r, by_first + r, to, by_to, line, count, numbers, places)


@borrower
def _find(grid, first, count, lengths, rank, each, padding, align, line, numbers, places):
    """Find the places and the weights of the points from `first` on, and what is known along the dimensions."""
    apart()
    given, stride = part(grid, rank * first, rank * count), 1
    spare = part(numbers, _SPARE * line, count)
    for dim in range(rank):
        positions = part(numbers, dim * line, count)
        bases = part(numbers, (_BASES + dim) * line, count)
        find_positions(given, dim, rank, lengths[dim], padding if each < 4 else 0, align, positions)
        find_bases(positions, each == 1, bases)
        for t in range(each):
            along, offset = 4 * dim + t, t + 1 - (each + 1) // 2
            to = part(places, along * line, count)
            find_places(bases, offset, lengths[dim], stride, padding if each == 4 else 0, align, spare, to)
            factors = part(numbers, (_FACTORS + along) * line, count)
            find_weights(positions, bases, each, t, False, factors)
        stride *= lengths[dim]
    _combine_all(rank, each, -1, line, count, numbers, places)


@borrower
def _select(source, places, target):
    wide()
    apart_from_each_other()
    for j in range(target.size):
        target[j] = value_at(source, places[j])


@borrower
def _weigh(source, places, weights, line, adds, target):
    """Fill in the weighted sums of four taps, or add them."""
    wide()
    apart_from_each_other()
    zero, count = target.dtype.type(0), target.size
    of_0, of_1 = part(places, 0, count), part(places, line, count)
    of_2, of_3 = part(places, 2 * line, count), part(places, 3 * line, count)
    by_0, by_1 = part(weights, 0, count), part(weights, line, count)
    by_2, by_3 = part(weights, 2 * line, count), part(weights, 3 * line, count)
    for j in range(target.size):
        before = target[j] if adds else zero
        target[j] = (
            before
            + value_at(source, of_0[j]) * by_0[j]
            + value_at(source, of_1[j]) * by_1[j]
            + value_at(source, of_2[j]) * by_2[j]
            + value_at(source, of_3[j]) * by_3[j]
        )


@borrower
def _multiply(grad, source, places, product):
    """Add the products of a tap with the gradient."""
    wide()
    apart_from_each_other()
    for j in range(product.size):
        product[j] += grad[j] * value_at(source, places[j])


@borrower
def _put(grad, places, target):
    """Add the gradient to the elements at a tap."""
    for j in range(grad.size):
        if places[j] >= 0:
            target[np.uint64(places[j])] += grad[j]


@borrower
def _scatter(grad, places, weights, target):
    """Add the gradient to the elements at a tap by its weights."""
    for j in range(grad.size):
        if places[j] >= 0:
            target[np.uint64(places[j])] += grad[j] * weights[j]


@kernel
def read_loop(
    x: In,
    grid: In,
    batch: int,
    channels: int,
    depth: int,
    height: int,
    width: int,
    rank: int,
    each: int,
    padding: int,
    align: bool,
    out: Out,
):
    """out[n, c, p] = x[n, c] at the position grid[n, p], by `each` taps a dimension."""
    length, points, taps = depth * height * width, grid.size // (rank * batch), each**rank
    line, lengths = _line(points, taps), (width, height, depth)
    (numbers, places), block = _workspaces(line, taps, x.dtype, np.int32), line - _GAP
    of_taps, by_taps = places[_PLACES * line :], numbers[_WEIGHTS * line :]
    for n in range(batch):
        for at in range(0, points, block):
            count = min(block, points - at)
            _find(grid, n * points + at, count, lengths, rank, each, padding, align, line, numbers, places)
            for row in range(n * channels, (n + 1) * channels):
                source = part(x, row * length, length)
                target = part(out, row * points + at, count)
                if taps == 1:
                    _select(source, of_taps, target)
                for t in range(0, taps - 3, 4):
                    _weigh(
                        source,
                        part(of_taps, t * line, taps * line),
                        part(by_taps, t * line, taps * line),
                        line,
                        t > 0,
                        target,
                    )


@kernel
def read_input_loop(
    grad: In,
    grid: In,
    batch: int,
    channels: int,
    depth: int,
    height: int,
    width: int,
    rank: int,
    each: int,
    padding: int,
    align: bool,
    out: Out,
):
    """Add the gradient of `read_loop` with respect to x to out, which is zeros."""
    length, points, taps = depth * height * width, grid.size // (rank * batch), each**rank
    line, lengths = _line(points, taps), (width, height, depth)
    (numbers, places), block = _workspaces(line, taps, grad.dtype, np.int32), line - _GAP
    of_taps, by_taps = places[_PLACES * line :], numbers[_WEIGHTS * line :]
    for n in range(batch):
        for at in range(0, points, block):
            count = min(block, points - at)
            _find(grid, n * points + at, count, lengths, rank, each, padding, align, line, numbers, places)
            for row in range(n * channels, (n + 1) * channels):
                given = part(grad, row * points + at, count)
                target = part(out, row * length, length)
                for t in range(taps):
                    if taps == 1:
                        _put(given, of_taps, target)
                    else:
                        _scatter(
                            given, part(of_taps, t * line, taps * line), part(by_taps, t * line, taps * line), target
                        )


@borrower
def _fill_in_slopes(grid, first, count, lengths, rank, each, padding, align, line, numbers, places, out):
    """Turn the products of a block's taps into the gradient of the grid; `_find` was called for the block."""
    apart()
    wide()
    given, target = part(grid, rank * first, rank * count), part(out, rank * first, rank * count)
    taps, slopes = each**rank, part(numbers, _SPARE * line, count)
    for dim in range(rank):
        positions = part(numbers, dim * line, count)
        bases = part(numbers, (_BASES + dim) * line, count)
        for t in range(each):
            to = (_CHANGES + 4 * dim + t) * line
            find_weights(positions, bases, each, t, True, part(numbers, to, count))
        find_slopes(given, dim, rank, lengths[dim], padding if each < 4 else 0, align, positions, slopes)
        _combine_all(rank, each, dim, line, count, numbers, places)
        for j in range(positions.size):
            positions[j] = slopes.dtype.type(0)
        for t in range(taps):
            weights = part(numbers, (_WEIGHTS + t) * line, count)
            products = part(numbers, (_WEIGHTS + taps + t) * line, count)
            for j in range(positions.size):
                positions[j] += products[j] * weights[j]
        for j in range(positions.size):
            target[np.uint64(rank * j + dim)] = positions[j] * slopes[j]


@kernel
def read_grid_loop(
    grad: In,
    x: In,
    grid: In,
    batch: int,
    channels: int,
    depth: int,
    height: int,
    width: int,
    rank: int,
    each: int,
    padding: int,
    align: bool,
    out: Out,
):
    """Gradient of `read_loop`, by 2 taps a dimension and more, with respect to the grid."""
    length, points, taps = depth * height * width, grid.size // (rank * batch), each**rank
    line, lengths = _line(points, taps), (width, height, depth)
    (numbers, places), block = _workspaces(line, taps, x.dtype, np.int32), line - _GAP
    of_taps, products = places[_PLACES * line :], numbers[(_WEIGHTS + taps) * line :]
    for n in range(batch):
        for at in range(0, points, block):
            first, count = n * points + at, min(block, points - at)
            _find(grid, first, count, lengths, rank, each, padding, align, line, numbers, places)
            for t in range(taps):
                clear_run(products, t * line, count)
            for row in range(n * channels, (n + 1) * channels):
                given, source = (
                    part(grad, row * points + at, count),
                    part(x, row * length, length),
                )
                for t in range(taps):
                    _multiply(given, source, part(of_taps, t * line, taps * line), part(products, t * line, count))
            _fill_in_slopes(grid, first, count, lengths, rank, each, padding, align, line, numbers, places, out)


@kernel
def taps_loop(
    grid: In,
    depth: int,
    height: int,
    width: int,
    rank: int,
    each: int,
    padding: int,
    align: bool,
    all_places: OutInt64,
    all_weights: Out,
):
    """Fill in the places and the weights of each point, `each` taps a dimension."""
    points, taps, lengths = grid.size // rank, each**rank, (width, height, depth)
    line = _line(points, taps)
    (numbers, places), block = _workspaces(line, taps, grid.dtype, np.int64), line - _GAP
    for at in range(0, points, block):
        count = min(block, points - at)
        _find(grid, at, count, lengths, rank, each, padding, align, line, numbers, places)
        for j in range(count):
            for t in range(taps):
                all_places[np.uint64((at + j) * taps + t)] = places[np.uint64((_PLACES + t) * line + j)]
                all_weights[np.uint64((at + j) * taps + t)] = numbers[np.uint64((_WEIGHTS + t) * line + j)]


@kernel
def taps_backward_loop(
    grad: In,
    grid: In,
    depth: int,
    height: int,
    width: int,
    rank: int,
    each: int,
    padding: int,
    align: bool,
    out: Out,
):
    """Gradient of the weights that `taps_loop` fills in, with respect to the grid."""
    points, taps, lengths = grid.size // rank, each**rank, (width, height, depth)
    line = _line(points, taps)
    (numbers, places), block = _workspaces(line, taps, grid.dtype, np.int64), line - _GAP
    for at in range(0, points, block):
        count = min(block, points - at)
        _find(grid, at, count, lengths, rank, each, padding, align, line, numbers, places)
        for j in range(count):
            for t in range(taps):
                numbers[np.uint64((_WEIGHTS + taps + t) * line + j)] = grad[np.uint64((at + j) * taps + t)]
        _fill_in_slopes(grid, at, count, lengths, rank, each, padding, align, line, numbers, places, out)
