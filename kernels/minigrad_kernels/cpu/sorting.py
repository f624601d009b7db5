"""Sorting rows, and finding their first, their k-th and their middle elements.

Which of several equal elements comes first is said by the caller: the first of them, or the one that PyTorch's
algorithms name; then rows with equal elements, and only those, are ordered again as these do it (`unstable`).
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu import unstable
from minigrad_kernels.cpu._kernel import In, InInt64, Out, OutInt64, kernel, subroutine
from minigrad_kernels.cpu._keys import (
    COUNTED,
    fill_keys,
    has_equals,
    kth_key,
    pack,
    pack_row,
    pack_sorted,
    place_in,
    place_of,
    rank_words,
    sort_row,
)

_INSERTED = 16  # rows of up to so many elements PyTorch sorts by insertion, which is stable
_FEW = 32  # so many first elements are found quicker one by one than by sorting
_BLOCK = 64  # elements that are compared with the last of the first ones at a time


@subroutine
def _finish(row, keys, least, span, words, mimics, at, result):
    """Order equal elements as PyTorch does, if it `mimics`, and write the elements in order, where there is room."""
    if mimics and row.size > _INSERTED and has_equals(keys, at):
        pack_sorted(keys, least, span, at, words)
        unstable.sort_words(words)
        for j in range(row.size):
            at[j] = place_in(words[j])
    for j in range(result.size):
        result[j] = row[at[j]]


@subroutine
def _sort_short(x, width, descending, mimics, values, places):
    """Sort short rows of a narrow dtype, with nothing in between."""
    keys, ranks, words = np.empty(width, np.int64), np.empty(width, np.int64), np.empty(width, np.uint64)
    for start in range(0, x.size, width):
        row, at = x[start : start + width], places[start : start + width]
        least, span = fill_keys(row, descending, keys)
        pack(keys, least, words)
        rank_words(words, ranks)
        for j in range(width):
            at[ranks[j]] = j
        _finish(row, keys, least, span, words, mimics, at, values[start : start + width])


@kernel
def _sort_loop(x: In, width: int, descending: bool, mimics: bool, values: Out, places: OutInt64):
    """Sort each row of `width` elements; values may be empty."""
    if width <= COUNTED and x.itemsize <= 4:
        _sort_short(x, width, descending, mimics, values, places)
        return
    keys, spare_at = np.empty(width, np.int64), np.empty(width, np.int64)
    words, spare = np.empty(width, np.uint64), np.empty(width, np.uint64)
    counts = np.empty(256, np.int64)
    for start in range(0, x.size, width):
        row, at = x[start : start + width], places[start : start + width]
        least, span = fill_keys(row, descending, keys)
        sort_row(keys, least, span, words, spare, at, spare_at, counts)
        _finish(row, keys, least, span, words, mimics, at, values[start : start + width])


def sort_rows(x, descending=False, mimics=False):
    """Return each row in order, and the places of its elements; nan counts as largest.

    Parameters
    ----------
    x : ndarray, shape (..., width)
    descending : bool
    mimics : bool
        Leave equal elements as PyTorch does when it is not asked to be stable.
    """
    values, places = np.empty(x.shape, x.dtype), np.empty(x.shape, np.int64)
    if x.size:
        _sort_loop[x.dtype](x, x.shape[-1], descending, mimics, values, places)
    return values, places


def order_rows(x, descending=False, mimics=False):
    """Return the places only that `sort_rows` returns."""
    places = np.empty(x.shape, np.int64)
    if x.size:
        _sort_loop[x.dtype](x, x.shape[-1], descending, mimics, np.empty(0, x.dtype), places)
    return places


@subroutine
def _goes_before(a, b, largest):
    """Whether a precedes b; nan counts as largest."""
    if largest:
        return a > b or (a != a and b == b)
    return a < b or (b != b and a == a)


@subroutine
def _find_few(row, largest, best, place):
    """Write the first elements of a row and their places, in order; of equals the first comes first."""
    k, count = best.size, 0
    for start in range(0, row.size, _BLOCK):
        block = row[start : start + _BLOCK]
        if count == k:
            last, hits = best[k - 1], 0
            for j in range(block.size):
                hits += np.int64(not (block[j] <= last if largest else block[j] >= last))
            if hits == 0:
                continue
        for j in range(block.size):
            v = block[j]
            if count == k:
                if not _goes_before(v, best[k - 1], largest):
                    continue
                count -= 1
            at = count
            while at > 0 and _goes_before(v, best[at - 1], largest):
                best[at], place[at] = best[at - 1], place[at - 1]
                at -= 1
            best[at], place[at] = v, start + j
            count += 1


@subroutine
def _has_equals(row, best):
    """Whether equal elements are among the chosen ones, which are in order, or are left over where they end."""
    last = best[best.size - 1]
    if last != last:
        return True
    for j in range(1, best.size):
        if best[j] == best[j - 1] or (best[j - 1] != best[j - 1] and j > 1):
            return True
    count = 0
    for j in range(row.size):
        count += np.int64(row[j] == last)
    return count > 1


@kernel
def _first_loop(x: In, width: int, k: int, largest: bool, in_order: bool, mimics: bool, values: Out, places: OutInt64):
    """The k first of each row of `width` elements."""
    keys, at, spare_at = np.empty(width, np.int64), np.empty(width, np.int64), np.empty(width, np.int64)
    words, spare = np.empty(width, np.uint64), np.empty(width, np.uint64)
    counts = np.empty(256, np.int64)
    for i in range(x.size // width):
        row, best, place = x[i * width : (i + 1) * width], values[i * k : (i + 1) * k], places[i * k : (i + 1) * k]
        if k <= _FEW and (in_order or not mimics):
            _find_few(row, largest, best, place)
            if not mimics or not _has_equals(row, best):
                continue
        least, span = fill_keys(row, largest, keys)
        if mimics:
            pack_row(keys, least, span, words, spare, at, spare_at, counts)
            unstable.bring_first(words, k, in_order)
            for j in range(k):
                at[j] = place_in(words[j])
        else:
            sort_row(keys, least, span, words, spare, at, spare_at, counts)
        for j in range(k):
            best[j], place[j] = row[at[j]], at[j]


def first_of_rows(x, k, largest=True, in_order=True, mimics=False):
    """Return the `k` largest (or smallest) elements of each row and where they were, in order or not.

    Parameters
    ----------
    x : ndarray, shape (..., width)
    k : int
        At most the width.
    largest, in_order : bool
    mimics : bool
        Of equal elements, choose those that PyTorch's `topk` does; otherwise the first.

    Returns
    -------
    values, places : ndarray, shape (..., k)
    """
    shape = (*x.shape[:-1], k)
    values, places = np.empty(shape, x.dtype), np.empty(shape, np.int64)
    if values.size:
        _first_loop[x.dtype](x, x.shape[-1], k, largest, in_order, mimics, values, places)
    return values, places


@kernel
def _kth_loop(x: In, width: int, kth: int, values: Out, places: OutInt64):
    """The element of each row that a sort would put at `kth`, and its place; of equals the one of a quickselect."""
    keys, at, spare_at = np.empty(width, np.int64), np.empty(width, np.int64), np.empty(width, np.int64)
    words, spare = np.empty(width, np.uint64), np.empty(width, np.uint64)
    counts = np.empty(256, np.int64)
    for i in range(places.size):
        row = x[i * width : (i + 1) * width]
        least, span = fill_keys(row, False, keys)
        place, equals = place_of(keys, kth_key(keys, kth, least, span, words, counts), kth)
        if equals > 1:
            pack_row(keys, least, span, words, spare, at, spare_at, counts)
            place = place_in(unstable.kth_word(words, kth))
        values[i], places[i] = row[place], place


def kth_of_rows(x, kth):
    """Return the element of each row that a sort would put at place `kth`, and where it is."""
    values, places = np.empty(x.shape[:-1], x.dtype), np.empty(x.shape[:-1], np.int64)
    if places.size:
        _kth_loop[x.dtype](x, x.shape[-1], kth, values, places)
    return values, places


@kernel
def _median_loop(x: In, width: int, skips_nan: bool, values: Out, places: OutInt64):
    """The lower median of each row, or its first nan, unless these are skipped, and its place."""
    keys, words, counts = np.empty(width, np.int64), np.empty(width, np.uint64), np.empty(256, np.int64)
    for i in range(places.size):
        row = x[i * width : (i + 1) * width]
        valid = 0
        for j in range(width):
            valid += np.int64(row[j] == row[j])
        number = max((valid - 1) // 2, 0) if valid == width or skips_nan else valid
        least, span = fill_keys(row, False, keys)
        place, _ = place_of(keys, kth_key(keys, number, least, span, words, counts), number)
        values[i], places[i] = row[place], place


def median_of_rows(x, skips_nan=False):
    """Return the lower median of each row and where it is; a nan is the median, unless they are skipped."""
    values, places = np.empty(x.shape[:-1], x.dtype), np.empty(x.shape[:-1], np.int64)
    if places.size:
        _median_loop[x.dtype](x, x.shape[-1], skips_nan, values, places)
    return values, places


@kernel
def _longest_run_loop(x: In, order: InInt64, width: int, out: Out, places: OutInt64):
    """The element that comes most often in each row of `width`, and its last place in the row's `order`."""
    for k in range(out.size):
        row, at = x[k * width : (k + 1) * width], order[k * width : (k + 1) * width]
        length, most, end = 1, 1, 0
        for j in range(1, width):
            length = length + 1 if row[at[j]] == row[at[j - 1]] else 1
            if length > most:
                most, end = length, j
        out[k], places[k] = row[at[end]], at[end]


def mode_of_rows(x):
    """Return each row's most frequent element, the smallest of several, and where it is; a nan equals no other."""
    values, places = np.empty(x.shape[:-1], x.dtype), np.empty(x.shape[:-1], np.int64)
    if values.size:
        _longest_run_loop[x.dtype](x, order_rows(x, False, True), x.shape[-1], values, places)
    return values, places
