"""Resampling of signals, images and volumes, plane by plane, so that what is between two steps stays in the cache.

A step goes along one dimension. Where the result is larger, the first goes along the rows, of which there are fewer
then, and otherwise the last: only there are single elements looked up.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._arrays import apart_from_each_other, part
from minigrad_kernels.cpu._copy import clear_run, copy_run
from minigrad_kernels.cpu._gather import value_at
from minigrad_kernels.cpu._kernel import In, InInt32, InInt64, Out, OutInt32, borrower, kernel
from minigrad_kernels.scalar._bits import wide

empty = np.empty


@borrower
def _take_two(source, places, weights, adds, target):
    """Fill in the weighted sums of two taps, or add them."""
    wide()
    apart_from_each_other()
    zero, count = target.dtype.type(0), target.size
    of_0, of_1 = part(places, 0, count), part(places, count, count)
    by_0, by_1 = part(weights, 0, count), part(weights, count, count)
    for j in range(target.size):
        before = target[j] if adds else zero
        target[j] = before + by_0[j] * value_at(source, of_0[j]) + by_1[j] * value_at(source, of_1[j])


@borrower
def _along_rows(x, at, lines, length, count, places, weights, out, to):
    """Resample `lines` rows of x from `at` on, of `length` elements, into rows of `count` of out from `to` on."""
    for line in range(lines):
        source, target = part(x, at + line * length, length), part(out, to + line * count, count)
        for t in range(0, weights.size, 2 * count):
            _take_two(source, part(places, t, 2 * count), part(weights, t, 2 * count), t > 0, target)


@borrower
def _add_line(source, weight, adds, target):
    """Fill in a line times a weight, or add it."""
    wide()
    apart_from_each_other()
    zero = target.dtype.type(0)
    for i in range(target.size):
        before = target[i] if adds else zero
        target[i] = before + weight * source[i]


@borrower
def _add_two_lines(source, weight, other, other_weight, adds, target):
    """Do so with two lines."""
    wide()
    apart_from_each_other()
    zero = target.dtype.type(0)
    for i in range(target.size):
        before = target[i] if adds else zero
        target[i] = before + weight * source[i] + other_weight * other[i]


@borrower
def _along_lines(x, at, outer, length, inner, count, numbers, table, weights, out, to):
    """Resample (outer, length, inner) elements of x from `at` on into (outer, count, inner) of out from `to` on."""
    starts, places, first = table
    for o in range(outer):
        for j in range(count):
            target = part(out, to + (o * count + j) * inner, inner)
            begin, end = numbers[starts + j], numbers[starts + j + 1]
            if begin == end:
                clear_run(out, to + (o * count + j) * inner, inner)
            for t in range(begin, end, 2):
                source = part(x, at + (o * length + numbers[places + t]) * inner, inner)
                if t + 1 == end:
                    _add_line(source, weights[first + t], t > begin, target)
                    continue
                other = part(x, at + (o * length + numbers[places + t + 1]) * inner, inner)
                _add_two_lines(source, weights[first + t], other, weights[first + t + 1], t > begin, target)


@borrower
def _table(numbers, dim):
    """Return where the starts, the places and the weights of a dimension begin."""
    at = 7 + 3 * dim
    return numbers[at], numbers[at + 1], numbers[at + 2]


@borrower
def _place(numbers, dim, index):
    """Return which element a selection takes as element `index` of a dimension."""
    at = numbers[8 + 3 * dim]
    return numbers[np.uint64(at + index)] if at > 0 else 0


@kernel
def _select_loop(x: In, numbers: InInt64, out: Out):
    """Select from the planes of x; `numbers` are those of a `Resampling` that selects."""
    wide()
    d, h, w, od, oh, ow = numbers[:6]
    places, (start, end, repeat) = numbers[numbers[14] :], numbers[16:19]
    to, before = 0, -1
    for plane in range(x.size // (d * h * w)):
        for z in range(od):
            depth = plane * d + _place(numbers, 0, z)
            for y in range(oh):
                given = depth * h + _place(numbers, 1, y)
                if given == before:
                    copy_run(out, to, out, to - ow, ow)
                elif repeat == 2:
                    source, target = x[given * w : (given + 1) * w], out[to : to + ow]
                    for j in range(source.size):
                        target[2 * j] = target[2 * j + 1] = source[j]
                else:
                    copy_run(out, to + start, x, given * w + places[start], end - start)
                    for j in range(start):
                        out[np.uint64(to + j)] = x[np.uint64(given * w + places[j])]
                    for j in range(end, ow):
                        out[np.uint64(to + j)] = x[np.uint64(given * w + places[j])]
                before = given
                to += ow


@kernel
def _select_backward_loop(grad: In, numbers: InInt64, out: Out):
    """Add the elements of grad to out, which is zeros, where `_select_loop` took them from."""
    wide()
    d, h, w, od, oh, ow = numbers[:6]
    places, (start, end, repeat) = numbers[numbers[14] :], numbers[16:19]
    at = 0
    for plane in range(out.size // (d * h * w)):
        for z in range(od):
            depth = plane * d + _place(numbers, 0, z)
            for y in range(oh):
                taken = (depth * h + _place(numbers, 1, y)) * w
                if repeat == 2:
                    source, target = grad[at : at + ow], out[taken : taken + w]
                    for j in range(target.size):
                        target[j] += source[2 * j] + source[2 * j + 1]
                else:
                    run, target = (
                        grad[at + start : at + end],
                        out[taken + places[start] : taken + places[start] + end - start],
                    )
                    for j in range(run.size):
                        target[j] += run[j]
                    for j in range(start):
                        out[np.uint64(taken + places[j])] += grad[np.uint64(at + j)]
                    for j in range(end, ow):
                        out[np.uint64(taken + places[j])] += grad[np.uint64(at + j)]
                at += ow


@kernel
def _resample_loop(
    x: In,
    numbers: InInt64,
    weights: In,
    last_places: InInt32,
    last_weights: In,
    enlarges: bool,
    work: Out,
    out: Out,
):
    """Resample the planes of x; `numbers` are those of a `Resampling`."""
    wide()
    d, h, w, od, oh, ow, rank = numbers[:7]
    of_d, of_h = _table(numbers, 0), _table(numbers, 1)
    size, new_size = d * h * w, od * oh * ow
    middle = d * h * ow if enlarges else od * h * w
    before, after = work[:middle], work[middle:]
    for plane in range(x.size // size):
        at, to = plane * size, plane * new_size
        if rank == 1:
            _along_rows(x, at, 1, w, ow, last_places, last_weights, out, to)
        elif enlarges:
            _along_rows(x, at, d * h, w, ow, last_places, last_weights, before, 0)
            if rank == 2:
                _along_lines(before, 0, 1, h, ow, oh, numbers, of_h, weights, out, to)
            else:
                _along_lines(before, 0, d, h, ow, oh, numbers, of_h, weights, after, 0)
                _along_lines(after, 0, 1, d, oh * ow, od, numbers, of_d, weights, out, to)
        elif rank == 2:
            _along_lines(x, at, 1, h, w, oh, numbers, of_h, weights, after, 0)
            _along_rows(after, 0, oh, w, ow, last_places, last_weights, out, to)
        else:
            _along_lines(x, at, 1, d, h * w, od, numbers, of_d, weights, before, 0)
            _along_lines(before, 0, od, h, w, oh, numbers, of_h, weights, after, 0)
            _along_rows(after, 0, od * oh, w, ow, last_places, last_weights, out, to)


@borrower
def _bytes_along_row(source, places, weights, bits, row, sums, target):
    """Resample a row of bytes by weights in fixed point, one line of them a tap."""
    wide()
    apart_from_each_other()
    half, bits = np.int32(1 << bits >> 1), np.int32(bits)
    for i in range(source.size):
        row[i] = source[i]
    for j in range(sums.size):
        sums[j] = half
    for t in range(0, weights.size, sums.size):
        place, weight = part(places, t, sums.size), part(weights, t, sums.size)
        for j in range(sums.size):
            sums[j] += np.int32(weight[j] * row[np.uint64(max(place[j], 0))])
    for j in range(target.size):
        target[j] = min(max(sums[j] >> bits, 0), 255)


@borrower
def _bytes_along_lines(x, at, places, weights, j, lines, bits, sums, target):
    """Compute line `j` of the resampled lines of x from `at` on."""
    wide()
    apart_from_each_other()
    count, half, bits = target.size, np.int32(1 << bits >> 1), np.int32(bits)
    for i in range(sums.size):
        sums[i] = half
    for t in range(j, weights.size, lines):
        if weights[t] != 0:
            source, weight = part(x, at + places[t] * count, count), weights[t]
            for i in range(sums.size):
                sums[i] += np.int32(weight * np.int32(source[i]))
    for i in range(target.size):
        target[i] = min(max(sums[i] >> bits, 0), 255)


@kernel
def _resample_bytes_loop(
    x: In,
    places: InInt32,
    weights: InInt32,
    bits: int,
    length: int,
    count: int,
    inner: int,
    work: OutInt32,
    out: Out,
):
    """Resample (outer, length, inner) bytes by weights in fixed point into (outer, count, inner)."""
    for outer in range(out.size // (count * inner)):
        if inner == 1:
            row, sums = part(work, 0, length), part(work, length, count)
            source, target = part(x, outer * length, length), part(out, outer * count, count)
            _bytes_along_row(source, places, weights, bits, row, sums, target)
        else:
            for j in range(count):
                target = part(out, (outer * count + j) * inner, inner)
                _bytes_along_lines(
                    x, outer * length * inner, places, weights, j, count, bits, part(work, 0, inner), target
                )


def resample_bytes(x, plan):
    """Return bytes with their last dimensions resampled, rounded after each, the last dimension first.

    Parameters
    ----------
    x : ndarray of uint8, shape (..., *lengths before)
    plan : Resampling

    Returns
    -------
    ndarray, shape (..., *plan.out)
    """
    for axis, taps in zip(range(x.ndim - 1, -1, -1), plan.taps[::-1], strict=False):
        if taps.selects and taps.length == taps.count:
            continue
        (places, weights, bits), inner = taps.fixed, math.prod(x.shape[axis + 1 :])
        out = empty((*x.shape[:axis], taps.count, *x.shape[axis + 1 :]), x.dtype)
        if out.size:
            work = empty(max(taps.length + taps.count, inner), np.int32)
            _resample_bytes_loop[x.dtype](x, places, weights, bits, taps.length, taps.count, inner, work, out)
        x = out
    return x


def resample(x, plan):
    """Return `x` with its last dimensions resampled.

    Parameters
    ----------
    x : ndarray, shape (..., *lengths before)
    plan : Resampling

    Returns
    -------
    ndarray, shape (..., *plan.out)
    """
    shape = x.shape[: -plan.rank] + plan.out
    if plan.undoes:
        out = np.zeros(shape, x.dtype)
        if x.size:
            _select_backward_loop[x.dtype](x, plan.back.numbers, out)
        return out
    out = empty(shape, x.dtype)
    if out.size and plan.selects:
        _select_loop[x.dtype](x, plan.numbers, out)
    elif out.size:
        weights = plan.weights(x.dtype)
        work = empty(plan.work, weights.dtype)
        _resample_loop[x.dtype](x, plan.numbers, weights, *plan.last_lines(x.dtype), plan.enlarges, work, out)
    return out
