"""Reading images at the positions of a grid, a block of points at a time, so that what is known of them stays near.

Each line of a block's tables holds one fact of all its points: their positions, the slopes there, the places of a
corner. So the loops over points have no branches and become vectors, the reading of a corner a gather.
"""

from __future__ import annotations

import numpy as np
from numba.core import config, types
from numba.extending import intrinsic

from minigrad_kernels.cpu._copy import copy_every_second
from minigrad_kernels.cpu._kernel import In, Out, kernel, subroutine
from minigrad_kernels.scalar._bits import fabs, fma, scalar, wide

_BLOCK = 1024
empty = np.empty


@intrinsic
def _apart_from_each_other(typing_context):
    """Promise that the arrays given to the calling function do not overlap: no check would see where a gather reads."""

    def generate(context, builder, signature, arguments):
        for given in builder.function.args:
            if given.name.endswith(".4"):  # an array's address
                given.add_attribute("noalias")
        return context.get_dummy_value()

    return types.none(), generate


if config.DISABLE_JIT:
    _apart_from_each_other = lambda: None  # noqa: E731


@scalar
def _unnormalised(number, one, scale, shift):
    """Return the position that a number from -1 to 1 means, rounded as PyTorch does: it may decide what is nearest."""
    return fma(number + one, scale, -shift)


@scalar
def _folded(position, shift, round_trip):
    """Return a position's distance from the low edge, mirrored there; and how far a round trip goes on from it."""
    away = fabs(position + shift)
    away -= np.floor(away / round_trip) * round_trip
    return away, round_trip - away


@subroutine
def _measures(real, length, align):
    """Return the elements for a number's unit, the low edge's distance from the first, and twice the way across."""
    if align:
        return real((length - 1) / 2), real(0), real(2 * (length - 1))
    return real(length / 2), real(0.5), real(2 * length)


@subroutine
def _positions(grid, dim, length, padding, align, positions):
    """Find the positions, among `length` elements, that the points' numbers of a dimension mean."""
    wide()
    real = positions.dtype.type
    zero, one, last = real(0), real(1), real(length - 1)
    scale, shift, round_trip = _measures(real, length, align)
    copy_every_second(positions, 0, grid, dim, positions.size)
    for j in range(positions.size):
        positions[j] = _unnormalised(positions[j], one, scale, shift)
    if padding == 2:
        for j in range(positions.size):
            there, back = _folded(positions[j], shift, round_trip)
            positions[j] = (back if back < there else there) - shift
    if padding != 0:
        for j in range(positions.size):
            position = positions[j] if positions[j] > zero else zero  # nan is moved to 0
            positions[j] = position if position < last else last


@subroutine
def _slopes(grid, dim, length, padding, align, positions, slopes):
    """Find the slopes of `_positions`."""
    wide()
    real = positions.dtype.type
    zero, one, last = real(0), real(1), real(length - 1)
    scale, shift, round_trip = _measures(real, length, align)
    if padding == 2:
        copy_every_second(slopes, 0, grid, dim, slopes.size)
        for j in range(slopes.size):
            position = _unnormalised(slopes[j], one, scale, shift)
            there, back = _folded(position, shift, round_trip)
            slopes[j] = -scale if (back < there) != (position + shift < zero) else scale
    else:
        for j in range(slopes.size):
            slopes[j] = scale
    if padding != 0:
        for j in range(slopes.size):
            slopes[j] = slopes[j] if (positions[j] > zero) & (positions[j] < last) else zero


@subroutine
def _nearest(x, y, width, height, places):
    """Find the places in a plane of the elements nearest to positions, -1 outside."""
    wide()
    real = x.dtype.type
    zero, right, low = real(0), real(width), real(height)
    for j in range(places.size):
        column, row = np.rint(x[j]), np.rint(y[j])
        is_inside = (column >= zero) & (column < right) & (row >= zero) & (row < low)
        place = np.int32(np.int32(row if is_inside else zero) * width + np.int32(column if is_inside else zero))
        places[j] = place if is_inside else -1


@subroutine
def _corners(x, y, width, height, places):
    """Find the places in a plane of the four elements around positions, -1 outside, and leave the positions' shares."""
    wide()
    real = x.dtype.type
    zero, first = real(0), real(-1)
    right, low, last_left, last_top = real(width), real(height), real(width - 1), real(height - 1)
    of_00, of_01, of_10, of_11 = places
    for j in range(x.size):
        left, top = np.floor(x[j]), np.floor(y[j])
        x[j] -= left
        y[j] -= top
        is_left, is_right = (left >= zero) & (left < right), (left >= first) & (left < last_left)
        is_top, is_bottom = (top >= zero) & (top < low), (top >= first) & (top < last_top)
        row, column = np.int32(top if is_top | is_bottom else zero), np.int32(left if is_left | is_right else zero)
        place = np.int32(row * width + column)
        of_00[j] = place if is_left & is_top else -1
        of_01[j] = place + 1 if is_right & is_top else -1
        of_10[j] = place + width if is_left & is_bottom else -1
        of_11[j] = place + width + 1 if is_right & is_bottom else -1


@subroutine
def _value(source, place):
    """Return an element, 0 for one outside."""
    value = source[np.uint64(max(place, 0))]
    return value if place >= 0 else source.dtype.type(0)


@subroutine
def _select(source, places, target):
    wide()
    _apart_from_each_other()
    for j in range(target.size):
        target[j] = _value(source, places[j])


@subroutine
def _weigh(source, places, x, y, target):
    """Fill in the weighted sums of the four corners."""
    wide()
    _apart_from_each_other()
    one = x.dtype.type(1)
    of_00, of_01, of_10, of_11 = places
    for j in range(target.size):
        right, low = x[j], y[j]
        left, top = one - right, one - low
        target[j] = (
            _value(source, of_00[j]) * (left * top)
            + _value(source, of_01[j]) * (right * top)
            + _value(source, of_10[j]) * (left * low)
            + _value(source, of_11[j]) * (right * low)
        )


@subroutine
def _add_slopes(grad, source, places, x, y, of_x, of_y):
    """Add the gradient of `_weigh` with respect to the shares."""
    wide()
    _apart_from_each_other()
    one = x.dtype.type(1)
    of_00, of_01, of_10, of_11 = places
    for j in range(grad.size):
        v00, v01 = _value(source, of_00[j]), _value(source, of_01[j])
        v10, v11 = _value(source, of_10[j]), _value(source, of_11[j])
        of_x[j] += grad[j] * ((v01 - v00) * (one - y[j]) + (v11 - v10) * y[j])
        of_y[j] += grad[j] * ((v10 - v00) * (one - x[j]) + (v11 - v01) * x[j])


@subroutine
def _add(target, place, value):
    if place >= 0:
        target[np.uint64(place)] += value


@subroutine
def _scatter(grad, places, x, y, target):
    """Add the gradient of `_weigh` with respect to the source."""
    one = x.dtype.type(1)
    of_00, of_01, of_10, of_11 = places
    for j in range(grad.size):
        right, low = x[j], y[j]
        left, top = one - right, one - low
        _add(target, of_00[j], grad[j] * (left * top))
        _add(target, of_01[j], grad[j] * (right * top))
        _add(target, of_10[j], grad[j] * (left * low))
        _add(target, of_11[j], grad[j] * (right * low))


@subroutine
def _lines(table, count):
    """Return the first `count` elements of a table's four lines."""
    return table[0][:count], table[1][:count], table[2][:count], table[3][:count]


@subroutine
def _find(grid, height, width, is_near, padding, align, x, y, places):
    """Find the places that a block's points take, and the shares if there are four each."""
    _positions(grid, 0, width, padding, align, x)
    _positions(grid, 1, height, padding, align, y)
    if is_near:
        _nearest(x, y, width, height, places[0])
    else:
        _corners(x, y, width, height, places)


@subroutine
def _row(array, row, length, at, count):
    """Return a part of one of an array's rows."""
    return array[row * length + at : row * length + at + count]


@kernel
def read_loop(
    x: In,
    grid: In,
    batch: int,
    channels: int,
    height: int,
    width: int,
    is_near: bool,
    padding: int,
    align: bool,
    out: Out,
):
    """out[n, c, p] = x[n, c] at the position grid[n, p]."""
    length, points = height * width, grid.size // (2 * batch)
    positions, all_places = empty((2, _BLOCK), x.dtype), empty((4, _BLOCK), np.int32)
    for n in range(batch):
        for at in range(0, points, _BLOCK):
            count = min(_BLOCK, points - at)
            across, down, places = positions[0][:count], positions[1][:count], _lines(all_places, count)
            numbers = _row(grid, n, 2 * points, 2 * at, 2 * count)
            _find(numbers, height, width, is_near, padding, align, across, down, places)
            for row in range(n * channels, (n + 1) * channels):
                source, target = _row(x, row, length, 0, length), _row(out, row, points, at, count)
                if is_near:
                    _select(source, places[0], target)
                else:
                    _weigh(source, places, across, down, target)


@kernel
def read_input_loop(
    grad: In,
    grid: In,
    batch: int,
    channels: int,
    height: int,
    width: int,
    is_near: bool,
    padding: int,
    align: bool,
    out: Out,
):
    """Add the gradient of `read_loop` with respect to x to out, which is zeros."""
    length, points = height * width, grid.size // (2 * batch)
    positions, all_places = empty((2, _BLOCK), grad.dtype), empty((4, _BLOCK), np.int32)
    for n in range(batch):
        for at in range(0, points, _BLOCK):
            count = min(_BLOCK, points - at)
            across, down, places = positions[0][:count], positions[1][:count], _lines(all_places, count)
            numbers = _row(grid, n, 2 * points, 2 * at, 2 * count)
            _find(numbers, height, width, is_near, padding, align, across, down, places)
            for row in range(n * channels, (n + 1) * channels):
                given, target = _row(grad, row, points, at, count), _row(out, row, length, 0, length)
                if is_near:
                    for j in range(given.size):
                        _add(target, places[0][j], given[j])
                else:
                    _scatter(given, places, across, down, target)


@kernel
def read_grid_loop(
    grad: In, x: In, grid: In, batch: int, channels: int, height: int, width: int, padding: int, align: bool, out: Out
):
    """Gradient of `read_loop`, between four elements each, with respect to the grid."""
    length, points = height * width, grid.size // (2 * batch)
    positions, all_places = empty((2, _BLOCK), x.dtype), empty((4, _BLOCK), np.int32)
    tables = empty((4, _BLOCK), x.dtype)
    for n in range(batch):
        for at in range(0, points, _BLOCK):
            count = min(_BLOCK, points - at)
            across, down, places = positions[0][:count], positions[1][:count], _lines(all_places, count)
            numbers, (slopes, down_slopes, of_x, of_y) = (
                _row(grid, n, 2 * points, 2 * at, 2 * count),
                _lines(tables, count),
            )
            _positions(numbers, 0, width, padding, align, across)
            _positions(numbers, 1, height, padding, align, down)
            _slopes(numbers, 0, width, padding, align, across, slopes)
            _slopes(numbers, 1, height, padding, align, down, down_slopes)
            _corners(across, down, width, height, places)
            for j in range(count):
                of_x[j] = of_y[j] = x.dtype.type(0)
            for row in range(n * channels, (n + 1) * channels):
                given, source = _row(grad, row, points, at, count), _row(x, row, length, 0, length)
                _add_slopes(given, source, places, across, down, of_x, of_y)
            target = _row(out, n, 2 * points, 2 * at, 2 * count)
            for j in range(of_x.size):
                target[np.uint64(2 * j)] = of_x[j] * slopes[j]
                target[np.uint64(2 * j + 1)] = of_y[j] * down_slopes[j]
