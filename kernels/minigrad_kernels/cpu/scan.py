"""Running sums, products and extremes along an axis; the first two in double precision, as PyTorch does.

NumPy adds one element to the sum before it, and waits for every addition; here several rows go on at a time.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import In, Out, OutFloat64, OutInt64, kernel, subroutine
from minigrad_kernels.scalar._bits import wide

_STRIP = 1024


@subroutine
def _joined(total, v, multiplies):
    """Return the sum or the product."""
    return total * v if multiplies else total + v


@kernel
def _rows_loop(x: In, width: int, multiplies: bool, reverse: bool, out: Out):
    """Running sums or products of rows of `width` elements, from the end with `reverse`."""
    rows = x.size // width
    first, step = (width - 1, -1) if reverse else (0, 1)
    start = x.dtype.type(1 if multiplies else 0) + np.int64(0)  # float64, or int64
    whole = rows // 4 * 4
    for row in range(0, whole, 4):
        block, result = x[row * width : (row + 4) * width], out[row * width : (row + 4) * width]
        a = start
        b, c, d = a, a, a
        j = first
        for _ in range(width):
            k = np.uint64(j)
            a = _joined(a, block[k], multiplies)
            b = _joined(b, block[k + np.uint64(width)], multiplies)
            c = _joined(c, block[k + np.uint64(2 * width)], multiplies)
            d = _joined(d, block[k + np.uint64(3 * width)], multiplies)
            result[k] = a
            result[k + np.uint64(width)] = b
            result[k + np.uint64(2 * width)] = c
            result[k + np.uint64(3 * width)] = d
            j += step
    for row in range(whole, rows):
        total = start
        j = row * width + first
        for _ in range(width):
            total = _joined(total, x[j], multiplies)
            out[j] = total
            j += step


@kernel
def _strips_loop(
    x: In, width: int, inner: int, multiplies: bool, reverse: bool, strip: int, scratch: OutFloat64, out: Out
):
    """The same along the middle of (outer, width, inner)."""
    wide()
    for outer in range(0, x.size, width * inner):
        for start in range(outer, outer + inner, strip):
            total = scratch[: min(strip, outer + inner - start)]
            for t in range(total.size):
                total[t] = 1.0 if multiplies else 0.0
            for k in range(width):
                at = start + (width - 1 - k if reverse else k) * inner
                line, result = x[at : at + total.size], out[at : at + total.size]
                for t in range(total.size):
                    total[t] = _joined(total[t], line[t], multiplies)
                    result[t] = total[t]


def _scan(x, axis, multiplies, reverse):
    """Return the running sums or products."""
    out = np.empty(x.shape, x.dtype)
    if not out.size:
        return out
    width, inner = x.shape[axis], math.prod(x.shape[axis % x.ndim + 1 :])
    if inner == 1:
        _rows_loop[x.dtype](x, width, multiplies, reverse, out)
    else:
        strip = min(_STRIP, inner)
        _strips_loop[x.dtype](x, width, inner, multiplies, reverse, strip, np.empty(strip), out)
    return out


def cumsum(x, axis=-1, reverse=False):
    """Return the running sums of a floating or int64 array along `axis`, from its end with `reverse`."""
    return _scan(x, axis, False, reverse)


def cumprod(x, axis=-1):
    """Return the running products of a floating or int64 array along `axis`."""
    return _scan(x, axis, True, False)


@kernel
def _extremes_loop(x: In, width: int, inner: int, largest: bool, out: Out, places: OutInt64):
    """Running extremes along the middle of (outer, width, inner), and where they are; the last of equals, nan stays."""
    wide()
    if inner == 1:
        for start in range(0, x.size, width):
            row, result, there = x[start : start + width], out[start : start + width], places[start : start + width]
            v, at = row[0], 0
            for k in range(width):
                if (row[k] >= v if largest else row[k] <= v) or row[k] != row[k]:
                    v, at = row[k], k
                result[k], there[k] = v, at
        return
    for outer in range(0, x.size, width * inner):
        best, place = x[outer : outer + inner], places[outer : outer + inner]
        first = out[outer : outer + inner]
        for t in range(inner):
            first[t], place[t] = best[t], 0
        best = first
        for k in range(1, width):
            at = outer + k * inner
            line, result, there = x[at : at + inner], out[at : at + inner], places[at : at + inner]
            for t in range(line.size):
                v, b = line[t], best[t]
                passes = (v >= b if largest else v <= b) | (v != v)
                result[t] = v if passes else b
                there[t] = k if passes else place[t]
            best, place = result, there


def running_extreme(x, largest, axis=-1):
    """Return the running maxima (or minima) along an axis, and where each was last met; a nan wins and stays."""
    out, places = np.empty(x.shape, x.dtype), np.empty(x.shape, np.int64)
    if out.size:
        inner = math.prod(x.shape[axis % x.ndim + 1 :])
        _extremes_loop[x.dtype](x, x.shape[axis], inner, largest, out, places)
    return out, places
