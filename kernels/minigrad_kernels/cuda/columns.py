"""Windows as columns, and back: what `unfold` and `fold` of images are, and what convolutions multiply.

A thread writes an element of the image once for each window that holds it, or gathers what was written from it.
"""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad_kernels._filter_windows import windows
from minigrad_kernels.cuda import _memory
from minigrad_kernels.cuda._kernel import In, InInt64, Out, blocks_for, empty, kernel, table
from minigrad_kernels.cuda._numba import cuda
from minigrad_kernels.cuda._windows import end_window, first_window

_U = np.uint64  # an index without a sign needs no test for counting from the end, and fewer registers


@kernel
def _columns_loop(x: In, shape: InInt64, first: int, lines: int, is_flat: bool, columns: Out):
    """columns[n, k, p] = x[n] at tap k of window p of so many lines of windows from `first` on, 0 in the padding.

    The columns are (images, taps, windows), or (taps, images, windows) where they are flat.
    """
    channels, d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, _od, oh, ow = shape
    images, places, taps, zero = x.size // (channels * d * h * w), lines * ow, kd * kh * kw, x.dtype.type(0)
    image_step = places if is_flat else channels * taps * places
    tap_step = images * places if is_flat else places
    for i in range(cuda.grid(1), images * channels * places, cuda.gridsize(1)):
        n, c, line = i // (channels * places), i // places % channels, first + i // ow % lines
        z, y, left = line // oh * sd - pd, line % oh * sh - ph, i % ow * sw - pw
        to = n * image_step + c * taps * tap_step + i % places
        for a in range(kd):
            for b in range(kh):
                at, row = z + a * dd, y + b * dh
                is_inside = 0 <= at < d and 0 <= row < h
                start = (((n * channels + c) * d + at) * h + row) * w
                for e in range(kw):
                    column = left + e * dw
                    columns[_U(to)] = x[_U(start + column)] if is_inside and 0 <= column < w else zero
                    to += tap_step


@kernel
def _images_loop(columns: In, shape: InInt64, first: int, lines: int, is_flat: bool, x: Out):
    """X += the sum of the columns' entries that `_columns_loop` would take from it."""
    channels, d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    images, places, taps = x.size // (channels * d * h * w), lines * ow, kd * kh * kw
    image_step = places if is_flat else channels * taps * places
    tap_step = images * places if is_flat else places
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        z, y, column = i // (h * w) % d + pd, i // w % h + ph, i % w + pw
        plane = i // (d * h * w)
        base = plane // channels * image_step + plane % channels * taps * tap_step - first * ow
        total = x.dtype.type(0)
        for p in range(first_window(z, (kd - 1) * dd, sd), end_window(z, sd, od)):
            for q in range(first_window(y, (kh - 1) * dh, sh), end_window(y, sh, oh)):
                line, at, row = p * oh + q, z - p * sd, y - q * sh
                if line < first or line >= first + lines or at % dd or row % dh:
                    continue
                tap = (at // dd * kh + row // dh) * kw
                for r in range(first_window(column, (kw - 1) * dw, sw), end_window(column, sw, ow)):
                    left = column - r * sw
                    if left % dw == 0:
                        total += columns[base + (tap + left // dw) * tap_step + line * ow + r]
        x[i] += total


def _as_columns(x, view, first, lines):
    """Return the part of images that their columns are, where a window is one element."""
    return x.reshape(len(x), view.taps, -1)[:, :, first * view.line : (first + lines) * view.line]


def to_columns(x, view, first, lines, is_flat):
    """Return the columns of some lines of windows, (images, taps, windows), or (taps, images, windows) if flat."""
    if view.is_plain and not is_flat:
        return _as_columns(x, view, first, lines)
    lengths = (view.taps, len(x)) if is_flat else (len(x), view.taps)
    columns = empty((*lengths, lines * view.line), x.dtype)
    blocks = blocks_for(columns.size // view.taps * view.channels)
    _columns_loop[x.dtype](x, table(view.shape), first, lines, is_flat, columns, blocks=blocks)
    return columns


def add_columns(columns, view, first, lines, is_flat, x):
    """Add the entries of columns to contiguous images, where `to_columns` would take them from."""
    if view.is_plain and not is_flat:
        part = _as_columns(x, view, first, lines)
        part += columns
    else:
        _images_loop[x.dtype](columns, table(view.shape), first, lines, is_flat, x)


def unfold(x, kernel, stride, padding, dilation, out):
    """Return all windows as columns.

    Parameters
    ----------
    x : array, shape (images, channels, *size)
    kernel, stride, padding, dilation, out : tuple of int
        As in `Windows`.

    Returns
    -------
    array, shape (images, channels * prod(kernel), prod(out))
    """
    view = windows(x.shape[1], x.shape[2:], kernel, stride, padding, dilation, out)
    if not x.size or not view.taps:
        return _memory.module().zeros((len(x), view.taps, view.lines * view.line), x.dtype)
    return to_columns(x, view, 0, view.lines, False)


def fold(columns, size, kernel, stride, padding, dilation, out):
    """Return images (images, channels, *size): each element is the sum of the columns' entries taken from it."""
    channels = columns.shape[1] // prod(kernel)
    view = windows(channels, size, kernel, stride, padding, dilation, out)
    x = _memory.module().zeros((len(columns), channels, *size), columns.dtype)
    if columns.size:
        add_columns(columns, view, 0, view.lines, False, x)
    return x
