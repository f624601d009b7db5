"""Windows as columns, and back: what `unfold` and `fold` of images are.

Everything is done for three spatial dimensions; one- and two-dimensional images have leading lengths of 1. Row ``r`` of
a batch is line ``(n, od, oh)`` of output image ``n``. The columns of a run of rows are a matrix
(channels * kernel elements, rows * OW).
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels._filter_windows import windows
from minigrad_kernels.cpu._copy import copy_run
from minigrad_kernels.cpu._kernel import In, InInt64, Out, kernel, subroutine

empty = np.empty


@subroutine
def inside(offset, stride, length, out):
    """Return the range of the outputs j, below `out`, for which 0 <= offset + j * stride < length."""
    low = min(max(0, (stride - 1 - offset) // stride), out)
    return low, max(low, min(out, (length - 1 - offset) // stride + 1))


@kernel
def _columns_loop(x: In, shape: InInt64, first: int, count: int, columns: Out):
    """columns[k, r * OW + j] = x at tap k of the window of output element (first + r, j); 0 in the padding."""
    channels, d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    zero = x.dtype.type(0)
    place = 0
    for c in range(channels):
        for a in range(kd):
            for b in range(kh):
                for e in range(kw):
                    left, above = e * dw - pw, b * dh - ph
                    low, high = inside(left, sw, w, ow)
                    row = first
                    while row < first + count:
                        plane, j = row // oh, row % oh
                        last = min(oh, j + first + count - row)  # of this plane, within the block
                        row += last - j
                        n, z = plane // od, plane % od * sd + a * dd - pd
                        top, bottom = inside(above, sh, h, oh)
                        top, bottom = min(max(top, j), last), min(max(bottom, j), last)
                        if z < 0 or z >= d or low == high:
                            top = bottom = last
                        end = place + (top - j) * ow
                        for t in range(place, end):
                            columns[t] = zero
                        place = end
                        start = (((n * channels + c) * d + z) * h + top * sh + above) * w + left + low * sw
                        end = place + (bottom - top) * ow
                        if sh == 1 and sw == 1 and ow == w:
                            if bottom > top:
                                copy_run(columns, place + low, x, start, (bottom - top) * ow - low - ow + high)
                            for t in range(low):
                                for line in range(place, end, ow):
                                    columns[line + t] = zero
                            for t in range(high, ow):
                                for line in range(place, end, ow):
                                    columns[line + t] = zero
                        else:
                            for line in range(place, end, ow):
                                for t in range(line, line + low):
                                    columns[t] = zero
                                if sw == 1:
                                    copy_run(columns, line + low, x, start, high - low)
                                else:
                                    inner, source = (
                                        columns[line + low : line + high],
                                        x[start : start + (high - low) * sw],
                                    )
                                    if sw == 2:  # a constant, so that it becomes a shuffle
                                        for t in range(inner.size):
                                            inner[t] = source[2 * t]
                                    else:
                                        for t in range(inner.size):
                                            inner[t] = source[t * sw]
                                for t in range(line + high, line + ow):
                                    columns[t] = zero
                                start += sh * w
                        place = end
                        end = place + (last - bottom) * ow
                        for t in range(place, end):
                            columns[t] = zero
                        place = end


@kernel
def _images_loop(columns: Out, shape: InInt64, first: int, count: int, x: Out):
    """X at tap k of the window of output element (first + r, j) += columns[k, r * OW + j]; columns is used up."""
    channels, d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    zero = x.dtype.type(0)
    place = 0
    for c in range(channels):
        for a in range(kd):
            for b in range(kh):
                for e in range(kw):
                    left, above = e * dw - pw, b * dh - ph
                    low, high = inside(left, sw, w, ow)
                    row = first
                    while row < first + count:
                        plane, j = row // oh, row % oh
                        last = min(oh, j + first + count - row)
                        row += last - j
                        n, z = plane // od, plane % od * sd + a * dd - pd
                        top, bottom = inside(above, sh, h, oh)
                        top, bottom = min(max(top, j), last), min(max(bottom, j), last)
                        begin, end = place + (top - j) * ow, place + (bottom - j) * ow
                        place += (last - j) * ow
                        if z < 0 or z >= d or low == high or begin == end:
                            continue
                        start = (((n * channels + c) * d + z) * h + top * sh + above) * w + left + low * sw
                        if sh == 1 and sw == 1 and ow == w:
                            for t in range(low):  # what would fall on a neighbouring line
                                for line in range(begin, end, ow):
                                    columns[line + t] = zero
                            for t in range(high, ow):
                                for line in range(begin, end, ow):
                                    columns[line + t] = zero
                            source = columns[begin + low : end - ow + high]
                            target = x[start : start + source.size]
                            for t in range(source.size):
                                target[t] += source[t]
                            continue
                        for line in range(begin, end, ow):
                            source = columns[line + low : line + high]
                            target = x[start : start + source.size * sw]
                            if sw == 1:
                                for t in range(source.size):
                                    target[t] += source[t]
                            elif sw == 2:
                                for t in range(source.size):
                                    target[2 * t] += source[t]
                            else:
                                for t in range(source.size):
                                    target[t * sw] += source[t]
                            start += sh * w


def unfold(x, kernel, stride, padding, dilation, out):
    """Return all windows as columns.

    Parameters
    ----------
    x : ndarray, shape (images, channels, *size)
    kernel, stride, padding, dilation, out : tuple of int
        As in `Windows`.

    Returns
    -------
    ndarray, shape (images, channels * prod(kernel), prod(out))
    """
    images = x.shape[0]
    view = windows(x.shape[1], x.shape[2:], kernel, stride, padding, dilation, out)
    columns = empty((images, view.taps, view.lines * view.line), x.dtype)
    if columns.size:
        x = np.ascontiguousarray(x)
        for n in range(images):
            _columns_loop[x.dtype](x, view.shape, n * view.lines, view.lines, columns[n])
    return columns


def fold(columns, size, kernel, stride, padding, dilation, out):
    """Return images (images, channels, *size): each element is the sum of the columns' entries taken from it."""
    images = columns.shape[0]
    channels = columns.shape[1] // math.prod(kernel)
    view = windows(channels, size, kernel, stride, padding, dilation, out)
    x = np.zeros((images, channels, *size), columns.dtype)
    if columns.size and x.size:
        columns = columns.copy()  # which the loop uses up
        for n in range(images):
            _images_loop[x.dtype](columns[n], view.shape, n * view.lines, view.lines, x)
    return x
