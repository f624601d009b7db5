"""The largest elements of windows of any size: over rows first, in vectors for all columns, and then over columns.

Of equals the first one counts, and of nans, which are larger than anything, the last.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._arrays import apart_from_each_other, part
from minigrad_kernels.cpu._copy import copy_run
from minigrad_kernels.cpu._kernel import In, InInt64, Out, OutInt64, Real, borrower, kernel
from minigrad_kernels.scalar._bits import maximum, wide

_BEYOND = 2**62  # a place that there is not
empty = np.empty


@borrower
def _merge(row, number, top, numbers):
    """Let a row's elements stand where they are larger than those of the rows before, and its number beside them."""
    wide()
    apart_from_each_other()
    for e in range(top.size):
        v = row[e]
        larger = (v > top[e]) | (v != v)
        top[e] = v if larger else top[e]
        numbers[e] = number if larger else numbers[e]


@borrower
def _find(top, numbers, first, step, width):
    """Return the place in the plane of the largest of some columns, `step` apart, `first` the first one's number."""
    wide()
    best = top[0]
    if step == 1:
        for k in range(top.size):
            best = maximum(best, top[k])
    else:
        for k in range(0, top.size, step):
            best = maximum(best, top[np.uint64(k)])
    found = _BEYOND
    if best != best:
        found = -1
        for k in range(0, top.size, step):
            if top[k] != top[k]:
                found = max(found, numbers[k] * width + first + k)
    elif step == 1:
        for k in range(top.size):
            place = np.int64(numbers[k]) * width + (first + k)
            place = place if top[k] == best else _BEYOND
            found = place if place < found else found
    else:
        for k in range(0, top.size, step):
            if top[k] == best:
                found = min(found, numbers[k] * width + first + k)
    return found


@kernel
def max_windows_loop(x: In, table: InInt64, lowest: Real, out: Out, places: OutInt64):
    """Out = the largest element of each window, places = its number in the plane, -1 of an empty one."""
    d, h, w, dd, dh, dw, od, oh, ow = table[:9]
    spans_d, spans_h, spans_w = table[9:], table[9 + 3 * od :], table[9 + 3 * (od + oh) :]
    top, numbers, at = empty(w, x.dtype), empty(w, np.int32), 0
    for plane in range(out.size // (od * oh * ow)):
        start = plane * d * h * w
        for i in range(od):
            first_a, last_a = spans_d[3 * i], spans_d[3 * i + 1]
            for j in range(oh):
                first_b, last_b = spans_h[3 * j], spans_h[3 * j + 1]
                is_first = True
                for a in range(first_a, last_a, dd):
                    for b in range(first_b, last_b, dh):
                        number = a * h + b
                        if is_first:
                            copy_run(top, 0, x, start + number * w, w)
                            for e in range(numbers.size):
                                numbers[e] = number
                            is_first = False
                        else:
                            _merge(part(x, start + number * w, w), np.int32(number), top, numbers)
                for t in range(ow):
                    first, last = spans_w[3 * t], spans_w[3 * t + 1]
                    best, place = lowest, -1
                    if first < last and not is_first:
                        columns, of = part(top, first, last - first), part(numbers, first, last - first)
                        place = _find(columns, of, first, dw, w)
                        best = x[np.uint64(start + place)]
                    out[np.uint64(at)], places[np.uint64(at)] = best, place
                    at += 1
