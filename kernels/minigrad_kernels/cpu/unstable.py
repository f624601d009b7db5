"""Orders that leave equal elements where GNU's C++ library leaves them, which is where PyTorch leaves them, too.

Introsort, introselect and heap selection, step by step as that library takes them, since each step decides which of
several equal elements comes first; and the quickselect of PyTorch's `kthvalue`. What is ordered are words of a key, in
the high half, and the place that it came from.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import subroutine
from minigrad_kernels.scalar._bits import apart

_FEW = 16  # what is left to insertion
_HALF = np.uint64(32)


@subroutine
def _less(a, b):
    """Whether a word comes before another: by their high halves."""
    return (a >> _HALF) < (b >> _HALF)


@subroutine
def _median_to_first(w, result, a, b, c):
    """Swap the median of three elements into the place `result`."""
    if _less(w[a], w[b]):
        if _less(w[b], w[c]):
            chosen = b
        elif _less(w[a], w[c]):
            chosen = c
        else:
            chosen = a
    elif _less(w[a], w[c]):
        chosen = a
    elif _less(w[b], w[c]):
        chosen = c
    else:
        chosen = b
    w[result], w[chosen] = w[chosen], w[result]


@subroutine
def _partition(w, first, last):
    """Part a range by the median of three of its elements; return where the second part begins."""
    apart()
    _median_to_first(w, first, first + 1, first + (last - first) // 2, last - 1)
    pivot, left, right = w[first], first + 1, last
    while True:
        while _less(w[left], pivot):
            left += 1
        right -= 1
        while _less(pivot, w[right]):
            right -= 1
        if left >= right:
            return left
        w[left], w[right] = w[right], w[left]
        left += 1


@subroutine
def _insert(w, first, last):
    """Sort a range by insertion."""
    apart()
    for i in range(first + 1, last):
        moved, k = w[i], i
        if _less(moved, w[first]):
            while k > first:
                w[k] = w[k - 1]
                k -= 1
        else:
            while k > first and _less(moved, w[k - 1]):
                w[k] = w[k - 1]
                k -= 1
        w[k] = moved


@subroutine
def _sift(w, first, hole, length, moved):
    """Let an element find its place in a heap whose place `hole` is free."""
    apart()
    top, child = hole, hole
    while child < (length - 1) // 2:
        child = 2 * (child + 1)
        if _less(w[first + child], w[first + child - 1]):
            child -= 1
        w[first + hole] = w[first + child]
        hole = child
    if length % 2 == 0 and child == (length - 2) // 2:
        child = 2 * (child + 1)
        w[first + hole] = w[first + child - 1]
        hole = child - 1
    parent = (hole - 1) // 2
    while hole > top and _less(w[first + parent], moved):
        w[first + hole] = w[first + parent]
        hole = parent
        parent = (hole - 1) // 2
    w[first + hole] = moved


@subroutine
def _select_by_heap(w, first, middle, last):
    """Bring the first elements of a range before `middle`, as a heap."""
    apart()
    length = middle - first
    for parent in range((length - 2) // 2, -1, -1):
        _sift(w, first, parent, length, w[first + parent])
    for i in range(middle, last):
        if _less(w[i], w[first]):
            moved = w[i]
            w[i] = w[first]
            _sift(w, first, 0, length, moved)


@subroutine
def _sort_heap(w, first, last):
    """Turn a heap into a sorted range."""
    apart()
    while last - first > 1:
        last -= 1
        moved = w[last]
        w[last] = w[first]
        _sift(w, first, 0, last - first, moved)


@subroutine
def _twice_log2(length):
    depth = 0
    while length > 1:
        length //= 2
        depth += 2
    return depth


@subroutine
def _sort(w, first, last):
    """Sort a range: parts by partition, the rest by insertion, or by a heap where the parts do not get smaller."""
    apart()
    starts, stops, depths = np.empty(200, np.int64), np.empty(200, np.int64), np.empty(200, np.int64)
    starts[0], stops[0], depths[0] = first, last, _twice_log2(last - first)
    waiting = 1
    while waiting:
        waiting -= 1
        start, stop, depth = starts[waiting], stops[waiting], depths[waiting]
        while stop - start > _FEW:
            if depth == 0:
                _select_by_heap(w, start, stop, stop)
                _sort_heap(w, start, stop)
                break
            depth -= 1
            cut = _partition(w, start, stop)
            starts[waiting], stops[waiting], depths[waiting] = cut, stop, depth
            waiting += 1
            stop = cut
    _insert(w, first, last)


@subroutine
def _select(w, first, nth, last):
    """Bring the element that a sort would put there to the place `nth`, smaller ones before it."""
    apart()
    depth = _twice_log2(last - first)
    while last - first > 3:
        if depth == 0:
            _select_by_heap(w, first, nth + 1, last)
            w[first], w[nth] = w[nth], w[first]
            return
        depth -= 1
        cut = _partition(w, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insert(w, first, last)


@subroutine
def sort_words(w):
    """Sort all words."""
    _sort(w, 0, w.size)


@subroutine
def bring_first(w, k, in_order):
    """Bring the k first words, in order or not, to the front."""
    if k * 64 <= w.size:
        _select_by_heap(w, 0, k, w.size)
        _sort_heap(w, 0, k)
    else:
        _select(w, 0, k - 1, w.size)
        if in_order:
            _sort(w, 0, k - 1)


@subroutine
def kth_word(w, kth):
    """Return the word that a sort would put at `kth`, by quickselect."""
    apart()
    low, high = 0, w.size - 1
    while high > low + 1:
        middle = (low + high) >> 1
        w[middle], w[low + 1] = w[low + 1], w[middle]
        if _less(w[high], w[low + 1]):
            w[low + 1], w[high] = w[high], w[low + 1]
        if _less(w[high], w[low]):
            w[low], w[high] = w[high], w[low]
        if _less(w[low], w[low + 1]):
            w[low + 1], w[low] = w[low], w[low + 1]
        left, right, pivot = low + 1, high, w[low]
        while True:
            left += 1
            while _less(w[left], pivot):
                left += 1
            right -= 1
            while _less(pivot, w[right]):
                right -= 1
            if right < left:
                break
            w[left], w[right] = w[right], w[left]
        w[low], w[right] = w[right], w[low]
        if right <= kth:
            low = left
        if right >= kth:
            high = right - 1
    if high == low + 1 and _less(w[high], w[low]):
        w[low], w[high] = w[high], w[low]
    return w[kth]
