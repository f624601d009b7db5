"""Orders that leave equal elements where GNU's C++ library leaves them, which is where PyTorch leaves them, too.

Introsort, introselect and heap selection, step by step as that library takes them, since each step decides which of
several equal elements comes first; and the quickselect of PyTorch's `kthvalue`. Rows of numbers are ordered through
their places, which alone are moved.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, OutInt64, kernel, subroutine

_FEW = 16  # what is left to insertion


@subroutine
def _median_to_first(x, at, result, a, b, c):
    """Swap the median of three elements into the place `result`."""
    if x[at[a]] < x[at[b]]:
        if x[at[b]] < x[at[c]]:
            chosen = b
        elif x[at[a]] < x[at[c]]:
            chosen = c
        else:
            chosen = a
    elif x[at[a]] < x[at[c]]:
        chosen = a
    elif x[at[b]] < x[at[c]]:
        chosen = c
    else:
        chosen = b
    at[result], at[chosen] = at[chosen], at[result]


@subroutine
def _partition(x, at, first, last):
    """Part a range by the median of three of its elements; return where the second part begins."""
    _median_to_first(x, at, first, first + 1, first + (last - first) // 2, last - 1)
    pivot, left, right = x[at[first]], first + 1, last
    while True:
        while x[at[left]] < pivot:
            left += 1
        right -= 1
        while pivot < x[at[right]]:
            right -= 1
        if left >= right:
            return left
        at[left], at[right] = at[right], at[left]
        left += 1


@subroutine
def _insert(x, at, first, last):
    """Sort a range by insertion."""
    for i in range(first + 1, last):
        moved, k = at[i], i
        if x[moved] < x[at[first]]:
            while k > first:
                at[k] = at[k - 1]
                k -= 1
        else:
            while k > first and x[moved] < x[at[k - 1]]:
                at[k] = at[k - 1]
                k -= 1
        at[k] = moved


@subroutine
def _sift(x, at, first, hole, length, moved):
    """Let an element find its place in a heap whose place `hole` is free."""
    top, child = hole, hole
    while child < (length - 1) // 2:
        child = 2 * (child + 1)
        if x[at[first + child]] < x[at[first + child - 1]]:
            child -= 1
        at[first + hole] = at[first + child]
        hole = child
    if length % 2 == 0 and child == (length - 2) // 2:
        child = 2 * (child + 1)
        at[first + hole] = at[first + child - 1]
        hole = child - 1
    parent = (hole - 1) // 2
    while hole > top and x[at[first + parent]] < x[moved]:
        at[first + hole] = at[first + parent]
        hole = parent
        parent = (hole - 1) // 2
    at[first + hole] = moved


@subroutine
def _select_by_heap(x, at, first, middle, last):
    """Bring the first elements of a range before `middle`, as a heap."""
    length = middle - first
    for parent in range((length - 2) // 2, -1, -1):
        _sift(x, at, first, parent, length, at[first + parent])
    for i in range(middle, last):
        if x[at[i]] < x[at[first]]:
            moved = at[i]
            at[i] = at[first]
            _sift(x, at, first, 0, length, moved)


@subroutine
def _sort_heap(x, at, first, last):
    """Turn a heap into a sorted range."""
    while last - first > 1:
        last -= 1
        moved = at[last]
        at[last] = at[first]
        _sift(x, at, first, 0, last - first, moved)


@subroutine
def _twice_log2(length):
    depth = 0
    while length > 1:
        length //= 2
        depth += 2
    return depth


@subroutine
def _sort(x, at, first, last):
    """Sort a range: parts by partition, the rest by insertion, or by a heap where the parts do not get smaller."""
    ranges = np.empty((200, 3), np.int64)
    ranges[0] = first, last, _twice_log2(last - first)
    waiting = 1
    while waiting:
        waiting -= 1
        start, stop, depth = ranges[waiting]
        while stop - start > _FEW:
            if depth == 0:
                _select_by_heap(x, at, start, stop, stop)
                _sort_heap(x, at, start, stop)
                break
            depth -= 1
            cut = _partition(x, at, start, stop)
            ranges[waiting] = cut, stop, depth
            waiting += 1
            stop = cut
    _insert(x, at, first, last)


@subroutine
def _select(x, at, first, nth, last):
    """Bring the element that a sort would put there to the place `nth`, smaller ones before it."""
    depth = _twice_log2(last - first)
    while last - first > 3:
        if depth == 0:
            _select_by_heap(x, at, first, nth + 1, last)
            at[first], at[nth] = at[nth], at[first]
            return
        depth -= 1
        cut = _partition(x, at, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insert(x, at, first, last)


@kernel
def _sort_loop(x: In, width: int, places: OutInt64):
    """Sort each row of `width` elements."""
    for start in range(0, x.size, width):
        row, at = x[start : start + width], places[start : start + width]
        for j in range(width):
            at[j] = j
        _sort(row, at, 0, width)


@kernel
def _first_loop(x: In, width: int, k: int, in_order: bool, places: OutInt64):
    """Bring the k first of each row of `width` elements to its front."""
    for start in range(0, x.size, width):
        row, at = x[start : start + width], places[start : start + width]
        for j in range(width):
            at[j] = j
        if k * 64 <= width:
            _select_by_heap(row, at, 0, k, width)
            _sort_heap(row, at, 0, k)
        else:
            _select(row, at, 0, k - 1, width)
            if in_order:
                _sort(row, at, 0, k - 1)


@kernel
def _kth_loop(x: In, width: int, kth: int, at: OutInt64, places: OutInt64):
    """places[i] = where in row i the element is that a sort would put at `kth`; by quickselect."""
    for i in range(places.size):
        row = x[i * width : (i + 1) * width]
        for j in range(width):
            at[j] = j
        low, high = 0, width - 1
        while high > low + 1:
            middle = (low + high) >> 1
            at[middle], at[low + 1] = at[low + 1], at[middle]
            if row[at[high]] < row[at[low + 1]]:
                at[low + 1], at[high] = at[high], at[low + 1]
            if row[at[high]] < row[at[low]]:
                at[low], at[high] = at[high], at[low]
            if row[at[low]] < row[at[low + 1]]:
                at[low + 1], at[low] = at[low], at[low + 1]
            left, right, pivot = low + 1, high, row[at[low]]
            while True:
                left += 1
                while row[at[left]] < pivot:
                    left += 1
                right -= 1
                while pivot < row[at[right]]:
                    right -= 1
                if right < left:
                    break
                at[left], at[right] = at[right], at[left]
            at[low], at[right] = at[right], at[low]
            if right <= kth:
                low = left
            if right >= kth:
                high = right - 1
        if high == low + 1 and row[at[high]] < row[at[low]]:
            at[low], at[high] = at[high], at[low]
        places[i] = at[kth]


def _keys(x, descending):
    """Return 64-bit integers in the order of the elements, nan as the largest: one compiled loop serves all dtypes."""
    if x.dtype.kind == "f":
        wide = x.astype(np.float64) + 0.0  # which makes -0 a 0
        bits = wide.view(np.int64)
        keys = np.where(bits < 0, bits ^ np.iinfo(np.int64).max, bits)
        keys[np.isnan(wide)] = np.iinfo(np.int64).max
    else:
        keys = x.astype(np.int64)
    return ~keys if descending else keys


def unstable_order(x, descending=False):
    """Return the places of each row's elements in ascending or descending order; nan counts as largest."""
    places = np.empty(x.shape, np.int64)
    if x.size:
        _sort_loop[places.dtype](_keys(x, descending), x.shape[-1], places)
    return places


def unstable_first(x, k, descending=True, in_order=True):
    """Return the places of each row's `k` first elements of that order, themselves in order or not."""
    places = np.empty(x.shape, np.int64)
    if x.size and k:
        _first_loop[places.dtype](_keys(x, descending), x.shape[-1], k, in_order, places)
    return places[..., :k].copy()


def kth_place(x, kth):
    """Return, of each row, where the element is that a sort would put at place `kth`."""
    places = np.empty(x.shape[:-1], np.int64)
    _kth_loop[places.dtype](_keys(x, False), x.shape[-1], kth, np.empty(x.shape[-1], np.int64), places)
    return places
