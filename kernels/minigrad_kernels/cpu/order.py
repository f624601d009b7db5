"""The few largest or smallest elements of rows, without sorting them whole."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, Out, OutInt64, kernel, subroutine


@subroutine
def _goes_before(a, b, largest):
    """Whether a precedes b; nan counts as largest."""
    if largest:
        return a > b or (a != a and b == b)
    return a < b or (b != b and a == a)


@kernel
def _topk_loop(x: In, width: int, k: int, largest: bool, values: Out, places: OutInt64):
    """The k first of each row of `width` elements, in order; of equals the first comes first."""
    for row in range(values.size // k):
        source = x[row * width : (row + 1) * width]
        best, place = values[row * k : (row + 1) * k], places[row * k : (row + 1) * k]
        count = 0
        for j in range(source.size):
            v = source[j]
            if count == k:
                if not _goes_before(v, best[k - 1], largest):
                    continue
                count -= 1
            at = count
            while at > 0 and _goes_before(v, best[at - 1], largest):
                best[at], place[at] = best[at - 1], place[at - 1]
                at -= 1
            best[at], place[at] = v, j
            count += 1


def topk(x, k, largest=True):
    """Return the `k` largest (or smallest) elements of each row, in order, and where they were; quick for small `k`.

    Parameters
    ----------
    x : ndarray, shape (..., width)
    k : int
        At least 1, at most the width.
    largest : bool

    Returns
    -------
    values, places : ndarray, shape (..., k)
    """
    shape = (*x.shape[:-1], k)
    values, places = np.empty(shape, x.dtype), np.empty(shape, np.int64)
    if values.size:
        _topk_loop[x.dtype](x, x.shape[-1], k, largest, values, places)
    return values, places
