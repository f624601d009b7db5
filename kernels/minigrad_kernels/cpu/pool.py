"""Pooling: the largest element or the mean of each window.

Everything is done for three spatial dimensions; one- and two-dimensional images have leading lengths of 1. All other
dimensions are planes, each by itself.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels._pool_windows import even_windows, lowest, pool_windows, windows_without_padding  # noqa: F401
from minigrad_kernels.cpu._arrays import part
from minigrad_kernels.cpu._copy import spread_pairs
from minigrad_kernels.cpu._kernel import SUMS, In, InInt8, InInt64, Out, OutInt8, OutInt64, Real, kernel, subroutine
from minigrad_kernels.cpu._max_windows import max_windows_loop
from minigrad_kernels.cpu.columns import inside
from minigrad_kernels.scalar._bits import wide

_FEW = 1024  # windows, of which any path takes little time, and the shortest is best
empty = np.empty


@kernel
def _max_pool_loop(x: In, shape: InInt64, lowest: Real, out: Out, places: OutInt8):
    """Out = the largest element of each window, places = the number of its tap; the first of equals, or a nan."""
    d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    for line in range(out.size // ow):
        plane, i, j = line // (od * oh), line // oh % od, line % oh
        best, place = out[line * ow : line * ow + ow], places[line * ow : line * ow + ow]
        z, y = i * sd - pd, j * sh - ph
        first_a, first_b = max(0, (dd - 1 - z) // dd), max(0, (dh - 1 - y) // dh)
        first = np.int8((first_a * kh + first_b) * kw)
        for t in range(best.size):
            best[t] = lowest
            place[t] = first
        for t in range(min(ow, (pw + sw - 1) // sw)):
            place[t] += (pw - t * sw + dw - 1) // dw
        for a in range(first_a, kd):
            if z + a * dd >= d:
                break
            for b in range(first_b, kh):
                if y + b * dh >= h:
                    break
                start = ((plane * d + z + a * dd) * h + y + b * dh) * w
                for e in range(kw):
                    low, high = inside(e * dw - pw, sw, w, ow)
                    tap = np.int8((a * kh + b) * kw + e)
                    top, where = best[low:high], place[low:high]
                    begin = start + low * sw + e * dw - pw
                    source = x[begin : begin + top.size * sw]
                    if sw == 1:
                        for t in range(top.size):
                            v = source[t]
                            larger = (v > top[t]) | (v != v)
                            top[t] = v if larger else top[t]
                            where[t] = tap if larger else where[t]
                    else:  # 2: a constant, so that it becomes a shuffle
                        for t in range(top.size):
                            v = source[2 * t]
                            larger = (v > top[t]) | (v != v)
                            top[t] = v if larger else top[t]
                            where[t] = tap if larger else where[t]


@subroutine
def _taps_inside(start, length, taps, step):
    """Return the range of the taps e of a window for which 0 <= start + e * step < length; divisions are slow."""
    first = 0 if start >= 0 else (step - 1 - start) // step
    return first, taps if start + (taps - 1) * step < length else (length - 1 - start) // step + 1


@kernel
def _max_pool_by_window_loop(x: In, shape: InInt64, lowest: Real, out: Out, places: OutInt8):
    """The same, one window after the other: for short lines of windows that are steps apart."""
    d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    at = 0
    for plane in range(out.size // (od * oh * ow)):
        for i in range(od):
            z = i * sd - pd
            first_a, last_a = _taps_inside(z, d, kd, dd)
            for j in range(oh):
                y = j * sh - ph
                first_b, last_b = _taps_inside(y, h, kh, dh)
                for t in range(ow):
                    column = t * sw - pw
                    first, last = _taps_inside(column, w, kw, dw)
                    best, place = lowest, (first_a * kh + first_b) * kw + first
                    for a in range(first_a, last_a):
                        for b in range(first_b, last_b):
                            row, tap = ((plane * d + z + a * dd) * h + y + b * dh) * w + column, (a * kh + b) * kw
                            # Unsigned indices need no test for counting from the end. Rows do not wait for each other.
                            top, where = x[np.uint64(row + first * dw)], tap + first
                            if last - first == 3:
                                v, u = x[np.uint64(row + (first + 1) * dw)], x[np.uint64(row + (first + 2) * dw)]
                                larger = (v > top) | (v != v)
                                top, where = v if larger else top, tap + first + 1 if larger else where
                                larger = (u > top) | (u != u)
                                top, where = u if larger else top, tap + first + 2 if larger else where
                            else:
                                for e in range(first + 1, last):
                                    v = x[np.uint64(row + e * dw)]
                                    larger = (v > top) | (v != v)
                                    top, where = v if larger else top, tap + e if larger else where
                            larger = (top > best) | (top != top)
                            best, place = top if larger else best, where if larger else place
                    out[np.uint64(at)], places[np.uint64(at)] = best, place
                    at += 1


@kernel
def _max_pool_by_two_loop(x: In, shape: InInt64, out: Out, places: OutInt8):
    """The same for windows of 2 x 2, side by side in planes without a border."""
    h, w, oh, ow = shape[1], shape[2], shape[16], shape[17]
    zero, one, two, three = np.int8(0), np.int8(1), np.int8(2), np.int8(3)
    for line in range(out.size // ow):
        best, place = out[line * ow : line * ow + ow], places[line * ow : line * ow + ow]
        start = (line // oh * h + line % oh * 2) * w
        above, below = x[start : start + 2 * ow], x[start + w : start + w + 2 * ow]
        for t in range(best.size):
            v, tap = above[2 * t], zero
            other = above[2 * t + 1]
            larger = (other > v) | (other != other)
            v, tap = other if larger else v, one if larger else tap
            other = below[2 * t]
            larger = (other > v) | (other != other)
            v, tap = other if larger else v, two if larger else tap
            other = below[2 * t + 1]
            larger = (other > v) | (other != other)
            best[t] = other if larger else v
            place[t] = three if larger else tap


@kernel
def _max_pool_backward_loop(grad: In, places: InInt8, shape: InInt64, offsets: InInt64, out: Out):
    """Add each element of grad to out where its maximum was."""
    d, h, w = shape[:3]
    sd, sh, sw, pd, ph, pw = shape[6:12]
    od, oh, ow = shape[15:]
    for line in range(grad.size // ow):
        plane, i, j = line // (od * oh), line // oh % od, line % oh
        start = ((plane * d + i * sd - pd) * h + j * sh - ph) * w - pw
        row, place = grad[line * ow : line * ow + ow], places[line * ow : line * ow + ow]
        for t in range(row.size):
            out[np.uint64(start + t * sw + offsets[np.uint8(place[t])])] += row[t]


@kernel
def _max_pool_by_two_backward_loop(grad: In, places: InInt8, shape: InInt64, out: Out):
    """The same for windows of 2 x 2, side by side, writing all that they cover."""
    h, w, oh, ow = shape[1], shape[2], shape[16], shape[17]
    for line in range(grad.size // ow):
        start = (line // oh * h + line % oh * 2) * w
        spread_pairs(out, start, start + w, grad, line * ow, places, ow)


@kernel
def _at_maxima_loop(x: In, places: InInt8, shape: InInt64, offsets: InInt64, out: Out):
    """Out = the elements of x where the maxima were."""
    d, h, w = shape[:3]
    sd, sh, sw, pd, ph, pw = shape[6:12]
    od, oh, ow = shape[15:]
    for line in range(out.size // ow):
        plane, i, j = line // (od * oh), line // oh % od, line % oh
        start = ((plane * d + i * sd - pd) * h + j * sh - ph) * w - pw
        for t in range(ow):
            out[line * ow + t] = x[start + t * sw + offsets[places[line * ow + t]]]


@kernel(fastmath=SUMS)
def _mean_windows_loop(x: In, table: InInt64, divisor: int, out: Out):
    """Out = the sum of each window, divided by `divisor`, or by the windows' own counts where that is 0."""
    d, h, w = table[:3]
    od, oh, ow = table[6:9]
    spans_d, spans_h, spans_w = table[9:], table[9 + 3 * od :], table[9 + 3 * (od + oh) :]
    zero, row, at = x.dtype.type(0), empty(w, x.dtype), 0
    for plane in range(out.size // (od * oh * ow)):
        for i in range(od):
            for j in range(oh):
                for e in range(row.size):
                    row[e] = zero
                for a in range(spans_d[3 * i], spans_d[3 * i + 1]):
                    for b in range(spans_h[3 * j], spans_h[3 * j + 1]):
                        source = part(x, ((plane * d + a) * h + b) * w, w)
                        for e in range(row.size):
                            row[e] += source[e]
                lines = spans_d[3 * i + 2] * spans_h[3 * j + 2]
                for t in range(ow):
                    total = zero
                    for e in range(spans_w[3 * t], spans_w[3 * t + 1]):
                        total += row[np.uint64(e)]
                    count = divisor if divisor else lines * spans_w[3 * t + 2]
                    out[np.uint64(at)] = total / x.dtype.type(count)
                    at += 1


@kernel
def _mean_by_two_loop(x: In, shape: InInt64, divisor: int, out: Out):
    """The same for windows of 2 x 2, side by side in planes without a border."""
    h, w, oh, ow = shape[1], shape[2], shape[7], shape[8]
    share, at = x.dtype.type(1 / divisor), 0
    for plane in range(out.size // (oh * ow)):
        for start in range(plane * h * w, (plane * h + 2 * oh) * w, 2 * w):
            above, below, row = x[start : start + 2 * ow], x[start + w : start + w + 2 * ow], out[at : at + ow]
            for t in range(row.size):
                row[t] = (above[2 * t] + above[2 * t + 1] + below[2 * t] + below[2 * t + 1]) * share
            at += ow


@kernel(fastmath=SUMS)
def _plane_means_loop(x: In, count: int, divisor: int, out: Out):
    """Out = the sum of each `count` elements of x, divided; a thousand at a time are summed in their own precision."""
    wide()
    for plane in range(out.size):
        total, end = 0.0, (plane + 1) * count
        for start in range(plane * count, end, 1024):
            row, some = x[start : min(start + 1024, end)], x.dtype.type(0)
            for e in range(row.size):
                some += row[e]
            total += some
        out[plane] = total / divisor


@kernel
def _mean_windows_backward_loop(grad: In, table: InInt64, divisor: int, out: Out):
    """Add each element of grad, divided as the sum was, to all of out that its window covers."""
    d, h, w = table[:3]
    od, oh, ow = table[6:9]
    spans_d, spans_h, spans_w = table[9:], table[9 + 3 * od :], table[9 + 3 * (od + oh) :]
    zero, row, at = grad.dtype.type(0), empty(w, grad.dtype), 0
    for plane in range(grad.size // (od * oh * ow)):
        for i in range(od):
            for j in range(oh):
                for e in range(row.size):
                    row[e] = zero
                lines = spans_d[3 * i + 2] * spans_h[3 * j + 2]
                for t in range(ow):
                    count = divisor if divisor else lines * spans_w[3 * t + 2]
                    share = grad[np.uint64(at)] / grad.dtype.type(count)
                    at += 1
                    for e in range(spans_w[3 * t], spans_w[3 * t + 1]):
                        row[np.uint64(e)] += share
                for a in range(spans_d[3 * i], spans_d[3 * i + 1]):
                    for b in range(spans_h[3 * j], spans_h[3 * j + 1]):
                        target = part(out, ((plane * d + a) * h + b) * w, w)
                        for e in range(row.size):
                            target[e] += row[e]


def max_pool(x, view, as_indices=False):
    """Return the largest element of each window, and where it was.

    Parameters
    ----------
    x : ndarray, shape (..., *view.size)
    view : Windows
    as_indices : bool
        Whether places are the elements' numbers within their planes.

    Returns
    -------
    out : ndarray, shape (..., *view.out)
    places : ndarray of int8 or int64, of that shape
        For `max_pool_backward` and `at_maxima`.
    """
    shape = x.shape[: -view.rank] + view.out
    out = empty(shape, x.dtype)
    if view.has_bytes and not (as_indices and out.size < _FEW):
        places = empty(shape, np.int8)
        if out.size and view.is_by_two:
            _max_pool_by_two_loop[x.dtype](x, view.all_alike, out, places)
        elif out.size:
            loop = _max_pool_by_window_loop if view.is_by_window else _max_pool_loop
            loop[x.dtype](x, view.all_alike, lowest(x.dtype), out, places)
        return out, _plane_indices(places, view) if as_indices else places
    places = empty(shape, np.int64)
    if out.size:
        max_windows_loop[x.dtype](x, view.table, lowest(x.dtype), out, places)
    return out, places


def max_pool_backward(grad, places, view):
    """Return planes (..., *view.size) of zeros to which each element of `grad` is added where its maximum was."""
    shape = grad.shape[: -view.rank] + view.size
    if places.dtype == np.int8 and view.is_by_two and grad.size:
        out = (empty if view.is_covered else np.zeros)(shape, grad.dtype)
        _max_pool_by_two_backward_loop[grad.dtype](grad, places, view.all_alike, out)
        return out
    out = np.zeros(shape, grad.dtype)
    if not grad.size:
        return out
    if places.dtype == np.int8:
        _max_pool_backward_loop[grad.dtype](grad, places, view.all_alike, view.offsets, out)
        return out
    length, count = math.prod(view.size), math.prod(view.out)
    _scatter_loop[grad.dtype](grad, places, count, length, out)
    return out


@kernel
def _scatter_loop(grad: In, places: InInt64, count: int, length: int, out: Out):
    """Add each element of grad, `count` a plane, to out, `length` a plane, at its place in the plane."""
    for plane in range(grad.size // count):
        row, place = grad[plane * count : plane * count + count], places[plane * count : plane * count + count]
        target = out[plane * length : plane * length + length]
        for t in range(row.size):
            if place[t] >= 0:
                target[np.uint64(place[t])] += row[t]


def at_maxima(x, places, view):
    """Return the elements of `x`, shape (..., *view.size), where the maxima were."""
    leading = x.shape[: -view.rank]
    if places.dtype == np.int8:
        out = empty(leading + view.out, x.dtype)
        if out.size:
            _at_maxima_loop[x.dtype](x, places, view.all_alike, view.offsets, out)
        return out
    planes = math.prod(leading)
    places = places.reshape(planes, -1)
    taken = np.take_along_axis(x.reshape(planes, -1), places, 1)
    taken[places < 0] = 0
    return taken.reshape(leading + view.out)


@kernel
def _plane_indices_loop(places: InInt8, offsets: InInt64, corners: InInt64, out: OutInt64):
    """Out = the numbers of the taps' elements within their planes; `corners` are those of the windows of a plane."""
    for start in range(0, out.size, corners.size):
        row, place = out[start : start + corners.size], places[start : start + corners.size]
        for t in range(row.size):
            row[t] = offsets[np.uint8(place[t])] + corners[t]


def _plane_indices(places, view):
    """Return the numbers of taps as the elements' numbers within their planes."""
    out = empty(places.shape, np.int64)
    if out.size:
        _plane_indices_loop[out.dtype](places, view.offsets, view.corners, out)
    return out


def mean_pool(x, view, divisor=0):
    """Return the mean of each window, or its sum divided by `divisor`: (..., *view.size) -> (..., *view.out)."""
    out = empty(x.shape[: -view.rank] + view.out, x.dtype)
    if view.is_one and out.size and x.dtype.kind == "f":
        count = math.prod(view.size)
        _plane_means_loop[x.dtype](x, count, divisor or count, out)
    elif view.is_by_two and out.size and divisor in (0, 1, 2, 4) and x.dtype.kind == "f":
        _mean_by_two_loop[x.dtype](x, view.shape, divisor or 4, out)
    elif out.size:
        _mean_windows_loop[x.dtype](x, view.table, divisor, out)
    return out


def mean_pool_backward(grad, view, divisor=0):
    """Return planes (..., *view.size) to which each element of `grad` is added, in equal shares, over its window."""
    shape = grad.shape[: -view.rank] + view.size
    if view.is_one and grad.itemsize > 2 and grad.dtype.kind == "f":
        out = empty(shape, grad.dtype)
        out[...] = grad / grad.dtype.type(divisor or math.prod(view.size))
        return out
    out = np.zeros(shape, grad.dtype)
    if grad.size:
        _mean_windows_backward_loop[grad.dtype](grad, view.table, divisor, out)
    return out
