"""Convolution as a matrix product of filters with windows laid out as columns, a block of images at a time.

The products are cuBLAS's. Groups of few channels and filters, depthwise ones above all, are too narrow for it: there a
thread sums an output element by itself. Half precision is computed in single.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels._filter_windows import windows
from minigrad_kernels.cuda import _memory
from minigrad_kernels.cuda._block import blocks_for_rows, group_sum, lanes_for
from minigrad_kernels.cuda._kernel import In, InInt64, Out, empty, kernel, table
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda._windows import end_window, first_window
from minigrad_kernels.cuda.columns import add_columns, to_columns

_BLOCK = 1 << 28  # bytes of columns at a time
_FEW = 128  # images of fewer windows share one product
_NARROW = 16  # pairs of a channel and a filter in a group that are too few for a product


@kernel
def _direct_loop(x: In, weight: In, shape: InInt64, groups: int, out: Out):
    """Out = the cross-correlation of x (images, channels, d, h, w) with weight (filters, depth, kd, kh, kw)."""
    channels, d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    depth, places = channels // groups, od * oh * ow
    filters = weight.size // (depth * kd * kh * kw)
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        n, f, line = i // (filters * places), i // places % filters, i // ow
        z, y, left = line // oh % od * sd - pd, line % oh * sh - ph, i % ow * sw - pw
        total = x.dtype.type(0)
        for c in range(depth):
            plane = n * channels + f // (filters // groups) * depth + c
            for a in range(max(0, (dd - 1 - z) // dd), kd):
                for b in range(max(0, (dh - 1 - y) // dh), kh):
                    at, row = z + a * dd, y + b * dh
                    if at >= d or row >= h:
                        break
                    start, tap = ((plane * d + at) * h + row) * w, (((f * depth + c) * kd + a) * kh + b) * kw
                    for e in range(kw):
                        column = left + e * dw
                        if 0 <= column < w:
                            total += x[start + column] * weight[tap + e]
        out[i] = total


@kernel
def _direct_input_loop(grad: In, weight: In, shape: InInt64, groups: int, out: Out):
    """Out = the gradient of `_direct_loop` with respect to x."""
    channels, d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    depth = channels // groups
    filters = weight.size // (depth * kd * kh * kw)
    few = filters // groups
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        z, y, column = i // (h * w) % d + pd, i // w % h + ph, i % w + pw
        n, c = i // (channels * d * h * w), i // (d * h * w) % channels
        total = grad.dtype.type(0)
        for f in range(c // depth * few, c // depth * few + few):
            for p in range(first_window(z, (kd - 1) * dd, sd), end_window(z, sd, od)):
                for q in range(first_window(y, (kh - 1) * dh, sh), end_window(y, sh, oh)):
                    at, row = z - p * sd, y - q * sh
                    if at % dd or row % dh:
                        continue
                    tap = (((f * depth + c % depth) * kd + at // dd) * kh + row // dh) * kw
                    start = (((n * filters + f) * od + p) * oh + q) * ow
                    for r in range(first_window(column, (kw - 1) * dw, sw), end_window(column, sw, ow)):
                        left = column - r * sw
                        if left % dw == 0:
                            total += grad[start + r] * weight[tap + left // dw]
        out[i] = total


@kernel
def _direct_weight_loop(x: In, grad: In, shape: InInt64, groups: int, lanes: int, out: Out):
    """Out = the gradient of `_direct_loop` with respect to weight; a group of threads for each of its elements."""
    channels, d, h, w, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw, od, oh, ow = shape
    shared = cuda.shared.array(THREADS, x.dtype)
    depth, places, lane = channels // groups, od * oh * ow, cuda.threadIdx.x & (lanes - 1)
    filters = out.size // (depth * kd * kh * kw)
    count = grad.size // filters
    for start in range(cuda.blockIdx.x * (THREADS // lanes), out.size, cuda.gridDim.x * (THREADS // lanes)):
        i = start + cuda.threadIdx.x // lanes
        f, c = i // (depth * kd * kh * kw), i // (kd * kh * kw) % depth
        z, y, left = i // (kh * kw) % kd * dd - pd, i // kw % kh * dh - ph, i % kw * dw - pw
        total = x.dtype.type(0)
        for j in range(lane, count if i < out.size else 0, lanes):
            n, line = j // places, j % places // ow
            at, row, column = z + line // oh * sd, y + line % oh * sh, left + j % ow * sw
            if 0 <= at < d and 0 <= row < h and 0 <= column < w:
                plane = n * channels + f // (filters // groups) * depth + c
                total += x[((plane * d + at) * h + row) * w + column] * grad[(n * filters + f) * places + j % places]
        total = group_sum(shared, total, lanes)
        if lane == 0 and i < out.size:
            out[i] = total


def _wide(x):
    """Return an array as kernels and products take it: contiguous, half precision as single."""
    return _memory.module().ascontiguousarray(x, np.float32 if x.dtype == np.float16 else None)


def _is_narrow(weight, groups):
    """Whether the groups have too few channels and filters for products."""
    return groups > 1 and len(weight) // groups * weight.shape[1] <= _NARROW


def _is_flat(view, lines, groups):
    """Whether all images of a block share a product, so that every group is one product."""
    return groups > 1 or lines * view.line < _FEW


def _part(y, view, image, images, first, lines):
    """Return the part of results (images, filters, *out) that belongs to a block: (images, filters, windows)."""
    flat = y.reshape(*y.shape[:2], view.lines * view.line)
    return flat[image : image + images, :, first * view.line : (first + lines) * view.line]


def convolve(x, weight, bias, stride, padding, dilation, groups, out):
    """Return the cross-correlation of images with a bank of filters.

    Parameters
    ----------
    x : array, shape (images, channels, *size)
    weight : array, shape (filters, channels / groups, *kernel)
        Of the dtype of `x`.
    bias : array, shape (filters,), or None
    stride, padding, dilation, out : tuple of int
        One number a spatial dimension: ``padding`` is what lies before the image; what lies after it follows from
        ``out``, the number of windows.
    groups : int
        Filters of one group see the channels of that group.

    Returns
    -------
    array, shape (images, filters, *out)
    """
    dtype, filters, view = (
        x.dtype,
        len(weight),
        windows(x.shape[1], x.shape[2:], weight.shape[2:], stride, padding, dilation, out),
    )
    x, weight = _wide(x), _wide(weight)
    result = empty((len(x), filters, *out), x.dtype)
    if not weight.size:
        result[...] = 0
    elif result.size and _is_narrow(weight, groups):
        _direct_loop[x.dtype](x, weight, table(view.shape), groups, result)
    elif result.size:
        _multiply(x, weight.reshape(groups, filters // groups, -1), view, result)
    if bias is not None:
        result += bias.reshape(-1, *(1,) * len(out))
    return result.astype(dtype, copy=False)


def _multiply(x, weight, view, result):
    """Fill `result` with the products of filters (groups, filters, taps) and the columns of x."""
    matmul, (groups, filters, _) = _memory.module().matmul, weight.shape
    for image, images, first, lines in view.blocks(len(x), groups * filters, x.itemsize, _BLOCK):
        is_flat = _is_flat(view, lines, groups)
        columns = to_columns(x[image : image + images], view, first, lines, is_flat)
        part = _part(result, view, image, images, first, lines)
        if is_flat:
            product = matmul(weight, columns.reshape(groups, -1, images * lines * view.line))
            part[...] = product.reshape(groups * filters, images, -1).transpose(1, 0, 2)
        else:
            matmul(weight[0], columns, out=part)


def convolve_input(grad, weight, size, stride, padding, dilation, groups):
    """Return the gradient of `convolve` with respect to its images, which is the transposed convolution.

    Parameters
    ----------
    grad : array, shape (images, filters, *out)
    weight : array, shape (filters, channels / groups, *kernel)
    size : tuple of int
        Spatial lengths of the images.

    Returns
    -------
    array, shape (images, channels, *size)
    """
    dtype, channels = grad.dtype, weight.shape[1] * groups
    view = windows(channels, size, weight.shape[2:], stride, padding, dilation, grad.shape[2:])
    grad, weight = _wide(grad), _wide(weight)
    x = _memory.module().zeros((len(grad), channels, *size), grad.dtype)
    if grad.size and x.size and weight.size:
        if _is_narrow(weight, groups):
            _direct_input_loop[grad.dtype](grad, weight, table(view.shape), groups, x)
        else:
            weight = weight.reshape(groups, len(weight) // groups, -1).transpose(0, 2, 1)
            _multiply_back(grad, _memory.module().ascontiguousarray(weight), view, x)
    return x.astype(dtype, copy=False)


def _multiply_back(grad, weight, view, x):
    """Add the products of filters (groups, taps, filters) and grad to the images that the columns come from."""
    xp, groups = _memory.module(), len(weight)
    for image, images, first, lines in view.blocks(len(grad), grad.shape[1], grad.itemsize, _BLOCK):
        is_flat = _is_flat(view, lines, groups)
        part = _part(grad, view, image, images, first, lines)
        columns = xp.matmul(weight, _side_by_side(part, groups)) if is_flat else xp.matmul(weight[0], part)
        add_columns(columns, view, first, lines, is_flat, x[image : image + images])


def _side_by_side(part, groups):
    """Return a block of results as (groups, filters, images * windows)."""
    flat = _memory.module().ascontiguousarray(part.transpose(1, 0, 2))
    return flat.reshape(groups, part.shape[1] // groups, -1)


def convolve_weight(x, grad, kernel, stride, padding, dilation, groups):
    """Return the gradient of `convolve` with respect to its filters.

    Parameters
    ----------
    x : array, shape (images, channels, *size)
    grad : array, shape (images, filters, *out)
    kernel : tuple of int
        Spatial lengths of the filters.

    Returns
    -------
    array, shape (filters, channels / groups, *kernel)
    """
    dtype, filters, view = (
        x.dtype,
        grad.shape[1],
        windows(x.shape[1], x.shape[2:], kernel, stride, padding, dilation, grad.shape[2:]),
    )
    x, grad = _wide(x), _wide(grad)
    weight = _memory.module().zeros((filters, x.shape[1] // groups, *kernel), x.dtype)
    if not x.size or not grad.size or not weight.size:
        return weight.astype(dtype, copy=False)
    if _is_narrow(weight, groups):
        lanes = lanes_for(grad.size // filters)
        blocks = blocks_for_rows(weight.size, lanes)
        _direct_weight_loop[x.dtype](x, grad, table(view.shape), groups, lanes, weight, blocks=blocks)
        return weight.astype(dtype, copy=False)
    sums = weight.reshape(groups, filters // groups, -1)
    for image, images, first, lines in view.blocks(len(x), filters, x.itemsize, _BLOCK):
        columns = to_columns(x[image : image + images], view, first, lines, True)
        columns = columns.reshape(groups, -1, images * lines * view.line)
        part = _side_by_side(_part(grad, view, image, images, first, lines), groups)
        for g in range(groups):  # a product of two matrices reads the second transposed, a product of many copies it
            of_group = sums[g]
            of_group += _memory.module().matmul(part[g], columns[g].T)
    return weight.astype(dtype, copy=False)
