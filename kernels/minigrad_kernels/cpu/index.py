"""Picking by integer arrays, and scatter-add: sums into positions chosen by them, where positions may repeat."""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad_kernels.cpu._kernel import In, InInt64, Out, kernel, subroutine


@subroutine
def _outside(index, length):
    """Return the first place of a number outside 0 to length - 1, or -1; seen as unsigned, negative ones are huge."""
    top = np.uint64(0)
    for i in range(index.size):
        number = np.uint64(index[i])
        top = number if number > top else top
    if top < np.uint64(length):
        return -1
    for i in range(index.size):
        if index[i] < 0 or index[i] >= length:
            return i
    return -1


@kernel
def _index_add_loop(out: Out, index: InInt64, source: In, outer: int, skipped: int):
    """out[o, index[i]] += source[o, i] for rows, a negative index counting from the end; returns the first bad i or -1.

    out is (outer, rows, width), index has any shape, source is (outer, index.size, width).
    """
    if index.size == 0 or source.size == 0:
        return -1
    width = source.size // (index.size * outer)
    rows = out.size // (width * outer)
    for i in range(index.size):
        if index[i] < -rows or index[i] >= rows:
            return i
    for o in range(outer):
        block, addends = out[o * rows * width :], source[o * index.size * width :]
        for i in range(index.size):
            place = index[i]
            if place == skipped:
                continue
            place = place + rows if place < 0 else place
            row, addend = block[place * width : (place + 1) * width], addends[i * width : (i + 1) * width]
            for j in range(addend.size):
                row[j] += addend[j]
    return -1


def _check(bad, index, size, axis=0):
    """Raise where the kernel found an index out of range."""
    if bad >= 0:
        raise IndexError(f"index {index.reshape(-1)[bad]} is out of bounds for dimension {axis} with size {size}")


_NONE_SKIPPED = -(2**63)


def index_add(out, index, source, axis=0):
    """Add ``source[i]`` to ``out[index[i]]`` for every i, in place; an index may be negative and may repeat.

    Parameters
    ----------
    out : ndarray, shape (rows, ...)
    index : ndarray of int64, any shape
    source : ndarray, shape index.shape + out.shape[1:]
        Of the dtype of `out`.
    axis : int
        Where the rows of `out` are; if not at 0, `index` is a vector, and its length stands there in the source.

    Raises
    ------
    IndexError
        Where an index is out of range; `out` is untouched then.
    """
    bad = _index_add_loop[out.dtype](out, index, source, prod(out.shape[:axis]), _NONE_SKIPPED)
    _check(bad, index, out.shape[axis], axis)


def embedding_backward(grad, index, rows, padding_idx=-1):
    """Return the gradient (rows, width) of ``weight[index]``, leaving out the row `padding_idx` if it is >= 0."""
    out = np.zeros((rows, grad.shape[-1]), grad.dtype)
    skipped = padding_idx if padding_idx >= 0 else _NONE_SKIPPED
    _check(_index_add_loop[grad.dtype](out, index, grad, 1, skipped), index, rows)
    return out


def add_at(out, positions, values):
    """Add ``values[i]`` to element ``positions[i]`` of `out` seen as flat, in place; like np.add.at, and faster."""
    _check(_index_add_loop[out.dtype](out, positions, values, 1, _NONE_SKIPPED), positions, out.size)


@kernel
def _scatter_add_loop(out: Out, index: InInt64, source: In, length: int, count: int, inner: int):
    """out[o, index[o, k, i], i] += source[o, k, i]; returns the first flat place of a bad index, or -1.

    out is (outer, length, inner), index and source are (outer, count, inner).
    """
    bad = _outside(index, length)
    if bad >= 0 or index.size == 0:
        return bad
    for o in range(index.size // (count * inner)):
        block = out[o * length * inner : (o + 1) * length * inner]
        start = o * count * inner
        if inner == 1:
            places, row = index[start : start + count], source[start : start + count]
            for k in range(row.size):
                block[np.uint64(places[k])] += row[k]
            continue
        for _ in range(count):
            places, row = index[start : start + inner], source[start : start + inner]
            start += inner
            for i in range(row.size):
                block[np.uint64(places[i] * inner + i)] += row[i]
    return -1


def scatter_add(out, axis, index, source):
    """Add ``source[.., k, ..]`` to ``out[.., index[.., k, ..], ..]`` along `axis`, in place.

    `index` (int64) and `source` have one shape, equal to that of `out` but along `axis`.

    Raises
    ------
    IndexError
        Where an index is out of range; `out` is untouched then.
    """
    inner = prod(out.shape[axis + 1 :]) if axis not in (-1, out.ndim - 1) else 1
    length, count = (out.shape[axis], index.shape[axis]) if out.ndim else (1, 1)
    bad = _scatter_add_loop[out.dtype](out, index, source, length, count, inner)
    if bad >= 0:
        _check(bad, index, length, axis)


_HOW = {"set": 0, "prod": 1, "amax": 2, "amin": 3}


@subroutine
def _combined(old, new, how):
    """Return what scattering leaves where `old` is and `new` comes to; nan is the largest and the smallest number."""
    if how == 0:
        return new
    if how == 1:
        return old * new
    if how == 2:
        return new if new > old or new != new else old
    return new if new < old or new != new else old


@kernel
def _scatter_loop(out: Out, index: InInt64, source: In, length: int, count: int, inner: int, how: int):
    """out[o, index[o, k, i], i] is combined with source[o, k, i], or with its only number; returns as scatter_add."""
    bad = _outside(index, length)
    if bad >= 0 or index.size == 0:
        return bad
    step = 1 if source.size == index.size else 0
    for o in range(index.size // (count * inner)):
        for k in range(count):
            start = (o * count + k) * inner
            for i in range(inner):
                place = (o * length + index[start + i]) * inner + i
                out[place] = _combined(out[place], source[step * (start + i)], how)
    return -1


def scatter(out, axis, index, source, how="set"):
    """Write ``source[.., k, ..]`` to ``out[.., index[.., k, ..], ..]`` along `axis`, in place.

    Parameters
    ----------
    out : ndarray
    axis : int
    index : ndarray of int64
        Of the shape of `out` but along `axis`.
    source : ndarray
        Of the shape of `index`, or of one element.
    how : {"set", "prod", "amax", "amin"}
        What becomes of the element that is there; where an index repeats, the last one is set.

    Raises
    ------
    IndexError
        Where an index is out of range; `out` is untouched then.
    """
    if out.dtype == np.bool_:
        return scatter(out.view(np.uint8), axis, index, source.view(np.uint8), how)
    inner = prod(out.shape[axis + 1 :]) if axis not in (-1, out.ndim - 1) else 1
    bad = _scatter_loop[out.dtype](out, index, source, out.shape[axis], index.shape[axis], inner, _HOW[how])
    if bad >= 0:
        _check(bad, index, out.shape[axis], axis)


@kernel
def _gather_loop(x: In, index: InInt64, length: int, count: int, inner: int, out: Out):
    """out[o, k, i] = x[o, index[o, k, i], i]; returns the first flat place of a bad index, or -1.

    x is (outer, length, inner), index and out are (outer, count, inner).
    """
    for o in range(out.size // (count * inner)):
        block = x[o * length * inner : (o + 1) * length * inner]
        start = o * count * inner
        bad = _outside(index[start : start + count * inner], length)
        if bad >= 0:
            return start + bad
        if inner == 1:
            places, row = index[start : start + count], out[start : start + count]
            for k in range(row.size):
                row[k] = block[np.uint64(places[k])]
            continue
        for _ in range(count):
            places, row = index[start : start + inner], out[start : start + inner]
            start += inner
            for i in range(row.size):
                row[i] = block[np.uint64(places[i] * inner + i)]
    return -1


def gather(x, axis, index):
    """Return ``x[.., index[.., k, ..], ..]`` along `axis`; `index` (int64) has the shape of `x` but along `axis`.

    Raises
    ------
    IndexError
        Where an index is out of range.
    """
    out = np.empty(index.shape, x.dtype)
    if out.size:
        inner = prod(x.shape[axis + 1 :]) if axis not in (-1, x.ndim - 1) else 1
        bad = _gather_loop[x.dtype](x, index, x.shape[axis], index.shape[axis], inner, out)
        if bad >= 0:
            _check(bad, index, x.shape[axis], axis)
    return out


@kernel
def _select_loop(x: In, index: InInt64, length: int, inner: int, out: Out):
    """out[o, k, i] = x[o, index[k], i], x seen as (outer, length, inner); returns the first bad place, or -1."""
    bad = _outside(index, length)
    if bad >= 0:
        return bad
    start, count = 0, index.size * inner
    for first in range(0, out.size, max(count, 1)):
        block, row = x[start : start + length * inner], out[first : first + count]
        start += length * inner
        if inner == 1:
            for k in range(index.size):
                row[k] = block[np.uint64(index[k])]
            continue
        for k in range(index.size):
            source, target = block[index[k] * inner : (index[k] + 1) * inner], row[k * inner : (k + 1) * inner]
            for i in range(target.size):
                target[i] = source[i]
    return -1


def select(x, axis, index):
    """Return ``x[.., index[k], ..]`` along `axis`, for an integer array of any shape whose numbers are not below 0.

    Raises
    ------
    IndexError
        Where an index is out of range.
    """
    shape, length = x.shape, x.shape[axis]
    if not x.flags.c_contiguous:
        picked = np.take(x, index, axis)  # which takes numbers below 0
        if index.size and index.min() < 0:
            raise IndexError(f"index {index.min()} is out of bounds for dimension {axis} with size {length}")
        return picked
    out = np.empty(shape[:axis] + index.shape + shape[axis + 1 :], x.dtype)
    bad = _select_loop[x.dtype](x, index, length, prod(shape[axis + 1 :]), out)
    if bad >= 0:
        _check(bad, index, length, axis)
    return out
