"""Scatter-add: sums into positions chosen by integer arrays, where positions may repeat.

Addends are sorted by where they go, and each run of one target is summed by itself: in chunks, whose threads add to a
target that is theirs alone, and hand on what they have of one that reaches into the next chunk. What was handed on is
such a sorted sequence again, of a fraction of the length. So nothing depends on which thread comes first, and long runs
keep as many threads busy as short ones. An index out of range adds nothing.
"""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad_kernels.cuda import _memory
from minigrad_kernels.cuda._kernel import In, InInt64, Out, OutInt64, blocks_for, empty, fit, give_back, kernel
from minigrad_kernels.cuda._numba import cuda

_CHUNK = 4 if _memory.SIMULATED else 32  # addends that a thread sums; more than two
_NONE_SKIPPED = -(2**63)


@kernel
def _segments_loop(source: In, order: InInt64, targets: InInt64, chunk: int, rest: Out, left: OutInt64, out: Out):
    """out[targets[i]] += source[order[i]] for rows, targets sorted; what chunks hand on goes to rows `rest` for `left`.

    A chunk has two places for what it hands on: the run that it begins with, and the run that it ends with. A target of
    -1 is none, and an empty `order` means that the rows are in order.
    """
    count = targets.size
    width = source.size // count
    zero = source.dtype.type(0)
    for i in range(cuda.grid(1), left.size // 2 * width, cuda.gridsize(1)):
        part, column = i // width, i % width
        begin, end = part * chunk, min(count, part * chunk + chunk)
        for side in range(2):
            rest[(2 * part + side) * width + column] = zero
            if column == 0:
                left[2 * part + side] = -1
        s = begin
        while s < end:
            target, start, total = targets[s], s, zero
            while s < end and targets[s] == target:
                total += source[(order[s] if order.size else s) * width + column]
                s += 1
            from_before = start == begin and begin > 0 and targets[begin - 1] == target
            goes_on = s == end and end < count and targets[end] == target
            if target < 0:
                continue
            if from_before or goes_on:
                rest[(2 * part + (0 if from_before else 1)) * width + column] = total
                if column == 0:
                    left[2 * part + (0 if from_before else 1)] = target
                    if from_before and goes_on:  # so that the whole run stays one
                        left[2 * part + 1] = target
            else:
                out[target * width + column] += total


def _add_segments(out, targets, source):
    """Add rows of `source` to the rows `targets` of `out`, int64 and flat; -1 is no row."""
    working = np.dtype(np.float32) if out.dtype == np.float16 else out.dtype
    fitting, width = fit(out, working, is_output=True), source.size // targets.size
    order = _memory.module().argsort(targets)
    targets = targets[order]
    while True:
        chunks = -(-targets.size // _CHUNK)
        rest, left = empty((2 * chunks, width), working), empty(2 * chunks, targets.dtype)
        blocks = blocks_for(chunks * width)
        _segments_loop[working](source, order, targets, _CHUNK, rest, left, fitting, blocks=blocks)
        if chunks == 1:
            break
        source, order, targets = rest, order[:0], left
    if fitting is not out:
        give_back(out, fitting)


@kernel(dtypes=("int64",))
def _rows_loop(index: InInt64, rows: int, skipped: int, targets: OutInt64):
    """targets[i] = the row that index[i] means, a negative one counting from the end; -1 for none."""
    for i in range(cuda.grid(1), targets.size, cuda.gridsize(1)):
        row = index[i] + rows if index[i] < 0 else index[i]
        targets[i] = row if 0 <= row < rows and index[i] != skipped else -1


def _add_rows(out, index, source, rows, skipped=_NONE_SKIPPED):
    """Add rows of `source` to the rows `index` of `out`, seen as `rows` rows, but for the row `skipped`."""
    if index.size and source.size:
        targets = empty(index.size, np.int64)
        _rows_loop[targets.dtype](index, rows, skipped, targets)
        _add_segments(out, targets, source)


def index_add(out, index, source, axis=0):
    """Add ``source[i]`` to ``out[index[i]]`` for every i, in place; an index may be negative and may repeat.

    Parameters
    ----------
    out : array, shape (rows, ...)
    index : array of int64, any shape
    source : array, shape index.shape + out.shape[1:]
        Of the dtype of `out`.
    axis : int
        Where the rows of `out` are; if not at 0, `index` is a vector, and its length stands there in the source.
    """
    if axis:
        along = index.reshape(-1, *(1,) * (out.ndim - axis - 1))
        scatter_add(out, axis, _memory.module().broadcast_to(along, source.shape), source)
    else:
        _add_rows(out, index, source, out.shape[0])


def embedding_backward(grad, index, rows, padding_idx=-1):
    """Return the gradient (rows, width) of ``weight[index]``, leaving out the row `padding_idx` if it is >= 0."""
    out = _memory.module().zeros((rows, grad.shape[-1]), grad.dtype)
    _add_rows(out, index, grad, rows, padding_idx if padding_idx >= 0 else _NONE_SKIPPED)
    return out


def add_at(out, positions, values):
    """Add ``values[i]`` to element ``positions[i]`` of `out` seen as flat, in place, in the order of i."""
    _add_rows(out, positions, values, out.size)


@kernel(dtypes=("int64",))
def _places_loop(index: InInt64, length: int, count: int, inner: int, targets: OutInt64):
    """targets[o, k, i] = the flat place of (o, index[o, k, i], i) in an array (outer, length, inner); -1 for none."""
    for t in range(cuda.grid(1), targets.size, cuda.gridsize(1)):
        place = (t // (count * inner) * length + index[t]) * inner + t % inner
        targets[t] = place if 0 <= index[t] < length else -1


def scatter_add(out, axis, index, source):
    """Add ``source[.., k, ..]`` to ``out[.., index[.., k, ..], ..]`` along `axis`, in place.

    `index` (int64) and `source` have one shape, equal to that of `out` but along `axis`.
    """
    if not index.size:
        return
    inner = prod(out.shape[axis + 1 :]) if axis not in (-1, out.ndim - 1) else 1
    length, count = (out.shape[axis], index.shape[axis]) if out.ndim else (1, 1)
    targets = empty(index.size, np.int64)
    _places_loop[targets.dtype](index, length, count, inner, targets)
    _add_segments(out, targets, source)


_COMBINE = {"amax": np.maximum, "amin": np.minimum}


def scatter(out, axis, index, source, how="set"):
    """Write ``source[.., k, ..]`` to ``out[.., index[.., k, ..], ..]`` along `axis`, in place.

    `index` (int64) has the shape of `out` but along `axis`; `source` has that of `index`, or one element. `how` is
    "set", "prod", "amax" or "amin"; products are made in NumPy's memory, since CuPy multiplies at no indices.
    """
    if not index.size:
        return
    last = index.ndim - 1
    steps = (
        _memory.module().arange(length).reshape((length,) + (1,) * (last - k)) for k, length in enumerate(index.shape)
    )
    place = tuple(index if k == axis % index.ndim else step for k, step in enumerate(steps))
    if how == "set":
        out[place] = source if source.size == index.size else source.reshape(())
    elif how == "prod":
        product = out.get()
        np.multiply.at(product, tuple(each.get() for each in place), source.get())
        out[...] = _memory.module().asarray(product)
    else:
        _COMBINE[how].at(out, place, source)


@kernel
def _gather_loop(x: In, index: InInt64, length: int, count: int, inner: int, out: Out):
    """out[o, k, i] = x[o, index[o, k, i], i], or 0 where there is none."""
    for t in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        place = (t // (count * inner) * length + index[t]) * inner + t % inner
        out[t] = x[place] if 0 <= index[t] < length else x.dtype.type(0)


def gather(x, axis, index):
    """Return ``x[.., index[.., k, ..], ..]`` along `axis`.

    `index` (int64) has the shape of `x` but along `axis`.
    """
    out = empty(index.shape, x.dtype)
    if out.size:
        inner = prod(x.shape[axis + 1 :]) if axis not in (-1, x.ndim - 1) else 1
        _gather_loop[x.dtype](x, index, x.shape[axis], index.shape[axis], inner, out)
    return out


def select(x, axis, index):
    """Return ``x[.., index[k], ..]`` along `axis`, for an integer array of any shape whose numbers are not below 0."""
    return _memory.module().take(x, index, axis)
