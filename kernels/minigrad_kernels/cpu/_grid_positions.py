"""Where the numbers of a grid lie along one dimension of images, and which elements are read there with what weights.

Each line of a table holds one fact of all points of a block: their positions, a tap's places. So loops over points have
no branches and become vectors. Images and volumes are rounded as PyTorch rounds each: it may decide what is nearest.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._copy import copy_every_second
from minigrad_kernels.cpu._kernel import borrower
from minigrad_kernels.scalar._bits import fabs, fma, fused, scalar, wide


@scalar
def _unnormalised(number, one, scale, shift, is_image):
    """Return the position that a number from -1 to 1 means."""
    return fma(number + one, scale, -shift) if is_image else (number + one) * scale - shift


@scalar
def _folded(position, shift, span, is_image):
    """Return a position's distance from the low edge, mirrored at both as often as it takes, and if it goes back."""
    away, zero = fabs(position + shift), span - span
    if is_image:
        away -= np.floor(away / (span + span)) * (span + span)
        back = span + span - away
        return (back if back < away else away), back < away
    turns = np.floor(away / span)
    away = fused(-turns, span, away)
    away = away if away >= zero else away + span
    is_back = turns - (span / span + span / span) * np.floor(turns / (span / span + span / span)) > zero
    return (span - away if is_back else away), is_back


@borrower
def _measures(real, length, align):
    """Return the elements for a number's unit, the low edge's distance from the first, and the way across."""
    if align:
        return real((length - 1) / 2), real(0), real(length - 1)
    return real(length / 2), real(0.5), real(length)


@borrower
def _take(grid, dim, rank, numbers):
    """Take the points' numbers of a dimension."""
    if rank == 2:
        copy_every_second(numbers, 0, grid, dim, numbers.size)
    else:
        for j in range(numbers.size):
            numbers[j] = grid[np.uint64(3 * j + dim)]


@borrower
def _move(positions, length, padding, align, is_image):
    """Move positions outside into the image as the padding says; nan is moved to an end."""
    real = positions.dtype.type
    zero, last = real(0), real(length - 1)
    end = zero if is_image else last
    _, shift, span = _measures(real, length, align)
    if padding == 2:
        for j in range(positions.size):
            positions[j] = _folded(positions[j], shift, span, is_image)[0] - shift
    if padding != 0:
        for j in range(positions.size):
            position = positions[j] if positions[j] == positions[j] else end
            position = position if position > zero else zero
            positions[j] = position if position < last else last


@borrower
def find_positions(grid, dim, rank, length, padding, align, positions):
    """Find the positions, among `length` elements, that the points' numbers of a dimension mean.

    Of a volume, those that nothing moves from infinity or nearly so count as -100.
    """
    wide()
    real = positions.dtype.type
    one, outside, is_image = real(1), real(-100), rank == 2
    limit, keeps = real(2**31), is_image or padding != 0
    scale, shift, _ = _measures(real, length, align)
    _take(grid, dim, rank, positions)
    for j in range(positions.size):
        position = _unnormalised(positions[j], one, scale, shift, is_image)
        positions[j] = position if keeps | (fabs(position) < limit) else outside
    _move(positions, length, padding, align, is_image)


@borrower
def find_slopes(grid, dim, rank, length, padding, align, positions, slopes):
    """Find the slopes of `find_positions`."""
    wide()
    real = positions.dtype.type
    zero, one, last, is_image = real(0), real(1), real(length - 1), rank == 2
    scale, shift, span = _measures(real, length, align)
    if padding == 2:
        _take(grid, dim, rank, slopes)
        for j in range(slopes.size):
            position = _unnormalised(slopes[j], one, scale, shift, is_image)
            _, is_back = _folded(position, shift, span, is_image)
            slopes[j] = -scale if is_back != (position + shift < zero) else scale
    else:
        for j in range(slopes.size):
            slopes[j] = scale
    if padding != 0:
        for j in range(slopes.size):
            slopes[j] = slopes[j] if (positions[j] > zero) & (positions[j] < last) else zero


@borrower
def find_bases(positions, is_near, bases):
    """Round positions to the elements that taps are counted from: the nearest, or those before them."""
    wide()
    for j in range(bases.size):
        bases[j] = np.floor(positions[j])
    if is_near:
        for j in range(bases.size):
            bases[j] = np.rint(positions[j])


@borrower
def find_places(bases, offset, length, stride, padding, align, work, places):
    """Find the places of the elements so far from the bases, `stride` for each step, -1 outside.

    A padding here moves the elements, as it does for cubics, and not their positions.
    """
    wide()
    real, kind = bases.dtype.type, places.dtype.type
    zero, end, stride, outside = real(0), real(length), kind(stride), kind(-1)
    for j in range(work.size):
        work[j] = bases[j] + real(offset)
    _move(work, length, padding, align, True)
    for j in range(places.size):
        is_inside = (work[j] >= zero) & (work[j] < end)
        place = kind(kind(work[j] if is_inside else zero) * stride)
        places[j] = place if is_inside else outside


@borrower
def find_weights(positions, bases, each, tap, is_slope, weights):
    """Find the weights of the tap of so many along a dimension, or their slopes: polynomials of the distance."""
    wide()
    real = positions.dtype.type
    c0, c1, c2, c3 = _polynomial(each, tap)
    if is_slope:
        c0, c1, c2, c3 = c1, 2 * c2, 3 * c3, 0.0
    a, b, c, d = real(c0), real(c1), real(c2), real(c3)
    for j in range(weights.size):
        share = positions[j] - bases[j]
        weights[j] = ((d * share + c) * share + b) * share + a


@borrower
def _polynomial(each, tap):
    """Return the coefficients of a weight, the constant first: of the nearest, of lines, of Keys' cubic (a = -0.75)."""
    if each == 1:
        return 1.0, 0.0, 0.0, 0.0
    if each == 2:
        return (0.0, 1.0, 0.0, 0.0) if tap == 1 else (1.0, -1.0, 0.0, 0.0)
    if tap == 0:
        return 0.0, -0.75, 1.5, -0.75
    if tap == 1:
        return 1.0, 0.0, -2.25, 1.25
    return (0.0, 0.75, 1.5, -1.25) if tap == 2 else (0.0, 0.0, -0.75, 0.75)
