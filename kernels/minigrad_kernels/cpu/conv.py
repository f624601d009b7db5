"""Convolution as a matrix product: windows are laid out as columns, a block at a time, so that they stay in cache.

Everything is done for three spatial dimensions; one- and two-dimensional images have leading lengths of 1. A block is a
run of output rows, over the whole batch: row ``r`` is line ``(n, od, oh)`` of output image ``n``. The columns of a
block are a matrix (channels * kernel elements, rows * OW).
"""

from __future__ import annotations

import math
import threading

import numpy as np

from minigrad_kernels._filter_windows import windows
from minigrad_kernels.cpu._copy import copy_run
from minigrad_kernels.cpu._kernel import SUMS, In, InInt64, Out, kernel, subroutine

empty = np.empty
_BLOCK = 1 << 19  # bytes of columns and products that stay in the second-level cache
_FEW = 128  # images of fewer output elements share one product
_NARROW = 2  # groups of no more filters are multiplied by loops, which BLAS is too large for
_STRIP = 2048  # elements of a row that stay in the first-level cache
_local = threading.local()


@subroutine
def _inside(offset, stride, length, out):
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
                    low, high = _inside(left, sw, w, ow)
                    row = first
                    while row < first + count:
                        plane, j = row // oh, row % oh
                        last = min(oh, j + first + count - row)  # of this plane, within the block
                        row += last - j
                        n, z = plane // od, plane % od * sd + a * dd - pd
                        top, bottom = _inside(above, sh, h, oh)
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
                    low, high = _inside(left, sw, w, ow)
                    row = first
                    while row < first + count:
                        plane, j = row // oh, row % oh
                        last = min(oh, j + first + count - row)
                        row += last - j
                        n, z = plane // od, plane % od * sd + a * dd - pd
                        top, bottom = _inside(above, sh, h, oh)
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


@kernel
def _few_forward_loop(weight: In, columns: In, groups: int, taps: int, out: Out):
    """out[g, f] = sum over k of weight[g, f, k] * columns[g, k], for few filters f a group."""
    width = columns.size // (groups * taps)
    zero = columns.dtype.type(0)
    filters = out.size // (groups * width)
    for start in range(0, width, _STRIP):
        end = min(start + _STRIP, width)
        for g in range(groups):
            for f in range(filters):
                at = (g * filters + f) * width
                row = out[at + start : at + end]
                for t in range(row.size):
                    row[t] = zero
                for k in range(taps):
                    factor = weight[(g * filters + f) * taps + k]
                    at = (g * taps + k) * width
                    line = columns[at + start : at + end]
                    for t in range(row.size):
                        row[t] += factor * line[t]


@kernel
def _few_input_loop(weight: In, grad: In, groups: int, taps: int, columns: Out):
    """columns[g, k] = sum over f of weight[g, f, k] * grad[g, f], for few filters f a group."""
    width = columns.size // (groups * taps)
    zero = columns.dtype.type(0)
    filters = grad.size // (groups * width)
    for g in range(groups):
        for k in range(taps):
            line = columns[(g * taps + k) * width : (g * taps + k + 1) * width]
            for t in range(line.size):
                line[t] = zero
            for f in range(filters):
                factor = weight[(g * filters + f) * taps + k]
                row = grad[(g * filters + f) * width : (g * filters + f + 1) * width]
                for t in range(line.size):
                    line[t] += factor * row[t]


@kernel(fastmath=SUMS)
def _few_weight_loop(columns: In, grad: In, groups: int, taps: int, out: Out):
    """out[g, k, f] += the inner product of columns[g, k] and grad[g, f], for few filters f a group."""
    width = columns.size // (groups * taps)
    filters = grad.size // (groups * width)
    for g in range(groups):
        for k in range(taps):
            line = columns[(g * taps + k) * width : (g * taps + k + 1) * width]
            for f in range(filters):
                row = grad[(g * filters + f) * width : (g * filters + f + 1) * width]
                total = columns.dtype.type(0)
                for t in range(line.size):
                    total += line[t] * row[t]
                out[(g * taps + k) * filters + f] += total


def _workspace(name, size, dtype):
    """Return `size` elements of memory that the next call will use again; one piece a thread and name."""
    held = _local.__dict__.get(name)
    if held is None or held.size < size * dtype.itemsize:
        held = _local.__dict__[name] = empty(max(size * dtype.itemsize, 2 * _BLOCK), np.uint8)
    return held[: size * dtype.itemsize].view(dtype)


def _wide(x):
    """Return an array as the loops and BLAS take it: contiguous, half precision as single."""
    return np.ascontiguousarray(x, np.float32 if x.dtype == np.float16 else None)


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


def convolve(x, weight, bias, stride, padding, dilation, groups, out):
    """Return the cross-correlation of images with a bank of filters.

    Parameters
    ----------
    x : ndarray, shape (images, channels, *size)
    weight : ndarray, shape (filters, channels / groups, *kernel)
        Of the dtype of `x`.
    bias : ndarray, shape (filters,), or None
    stride, padding, dilation, out : tuple of int
        As in `Windows`.
    groups : int
        Filters of one group see the channels of that group.

    Returns
    -------
    ndarray, shape (images, filters, *out)
    """
    dtype, images, filters = x.dtype, x.shape[0], weight.shape[0]
    view = windows(x.shape[1], x.shape[2:], weight.shape[2:], stride, padding, dilation, out)
    x = _wide(x)
    weight = _wide(weight).reshape(groups, filters // groups, view.taps // groups)
    length = view.lines * view.line
    result = empty((images, filters, *out), x.dtype)
    if not result.size:
        return result.astype(dtype, copy=False)
    if not view.taps:
        result[...] = 0
    else:
        _multiply(x, weight, view, groups, result.reshape(images, groups, filters // groups, length))
    if bias is not None:
        flat = result.reshape(images, filters, length)
        np.add(flat, bias[:, None], out=flat)
    return result.astype(dtype, copy=False)


def _multiply(x, weight, view, groups, result):
    """result[n, g] = weight[g] @ (columns of image n, group g)."""
    images, line, taps = x.shape[0], view.line, view.taps // groups
    filters = groups * result.shape[2]
    is_narrow = groups > 1 and filters <= _NARROW * groups
    if view.is_plain:
        np.matmul(weight, x.reshape(images, groups, taps, -1), out=result)
        return
    loop = _columns_loop[x.dtype]
    for first, count, image in view.blocks(images, filters, x.itemsize, _BLOCK):
        columns = _workspace("columns", view.taps * count * line, x.dtype)
        loop(x, view.shape, first, count, columns)
        if is_narrow:
            product = _workspace("products", filters * count * line, x.dtype)
            _few_forward_loop[x.dtype](weight, columns, groups, taps, product)
            _spread(product.reshape(groups, -1, count * line), view, image, first, count, result)
            continue
        if count <= view.lines:
            start = first % view.lines * line
            place = result[image, :, :, start : start + count * line]
            columns = columns.reshape(groups, taps, count * line)
            if groups == 1:
                np.matmul(weight[0], columns[0], out=place[0])
            else:
                np.matmul(weight, columns, out=place)
            continue
        some = count // view.lines
        place = result[image : image + some]
        columns = columns.reshape(groups, taps, some, view.lines * line)
        if view.lines * line >= _FEW:
            np.matmul(weight, columns.transpose(2, 0, 1, 3), out=place)
            continue
        product = _workspace("products", place.size, x.dtype).reshape(groups, -1, count * line)
        np.matmul(weight, columns.reshape(groups, taps, count * line), out=product)
        _spread(product, view, image, first, count, result)


def _spread(product, view, image, first, count, result):
    """Put the products of a block, (groups, filters, columns), where they belong in `result`."""
    if count <= view.lines:
        start = first % view.lines * view.line
        result[image, :, :, start : start + count * view.line] = product
        return
    some = count // view.lines
    result[image : image + some] = product.reshape(*product.shape[:2], some, -1).transpose(2, 0, 1, 3)


def _gathered(grad, view, image, first, count, name):
    """Return the part of `grad` (images, groups, filters, length) for a block: (groups, filters, columns)."""
    if count <= view.lines:
        start = first % view.lines * view.line
        return grad[image, :, :, start : start + count * view.line]
    some = grad[image : image + count // view.lines]
    gathered = _workspace(name, some.size, grad.dtype).reshape(grad.shape[1], grad.shape[2], -1)
    gathered.reshape(grad.shape[1], grad.shape[2], len(some), -1)[...] = some.transpose(1, 2, 0, 3)
    return gathered


def convolve_input(grad, weight, size, stride, padding, dilation, groups):
    """Return the gradient of `convolve` with respect to its images, which is the transposed convolution.

    Parameters
    ----------
    grad : ndarray, shape (images, filters, *out)
    weight : ndarray, shape (filters, channels / groups, *kernel)
    size : tuple of int
        Spatial lengths of the images.

    Returns
    -------
    ndarray, shape (images, channels, *size)
    """
    dtype, images, filters, out = grad.dtype, grad.shape[0], grad.shape[1], grad.shape[2:]
    channels = weight.shape[1] * groups
    view = windows(channels, size, weight.shape[2:], stride, padding, dilation, out)
    grad, taps = _wide(grad), view.taps // groups
    if view.is_plain and filters:
        x = empty((images, channels, *size), grad.dtype)
    else:
        x = np.zeros((images, channels, *size), grad.dtype)
    if not grad.size or not x.size:
        return x.astype(dtype, copy=False)
    flat_weight = _wide(weight)
    weight = flat_weight.reshape(groups, filters // groups, taps).transpose(0, 2, 1)
    is_narrow = groups > 1 and filters <= _NARROW * groups
    grad = grad.reshape(images, groups, filters // groups, -1)
    if view.is_plain:
        np.matmul(weight, grad, out=x.reshape(images, groups, taps, -1))
        return x.astype(dtype, copy=False)
    loop = _images_loop[grad.dtype]
    for first, count, image in view.blocks(images, filters, x.itemsize, _BLOCK):
        columns = _workspace("columns", view.taps * count * view.line, x.dtype)
        part = _gathered(grad, view, image, first, count, "products")
        if is_narrow:
            _few_input_loop[x.dtype](flat_weight, part, groups, taps, columns)
        elif groups == 1:
            np.matmul(weight[0], part[0], out=columns.reshape(taps, -1))
        else:
            np.matmul(weight, part, out=columns.reshape(groups, taps, -1))
        loop(columns, view.shape, first, count, x)
    return x.astype(dtype, copy=False)


def convolve_weight(x, grad, kernel, stride, padding, dilation, groups):
    """Return the gradient of `convolve` with respect to its filters.

    Parameters
    ----------
    x : ndarray, shape (images, channels, *size)
    grad : ndarray, shape (images, filters, *out)
    kernel : tuple of int
        Spatial lengths of the filters.

    Returns
    -------
    ndarray, shape (filters, channels / groups, *kernel)
    """
    dtype, (images, filters), out = x.dtype, grad.shape[:2], grad.shape[2:]
    view = windows(x.shape[1], x.shape[2:], kernel, stride, padding, dilation, out)
    x, grad, taps = _wide(x), _wide(grad), view.taps // groups
    result = np.zeros((groups, taps, filters // groups), x.dtype)
    if x.size and grad.size:
        grad = grad.reshape(images, groups, filters // groups, -1)
        loop = _columns_loop[x.dtype]
        for first, count, image in view.blocks(images, filters, x.itemsize, _BLOCK):
            columns = _workspace("columns", view.taps * count * view.line, x.dtype)
            loop(x, view.shape, first, count, columns)
            part = _gathered(grad, view, image, first, count, "products")
            if groups > 1 and filters <= _NARROW * groups:
                _few_weight_loop[x.dtype](columns, part, groups, taps, result)
                continue
            part = part.transpose(0, 2, 1)
            columns = columns.reshape(groups, taps, -1)
            if groups == 1:
                result[0] += np.matmul(columns[0], part[0])
            else:
                result += np.matmul(columns, part)
    weight = np.ascontiguousarray(result.transpose(0, 2, 1), dtype)
    return weight.reshape(filters, x.shape[1] // groups, *kernel)
