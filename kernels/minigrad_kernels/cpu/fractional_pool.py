"""Max pooling over windows whose places are drawn for each plane."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels._pool_windows import drawn_starts
from minigrad_kernels.cpu._arrays import part
from minigrad_kernels.cpu._kernel import In, Out, OutInt64, borrower, kernel

empty = np.empty


@borrower
def _find_starts(draws, at, length, size, count, starts):
    """Find where the windows of a plane start along a dimension; see `drawn_starts`."""
    real, last = draws.dtype.type, length - size
    draw, step = draws[at], real(last) / real(max(count - 1, 1))
    before = np.int64(draw * step)
    for j in range(count - 1):
        starts[j] = np.int64((real(j) + draw) * step) - before
    starts[count - 1] = last


@borrower
def _largest(x, at, height, width, kd, kh, kw):
    """Return the place of a window's largest element, the first of equals or the last nan."""
    place, best = at, x[np.uint64(at)]
    for a in range(kd):
        for b in range(kh):
            row = at + (a * height + b) * width
            for e in range(row, row + kw):
                v = x[np.uint64(e)]
                larger = (v > best) | (v != v)
                best, place = v if larger else best, e if larger else place
    return place


@kernel
def _fractional_max_loop(
    x: In,
    draws: In,
    rank: int,
    d: int,
    h: int,
    w: int,
    kd: int,
    kh: int,
    kw: int,
    od: int,
    oh: int,
    ow: int,
    is_given: bool,
    starts: OutInt64,
    out: Out,
    places: OutInt64,
):
    """Out = the largest element of each window, places = its number in the plane.

    Windows of a plane start along its dimensions at `starts`, if they are given, or where the draws say.
    """
    at, all_starts = 0, od + oh + ow
    for plane in range(out.size // (od * oh * ow)):
        first = plane * all_starts if is_given else 0
        deep, down, across = part(starts, first, od), part(starts, first + od, oh), part(starts, first + od + oh, ow)
        if not is_given:
            deep[0], begin = 0, plane * rank
            if rank == 3:
                _find_starts(draws, begin, d, kd, od, deep)
            _find_starts(draws, begin + 1, h, kh, oh, down)
            _find_starts(draws, begin if rank == 2 else begin + 2, w, kw, ow, across)
        start = plane * d * h * w
        for i in range(od):
            for j in range(oh):
                row = start + (deep[i] * h + down[j]) * w
                for t in range(ow):
                    place = _largest(x, row + across[t], h, w, kd, kh, kw)
                    out[np.uint64(at)], places[np.uint64(at)] = x[np.uint64(place)], place - start
                    at += 1


def _given_starts(draws, lengths, size, out):
    """Return where the windows of each plane start, all dimensions in a row."""
    order = (1, 0) if len(size) == 2 else (0, 1, 2)
    numbers = zip(order, lengths, size, out, strict=True)
    found = [drawn_starts(np, draws[:, k], *each) for k, *each in numbers]
    if len(size) == 2:
        found.insert(0, np.zeros((len(draws), 1), np.int64))
    return np.concatenate(found, 1)


def fractional_max_pool(x, samples, size, out):
    """Return the largest element of each of so many windows, and its number within its plane.

    Parameters
    ----------
    x : ndarray, shape (..., *lengths), 2 or 3 of them
    samples : ndarray, shape (..., rank), of the dtype of `x`
        Draws between 0 and 1, at least one row a plane: for width and height, or for depth, height and width.
    size, out : tuple of int
        Lengths of the windows, and how many there are.
    """
    rank, shape = len(size), x.shape[: x.ndim - len(size)] + out
    values, places = empty(shape, x.dtype), empty(shape, np.int64)
    if not values.size:
        return values, places
    lengths, is_given = x.shape[x.ndim - rank :], x.itemsize == 2  # PyTorch rounds every step to half precision
    if is_given:
        planes = math.prod(x.shape[: x.ndim - rank])
        starts = _given_starts(samples.reshape(-1, rank)[:planes], lengths, size, out)
    else:
        starts = empty(sum(out) + 1, np.int64)
    numbers = (*lengths, *size, *out) if rank == 3 else (1, *lengths, 1, *size, 1, *out)
    _fractional_max_loop[x.dtype](x, samples, rank, *numbers, is_given, starts, values, places)
    return values, places
