"""Pooling: the largest element or the mean of each window, one thread a window.

Gradients are gathered: a thread asks which windows cover its element, and adds what they give in their order. So
nothing is added to by two threads. How windows lie is said as for the CPU (`minigrad_kernels._pool_windows`).
"""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad_kernels._pool_windows import even_windows, lowest, pool_windows, windows_without_padding  # noqa: F401
from minigrad_kernels.cuda._kernel import In, InInt8, InInt64, Out, OutInt8, OutInt64, Real, empty, kernel, table
from minigrad_kernels.cuda._numba import cuda
from minigrad_kernels.cuda._windows import end_window, first_window


@kernel
def _max_pool_loop(x: In, shape: InInt64, places: OutInt8, out: Out):
    """Out = the largest element of each window, places = the number of its tap; the first of equals, or a nan."""
    d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        plane, line = i // (od * oh * ow), i // ow
        z, y, left = line // oh % od * sd - pd, line % oh * sh - ph, i % ow * sw - pw
        best, place = x.dtype.type(0), -1
        for a in range(kd):
            for b in range(kh):
                at, row = z + a * dd, y + b * dh
                if at < 0 or at >= d or row < 0 or row >= h:
                    continue
                start = ((plane * d + at) * h + row) * w
                for e in range(kw):
                    column = left + e * dw
                    if 0 <= column < w:
                        v = x[start + column]
                        if place < 0 or v > best or v != v:
                            best, place = v, (a * kh + b) * kw + e
        out[i], places[i] = best, place


@kernel
def _max_pool_backward_loop(grad: In, places: InInt8, shape: InInt64, out: Out):
    """Out = the sum of the elements of grad whose maximum was there."""
    d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        plane, line = i // (d * h * w), i // w
        z, y, column = line // h % d + pd, line % h + ph, i % w + pw
        total = grad.dtype.type(0)
        for p in range(first_window(z, (kd - 1) * dd, sd), end_window(z, sd, od)):
            for q in range(first_window(y, (kh - 1) * dh, sh), end_window(y, sh, oh)):
                at, row = z - p * sd, y - q * sh
                if at % dd or row % dh:
                    continue
                tap = (at // dd * kh + row // dh) * kw
                start = ((plane * od + p) * oh + q) * ow
                for r in range(first_window(column, (kw - 1) * dw, sw), end_window(column, sw, ow)):
                    left = column - r * sw
                    if left % dw == 0 and places[start + r] == tap + left // dw:
                        total += grad[start + r]
        out[i] = total


@kernel
def _at_maxima_loop(x: In, places: InInt8, shape: InInt64, offsets: InInt64, out: Out):
    """Out = the elements of x where the maxima were."""
    d, h, w = shape[:3]
    sd, sh, sw, pd, ph, pw = shape[6:12]
    od, oh, ow = shape[15:]
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        plane, line = i // (od * oh * ow), i // ow
        z, y, left = line // oh % od * sd - pd, line % oh * sh - ph, i % ow * sw - pw
        out[i] = x[((plane * d + z) * h + y) * w + left + offsets[places[i]]]


@kernel
def _max_windows_loop(x: In, table: InInt64, lowest: Real, places: OutInt64, out: Out):
    """Out = the largest element of each window of any size, places = its number in the plane, -1 of an empty one."""
    d, h, w, dd, dh, dw, od, oh, ow = table[:9]
    spans_d, spans_h, spans_w = table[9:], table[9 + 3 * od :], table[9 + 3 * (od + oh) :]
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        plane, p, q, r = i // (od * oh * ow), i // (oh * ow) % od, i // ow % oh, i % ow
        best, place = lowest, -1
        for a in range(spans_d[3 * p], spans_d[3 * p + 1], dd):
            for b in range(spans_h[3 * q], spans_h[3 * q + 1], dh):
                start = (a * h + b) * w
                for e in range(spans_w[3 * r], spans_w[3 * r + 1], dw):
                    v = x[plane * d * h * w + start + e]
                    if place < 0 or v > best or v != v:
                        best, place = v, start + e
        out[i], places[i] = best, place


@kernel
def _max_windows_backward_loop(grad: In, places: InInt64, table: InInt64, out: Out):
    """Out = the sum of the elements of grad whose maximum was there."""
    d, h, w = table[:3]
    od, oh, ow = table[6:9]
    cover_d = table[9 + 3 * (od + oh + ow) :]
    cover_h, cover_w = cover_d[2 * d :], cover_d[2 * (d + h) :]
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        plane, z, y, column = i // (d * h * w), i // (h * w) % d, i // w % h, i % w
        total, place = grad.dtype.type(0), i % (d * h * w)
        for p in range(cover_d[2 * z], cover_d[2 * z + 1]):
            for q in range(cover_h[2 * y], cover_h[2 * y + 1]):
                start = ((plane * od + p) * oh + q) * ow
                for r in range(cover_w[2 * column], cover_w[2 * column + 1]):
                    if places[start + r] == place:
                        total += grad[start + r]
        out[i] = total


@kernel
def _taken_loop(x: In, places: InInt64, count: int, length: int, out: Out):
    """Out = the elements of x, `length` a plane, at places in their planes, `count` a plane; 0 at -1."""
    zero = x.dtype.type(0)
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        out[i] = x[i // count * length + places[i]] if places[i] >= 0 else zero


@kernel
def _mean_windows_loop(x: In, table: InInt64, divisor: int, out: Out):
    """Out = the sum of each window, divided by `divisor`, or by the windows' own counts where that is 0."""
    d, h, w = table[:3]
    od, oh, ow = table[6:9]
    spans_d, spans_h, spans_w = table[9:], table[9 + 3 * od :], table[9 + 3 * (od + oh) :]
    real = x.dtype.type
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        plane, p, q, r = i // (od * oh * ow), i // (oh * ow) % od, i // ow % oh, i % ow
        total = real(0)
        for a in range(spans_d[3 * p], spans_d[3 * p + 1]):
            for b in range(spans_h[3 * q], spans_h[3 * q + 1]):
                start = ((plane * d + a) * h + b) * w
                for e in range(spans_w[3 * r], spans_w[3 * r + 1]):
                    total += x[start + e]
        count = divisor if divisor else spans_d[3 * p + 2] * spans_h[3 * q + 2] * spans_w[3 * r + 2]
        out[i] = total / real(count)


@kernel
def _mean_windows_backward_loop(grad: In, table: InInt64, divisor: int, out: Out):
    """Out = the sum of the elements of grad whose window covers it, each divided as the window's sum was."""
    d, h, w = table[:3]
    od, oh, ow = table[6:9]
    spans_d, spans_h, spans_w = table[9:], table[9 + 3 * od :], table[9 + 3 * (od + oh) :]
    cover_d = table[9 + 3 * (od + oh + ow) :]
    cover_h, cover_w = cover_d[2 * d :], cover_d[2 * (d + h) :]
    real = grad.dtype.type
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        plane, z, y, column = i // (d * h * w), i // (h * w) % d, i // w % h, i % w
        total = real(0)
        for p in range(cover_d[2 * z], cover_d[2 * z + 1]):
            for q in range(cover_h[2 * y], cover_h[2 * y + 1]):
                start = ((plane * od + p) * oh + q) * ow
                lines = spans_d[3 * p + 2] * spans_h[3 * q + 2]
                for r in range(cover_w[2 * column], cover_w[2 * column + 1]):
                    count = divisor if divisor else lines * spans_w[3 * r + 2]
                    total += grad[start + r] / real(count)
        out[i] = total


def _in_place_of(x, lengths, of):
    """Return the shape of an array whose last lengths are `lengths` where those of `x` are `of`."""
    return x.shape[: x.ndim - len(of)] + lengths


def max_pool(x, view, as_indices=False):
    """Return the largest element of each window, and where it was.

    Parameters
    ----------
    x : array, shape (..., *view.size)
    view : Windows
    as_indices : bool
        Whether places are the elements' numbers within their planes.

    Returns
    -------
    out : array, shape (..., *view.out)
    places : array of int8 or int64, of that shape
        For `max_pool_backward` and `at_maxima`.
    """
    out = empty(_in_place_of(x, view.out, view.size), x.dtype)
    has_bytes = view.has_bytes and not as_indices
    places = empty(out.shape, np.int8 if has_bytes else np.int64)
    if has_bytes:
        _max_pool_loop[x.dtype](x, table(view.all_alike), places, out)
    else:
        _max_windows_loop[x.dtype](x, table(view.table), lowest(x.dtype), places, out)
    return out, places


def max_pool_backward(grad, places, view):
    """Return planes (..., *view.size) of zeros to which each element of `grad` is added where its maximum was."""
    out = empty(_in_place_of(grad, view.size, view.out), grad.dtype)
    if places.dtype == np.int8:
        _max_pool_backward_loop[grad.dtype](grad, places, table(view.all_alike), out)
    else:
        _max_windows_backward_loop[grad.dtype](grad, places, table(view.table), out)
    return out


def at_maxima(x, places, view):
    """Return the elements of `x`, shape (..., *view.size), where the maxima were."""
    out = empty(_in_place_of(x, view.out, view.size), x.dtype)
    if places.dtype == np.int8:
        _at_maxima_loop[x.dtype](x, places, table(view.all_alike), table(view.offsets), out)
    else:
        _taken_loop[x.dtype](x, places, prod(view.out), prod(view.size), out)
    return out


def mean_pool(x, view, divisor=0):
    """Return the mean of each window, or its sum divided by `divisor`: (..., *view.size) -> (..., *view.out)."""
    out = empty(_in_place_of(x, view.out, view.size), x.dtype)
    _mean_windows_loop[x.dtype](x, table(view.table), divisor, out)
    return out


def mean_pool_backward(grad, view, divisor=0):
    """Return planes (..., *view.size) to which each element of `grad` is added, in equal shares, over its window."""
    out = empty(_in_place_of(grad, view.size, view.out), grad.dtype)
    _mean_windows_backward_loop[grad.dtype](grad, table(view.table), divisor, out)
    return out
