"""Convolution as a product of filters with shifted lines of the image: see `minigrad_kernels.cpu._planes`.

Three kernels do all of it. Images and filters give results, results and filters give images (`_correlate_loop`, which
differs only in what it is told of the geometry), images and results give filters (`_correlate_weight_loop`).
"""

from __future__ import annotations

import functools
import itertools
import math
import threading
from typing import NamedTuple

import numpy as np

from minigrad_kernels.cpu import _pointwise, _tiles
from minigrad_kernels.cpu._copy import copy_sum
from minigrad_kernels.cpu._kernel import In, InInt64, Out, kernel, subroutine
from minigrad_kernels.cpu._planes import Planes, inside, lay_out
from minigrad_kernels.cpu._threads import in_parts
from minigrad_kernels.cpu._tiles import (
    inner_products_of_1,
    inner_products_of_2,
    inner_products_of_4,
    inner_products_of_8,
    products_of_1,
    products_of_2,
    products_of_4,
    products_of_8,
)
from minigrad_kernels.cpu._vectors import lanes

empty = np.empty
_TERMS = 512  # terms of a sum whose factors stay in the first-level cache
_STRIP = 1024  # elements of inner products that stay there
_KEPT = 1 << 23  # bytes of workspace that are kept for the next call
_LINE = 64  # bytes of a line of the cache
_local = threading.local()


@subroutine
def _height(left, highest):
    """Return the height of the next tile, when so many rows are left."""
    if left > 4 and highest > 4:
        return 8
    if left > 2:
        return 4
    return left


@subroutine
def _pack(weight, start, rows, height, taps, packed, at):
    """packed[at + k * height + r] = weight[start + r, k], 0 beyond the rows."""
    for r in range(height):
        if r < rows:
            for k in range(taps):
                packed[at + k * height + r] = weight[(start + r) * taps + k]
        else:
            for k in range(taps):
                packed[at + k * height + r] = weight.dtype.type(0)


@subroutine
def _multiply(height, packed, at, planes, start, offsets, taps, columns, pitch, step, terms, block):
    """The block (height, pitch) = the packed filters times `columns` columns of the shifted planes."""
    for first in range(0, taps, terms):
        last = min(taps, first + terms)
        at_first = at + first * height
        for q in range(0, columns, step):
            if height == 8:
                products_of_8(packed, at_first, planes, start + q, offsets, first, last, block, q, pitch, first > 0)
            elif height == 4:
                products_of_4(packed, at_first, planes, start + q, offsets, first, last, block, q, pitch, first > 0)
            elif height == 2:
                products_of_2(packed, at_first, planes, start + q, offsets, first, last, block, q, pitch, first > 0)
            else:
                products_of_1(packed, at_first, planes, start + q, offsets, first, last, block, q, pitch, first > 0)


@subroutine
def _write(block, place, line, lines, rows, target, channel, channels, image, bias, out):
    """Write lines of results, of planes of `rows`, to where `target` says they belong in channel `channel` of out."""
    rd, rh, rw = rows
    nd, nh, nw, sd, sh, sw, bd, bh, bw = target
    low, high = inside(bw, sw, nw, rw)
    top, bottom = inside(bh, sh, nh, rh)
    y, plane = line % rh, line // rh
    last = line + lines
    while line < last:
        end = min(last, line + rh - y)
        z = plane % rd * sd + bd
        if 0 <= z < nd and low < high:
            begin = max(y, top)
            start = (
                ((((image + plane // rd) * channels + channel) * nd + z) * nh + begin * sh + bh) * nw + bw + low * sw
            )
            at = place + (begin - y) * rw + low
            for _ in range(begin, min(y + end - line, bottom)):
                if sw == 1:
                    copy_sum(out, start, block, at, high - low, bias)
                else:
                    source, row = block[at : at + high - low], out[start : start + (high - low) * sw]
                    if sw == 2:
                        for t in range(source.size):
                            row[2 * t] = source[t] + bias
                    else:
                        for t in range(source.size):
                            row[t * sw] = source[t] + bias
                start += sh * nw
                at += rw
        place += (end - line) * rw
        line, y, plane = end, 0, plane + 1


@kernel
def _correlate_loop(
    x: In,
    weight: In,
    bias: In,
    has_bias: bool,
    numbers: InInt64,
    offsets: InInt64,
    target: InInt64,
    machine: InInt64,
    images: int,
    groups: int,
    lines: int,
    planes: Out,
    packed: Out,
    block: Out,
    out: Out,
):
    """Out = sums of shifted planes of x, times the rows of weight (groups * filters, taps), and bias."""
    highest, terms = machine[:2]
    steps = machine[2:]
    channels, pitch_of_planes = numbers[0], numbers[13]
    rows = (numbers[10], numbers[11], numbers[12])
    numbers_of_target = (
        target[0], target[1], target[2], target[3], target[4], target[5], target[6], target[7], target[8]
    )  # fmt: skip
    plane, width = rows[0] * rows[1] * rows[2], rows[2]
    taps = offsets.size
    filters = weight.size // (groups * taps)
    of_group = channels // groups * ((numbers.size - 16) // 3) * pitch_of_planes
    capacity = pitch_of_planes // plane
    pitch = block.size // highest
    for first in range(0, images, capacity):
        count = min(capacity, images - first)
        lay_out(x, first, count, numbers, planes)
        for line in range(0, count * rows[0] * rows[1], lines):
            some = min(lines, count * rows[0] * rows[1] - line)
            at = 0
            for g in range(groups):
                done = 0
                while done < filters:
                    height = _height(filters - done, highest)
                    if first == 0 and line == 0:
                        _pack(weight, g * filters + done, filters - done, height, taps, packed, at)
                    _multiply(
                        height, packed, at, planes, g * of_group + line * width, offsets, taps, some * width, pitch,
                        steps[height], terms, block,
                    )  # fmt: skip
                    for r in range(min(height, filters - done)):
                        channel = g * filters + done + r
                        shift = bias[channel] if has_bias else x.dtype.type(0)
                        _write(
                            block, r * pitch, line, some, rows, numbers_of_target, channel, groups * filters, first,
                            shift, out,
                        )  # fmt: skip
                    at += height * taps
                    done += height


@subroutine
def _multiply_inner(height, highest, y, place, stride, x, start, offsets, taps, step, length, out, at):
    """out[k, r] += the inner product of row r of y and the run of tap k in x."""
    for k in range(0, taps, step):
        if height == 8:
            inner_products_of_8(y, place, stride, x, start, offsets, k, length, out, at + k * highest)
        elif height == 4:
            inner_products_of_4(y, place, stride, x, start, offsets, k, length, out, at + k * highest)
        elif height == 2:
            inner_products_of_2(y, place, stride, x, start, offsets, k, length, out, at + k * highest)
        else:
            inner_products_of_1(y, place, stride, x, start, offsets, k, length, out, at + k * highest)


@kernel
def _correlate_weight_loop(
    x: In,
    grad: In,
    numbers: InInt64,
    numbers_of_grad: InInt64,
    offsets: InInt64,
    machine: InInt64,
    images: int,
    groups: int,
    planes: Out,
    planes_of_grad: Out,
    out: Out,
):
    """Add sums of products of the gradient's rows and the taps' runs to out, (groups, blocks, taps, rows of a block).

    Rows and taps beyond those that there are hold what falls out of whole tiles.
    """
    highest, strip, lanes = machine[:3]
    steps = machine[3:]
    channels, pitch = numbers[0], numbers[13]
    plane = numbers[10] * numbers[11] * numbers[12]
    filters = numbers_of_grad[0] // groups
    taps = offsets.size - 8
    of_group = channels // groups * ((numbers.size - 16) // 3) * pitch
    capacity, block = pitch // plane, offsets.size * highest
    blocks = out.size // (groups * block)
    for first in range(0, images, capacity):
        count = min(capacity, images - first)
        lay_out(x, first, count, numbers, planes)
        lay_out(grad, first, count, numbers_of_grad, planes_of_grad)
        for start in range(0, count * plane, strip):
            length = min(strip, -(-(count * plane - start) // lanes) * lanes)
            for g in range(groups):
                done = 0
                while done < filters:
                    height = _height(filters - done, highest)
                    _multiply_inner(
                        height, highest, planes_of_grad, (g * filters + done) * pitch + start, pitch, planes,
                        g * of_group + start, offsets, taps, steps[height], length, out,
                        (g * blocks + done // highest) * block,
                    )  # fmt: skip
                    done += height


_HIGHEST = _tiles.ROWS[0]


@functools.cache
def _machine(itemsize):
    """Return what the products are told of tiles: the greatest height, terms at a time, and widths by height."""
    widths = [_tiles.vectors(rows) * lanes(itemsize) if rows in _tiles.ROWS else 0 for rows in range(9)]
    return np.array([_HIGHEST, _TERMS, *widths], np.int64)


@functools.cache
def _machine_of_weight(itemsize):
    """Return the same for inner products: the greatest height, elements at a time, lanes, and taps for a height."""
    taps = [_tiles.taps(rows) if rows in _tiles.ROWS else 0 for rows in range(9)]
    return np.array([_HIGHEST, _STRIP, lanes(itemsize), *taps], np.int64)


class _Sum(NamedTuple):
    """What `_correlate_loop` is told of one sum over taps, beside the arrays.

    Attributes
    ----------
    planes : Planes
    numbers, offsets, target : ndarray of int64
        Of the planes, of the taps' runs, and of where results belong: lengths, steps and beginnings.
    taps : tuple of slice
        Which elements of the filters take part, along each spatial dimension.
    """

    planes: Planes
    numbers: np.ndarray
    offsets: np.ndarray
    target: np.ndarray
    taps: tuple


def _three(fill, values):
    """Return numbers for three dimensions, the first filled up."""
    return (fill,) * (3 - len(values)) + values


@functools.lru_cache(maxsize=512)
def _forward(images, channels, groups, itemsize, size, kernel, stride, padding, dilation, out):
    """Return the `_Sum` that is a convolution."""
    size, kernel, stride, dilation, out = (_three(1, each) for each in (size, kernel, stride, dilation, out))
    padding = _three(0, padding)
    planes = Planes(images, channels, itemsize, size, kernel, stride, padding, dilation, out)
    target = np.array([*out, 1, 1, 1, 0, 0, 0], np.int64)
    return _Sum(planes, planes.numbers(), planes.offsets(channels // groups, planes.taps), target, ())


@functools.lru_cache(maxsize=512)
def _backward(images, filters, groups, itemsize, size, kernel, stride, padding, dilation, out):
    """Return the `_Sum` for each remainder of the images' positions by the stride, and whether they cover all.

    With ``u = i + padding = y * stride + a``, the taps at distance ``q * stride + a`` carry the gradient of output
    ``y - q`` to position i.
    """
    size, kernel, stride, dilation, out = (_three(1, each) for each in (size, kernel, stride, dilation, out))
    padding = _three(0, padding)
    begin = [p // s for p, s in zip(padding, stride, strict=True)]
    count = [(n - 1 + p) // s - y + 1 for n, p, s, y in zip(size, padding, stride, begin, strict=True)]
    reach = [(k - 1) * d // s for k, d, s in zip(kernel, dilation, stride, strict=True)]
    planes = Planes(
        images, filters, itemsize, out, tuple(r + 1 for r in reach), (1, 1, 1),
        tuple(r - y for r, y in zip(reach, begin, strict=True)), (1, 1, 1), tuple(count),
    )  # fmt: skip
    sums, is_whole = [], True
    for phase in itertools.product(*map(range, stride)):
        taps = [
            [e for e in range(k) if e * d % s == a] for k, d, s, a in zip(kernel, dilation, stride, phase, strict=True)
        ]
        shifts = [
            planes.shift(tuple(r - e * d // s for r, e, d, s in zip(reach, each, dilation, stride, strict=True)))
            for each in itertools.product(*taps)
        ]
        if not shifts:
            is_whole = False
            continue
        starts = [y * s + a - p for y, s, a, p in zip(begin, stride, phase, padding, strict=True)]
        target = np.array([*size, *stride, *starts], np.int64)
        offsets = planes.offsets(filters // groups, shifts)
        sums.append(_Sum(planes, planes.numbers(), offsets, target, np.ix_(*taps)))
    return sums, is_whole


@functools.lru_cache(maxsize=512)
def _of_weight(images, channels, filters, groups, itemsize, size, kernel, stride, padding, dilation, out):
    """Return the planes of images and of gradients, their numbers, and the offsets of the taps."""
    size, kernel, stride, dilation, out = (_three(1, each) for each in (size, kernel, stride, dilation, out))
    padding = _three(0, padding)
    planes = Planes(images, channels, itemsize, size, kernel, stride, padding, dilation, out, beside=filters)
    offsets = planes.offsets(channels // groups, planes.taps)
    ones = (1, 1, 1)
    numbers = planes.numbers()
    numbers_of_grad = np.array(
        [filters, *out, *ones, 0, 0, 0, *planes.rows, planes.pitch, planes.lanes, 0, 0, 0, 0], np.int64
    )
    return planes, numbers, numbers_of_grad, np.concatenate([offsets, np.zeros(8, np.int64)])


def _workspace(name, size, dtype):
    """Return memory for at least `size` elements that the next call may use again; one piece a thread and name.

    It begins where a vector does: a vector across two lines of the cache takes twice as long to load.
    """
    held = _local.__dict__.get((name, dtype))
    if held is None or held.size < size:
        whole = empty(size * dtype.itemsize + _LINE, np.uint8)
        start = -whole.__array_interface__["data"][0] % _LINE
        held = whole[start : start + size * dtype.itemsize].view(dtype)
        if whole.size <= _KEPT:
            _local.__dict__[name, dtype] = held
    return held


def _wide(x):
    """Return an array as the loops take it: contiguous, half precision as single."""
    if x.flags.c_contiguous and x.dtype.char != "e":
        return x
    return np.ascontiguousarray(x, np.float32 if x.dtype.char == "e" else None)


def _narrow(result, dtype):
    """Return a result as what it was computed from: single precision as half, where that was it."""
    return result if result.dtype == dtype else result.astype(dtype)


def _correlate(x, weight, bias, plan, groups, out):
    """Run one `_Sum`: of planes of `x` with `weight` (groups * rows, taps) into `out`."""
    dtype, planes, taps = x.dtype, plan.planes, plan.offsets.size
    rows = weight.size // (groups * taps)
    columns = (planes.lines * planes.rows[2] // planes.lanes + 9) * planes.lanes
    _correlate_loop[dtype](
        x,
        weight,
        weight if bias is None else bias,
        bias is not None,
        plan.numbers,
        plan.offsets,
        plan.target,
        _machine(dtype.itemsize),
        x.shape[0],
        groups,
        planes.lines,
        _workspace("planes", planes.count + planes.slack, dtype),
        _workspace("packed", groups * (rows + _HIGHEST) * taps, dtype),
        _workspace("block", _HIGHEST * columns, dtype)[: _HIGHEST * columns],
        out,
    )


def convolve(x, weight, bias, stride, padding, dilation, groups, out):
    """Return the cross-correlation of images with a bank of filters.

    Parameters
    ----------
    x : ndarray, shape (images, channels, *size)
    weight : ndarray, shape (filters, channels / groups, *kernel)
        Of the dtype of `x`.
    bias : ndarray, shape (filters,), or None
    stride, padding, dilation, out : tuple of int
        One number a spatial dimension: ``padding`` is what lies before the image; what lies after it follows from
        ``out``, the number of windows.
    groups : int
        Filters of one group see the channels of that group.

    Returns
    -------
    ndarray, shape (images, filters, *out)
    """
    dtype, (images, channels), filters = x.dtype, x.shape[:2], weight.shape[0]
    x, weight = _wide(x), _wide(weight)
    result = empty((images, filters, *out), x.dtype)
    if not result.size or not weight.size:
        result[...] = 0 if bias is None else bias.reshape(-1, *(1,) * len(out))
        return _narrow(result, dtype)
    bias, kernel = None if bias is None else _wide(bias), weight.shape[2:]
    work = result.size * (weight.size // filters)
    if _pointwise.takes(kernel, stride, padding, groups, work):
        return _narrow(_pointwise.convolve(x, weight, bias, result), dtype)

    def part(first, last):
        plan = _forward(last - first, channels, groups, x.itemsize, x.shape[2:], kernel, stride, padding, dilation, out)
        _correlate(x[first:last], weight, bias, plan, groups, result[first:last])

    in_parts(part, images, work)
    return _narrow(result, dtype)


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
    dtype, (images, filters), (_, channels, *kernel) = grad.dtype, grad.shape[:2], weight.shape
    grad, weight = _wide(grad), _wide(weight)
    shape = (images, channels * groups, *size)
    if not grad.size or not weight.size or not math.prod(shape):
        return np.zeros(shape, dtype)
    work = grad.size * channels * math.prod(kernel)
    if _pointwise.takes(kernel, stride, padding, groups, work):
        return _narrow(_pointwise.convolve_input(grad, weight, size), dtype)
    size_of_kernel = tuple(kernel)
    of_out = size, size_of_kernel, stride, padding, dilation, grad.shape[2:]
    _, is_whole = _backward(images, filters, groups, grad.itemsize, *of_out)
    x = (empty if is_whole else np.zeros)(shape, grad.dtype)
    weight = weight.reshape(groups, filters // groups, channels, *_three(1, size_of_kernel)).transpose(0, 2, 1, 3, 4, 5)

    def part(first, last):
        for each in _backward(last - first, filters, groups, grad.itemsize, *of_out)[0]:
            taps = np.ascontiguousarray(weight[(slice(None),) * 3 + each.taps])
            _correlate(grad[first:last], taps, None, each, groups, x[first:last])

    in_parts(part, images, work)
    return _narrow(x, dtype)


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
    dtype, (images, channels), filters = x.dtype, x.shape[:2], grad.shape[1]
    x, grad, of_group = _wide(x), _wide(grad), filters // groups
    shape = (filters, channels // groups, *kernel)
    if not x.size or not grad.size or not math.prod(shape):
        return np.zeros(shape, dtype)
    work = grad.size * math.prod(shape[1:])
    if _pointwise.takes(kernel, stride, padding, groups, work):
        return _narrow(_pointwise.convolve_weight(x, grad, kernel), dtype)
    of_out = x.shape[2:], kernel, stride, padding, dilation, grad.shape[2:]

    def part(first, last):
        return _inner_products(x[first:last], grad[first:last], groups, of_out)

    result = functools.reduce(np.add, in_parts(part, images, work))
    rows = result.transpose(0, 1, 3, 2).reshape(groups, -1, result.shape[2])
    return _narrow(rows[:, :of_group, : math.prod(shape[1:])].reshape(shape), dtype)


def _inner_products(x, grad, groups, of_out):
    """Return the gradient of the filters as the loop gives it: (groups, blocks, taps, filters of a block)."""
    (images, channels), filters = x.shape[:2], grad.shape[1]
    planes, numbers, numbers_of_grad, offsets = _of_weight(images, channels, filters, groups, x.itemsize, *of_out)
    result = np.zeros((groups, -(-(filters // groups) // _HIGHEST), offsets.size, _HIGHEST), x.dtype)
    _correlate_weight_loop[x.dtype](
        x,
        grad,
        numbers,
        numbers_of_grad,
        offsets,
        _machine_of_weight(x.itemsize),
        images,
        groups,
        _workspace("planes", planes.count + planes.slack, x.dtype),
        _workspace("planes of grad", (filters + 8) * planes.pitch, x.dtype),
        result,
    )
    return result
