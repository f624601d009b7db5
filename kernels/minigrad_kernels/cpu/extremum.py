"""The largest or smallest elements over axes, and where they are; a nan is further than anything."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._axes import reduce_over
from minigrad_kernels.cpu._kernel import In, Out, OutInt64, kernel, subroutine
from minigrad_kernels.scalar._bits import maximum, minimum, wide

_BLOCK = 128  # elements whose extreme is found before their places are looked at


@subroutine
def _further(a, b, largest):
    """Return the larger or the smaller one, or nan where one is nan."""
    return maximum(a, b) if largest else minimum(a, b)


@subroutine
def _passes(a, b, largest):
    """Whether a is strictly further than b."""
    return (a > b if largest else a < b) | ((a != a) & (b == b))


@kernel(fastmath={"nsz", "reassoc"})
def _extreme_loop(x: In, length: int, inner: int, largest: bool, out: Out):
    """The extremes of x, seen as (outer, length, inner), over the middle."""
    wide()
    if inner == 1:
        for k in range(out.size):
            row = x[k * length : (k + 1) * length]
            best = row[0]
            for j in range(row.size):
                best = _further(best, row[j], largest)
            out[k] = best
        return
    for k in range(out.size // inner):
        result = out[k * inner : (k + 1) * inner]
        row = x[k * length * inner : (k * length + 1) * inner]
        for j in range(result.size):
            result[j] = row[j]
        for i in range(k * length + 1, (k + 1) * length):
            row = x[i * inner : (i + 1) * inner]
            for j in range(row.size):
                result[j] = _further(result[j], row[j], largest)


def _largest(x, length, inner, out):
    _extreme_loop[x.dtype](x, length, inner, True, out)


def _smallest(x, length, inner, out):
    _extreme_loop[x.dtype](x, length, inner, False, out)


def extreme(x, largest, axis=None, keepdims=False):
    """Return the largest (or smallest) elements over one axis, several (a tuple), or all (None): of floats or int64."""
    return reduce_over(x, axis, keepdims, _largest if largest else _smallest)


@kernel(fastmath={"nsz", "reassoc"})
def _rows_loop(x: In, length: int, largest: bool, out: Out, places: OutInt64):
    """The first extreme of each row of `length` elements, and its place."""
    wide()
    for k in range(out.size):
        row = x[k * length : (k + 1) * length]
        best, at = row[0], 0
        for start in range(0, length, _BLOCK):
            block = row[start : start + _BLOCK]
            top = block[0]
            for j in range(block.size):
                top = _further(top, block[j], largest)
            if _passes(top, best, largest):
                best, at = top, start
        while row[at] != best and (best == best or row[at] == row[at]):
            at += 1
        out[k], places[k] = best, at


@kernel
def _middle_loop(x: In, length: int, inner: int, largest: bool, out: Out, places: OutInt64):
    """The first extremes over the middle of (outer, length, inner), and their places."""
    wide()
    for k in range(out.size // inner):
        best, place = out[k * inner : (k + 1) * inner], places[k * inner : (k + 1) * inner]
        row = x[k * length * inner : (k * length + 1) * inner]
        for j in range(best.size):
            best[j], place[j] = row[j], 0
        for i in range(1, length):
            row = x[(k * length + i) * inner : (k * length + i + 1) * inner]
            for j in range(row.size):
                passes = _passes(row[j], best[j], largest)
                best[j] = row[j] if passes else best[j]
                place[j] = i if passes else place[j]


def extreme_at(x, largest, axis, keepdims=False):
    """Return the largest (or smallest) elements along one axis, of floats or int64, and where the first of them are."""
    shape = x.shape
    axis %= len(shape)
    after = shape[axis + 1 :]
    left = shape[:axis] + ((1, *after) if keepdims else after)
    out, places = np.empty(left, x.dtype), np.empty(left, np.int64)
    if after and out.size:
        _middle_loop[x.dtype](x, shape[axis], math.prod(after), largest, out, places)
    elif out.size:
        _rows_loop[x.dtype](x, shape[axis], largest, out, places)
    return out, places
