"""Running sums along an axis, accumulated in double precision, as PyTorch does; several rows at a time.

NumPy adds one element to the sum before it, and waits for every addition.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import In, Out, OutFloat64, kernel
from minigrad_kernels.scalar._bits import wide

_STRIP = 1024


@kernel
def _rows_loop(x: In, width: int, reverse: bool, out: Out):
    """Running sums of rows of `width` elements, from the end with `reverse`."""
    rows = x.size // width
    first, step = (width - 1, -1) if reverse else (0, 1)
    whole = rows // 4 * 4
    for row in range(0, whole, 4):
        block, result = x[row * width : (row + 4) * width], out[row * width : (row + 4) * width]
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        j = first
        for _ in range(width):
            k = np.uint64(j)
            a += block[k]
            b += block[k + np.uint64(width)]
            c += block[k + np.uint64(2 * width)]
            d += block[k + np.uint64(3 * width)]
            result[k] = a
            result[k + np.uint64(width)] = b
            result[k + np.uint64(2 * width)] = c
            result[k + np.uint64(3 * width)] = d
            j += step
    for row in range(whole, rows):
        total = 0.0
        j = row * width + first
        for _ in range(width):
            total += x[j]
            out[j] = total
            j += step


@kernel
def _strips_loop(x: In, width: int, inner: int, reverse: bool, strip: int, scratch: OutFloat64, out: Out):
    """The same along the middle of (outer, width, inner)."""
    wide()
    for outer in range(0, x.size, width * inner):
        for start in range(outer, outer + inner, strip):
            total = scratch[: min(strip, outer + inner - start)]
            for t in range(total.size):
                total[t] = 0.0
            for k in range(width):
                at = start + (width - 1 - k if reverse else k) * inner
                line, result = x[at : at + total.size], out[at : at + total.size]
                for t in range(total.size):
                    total[t] += line[t]
                    result[t] = total[t]


def cumsum(x, axis=-1, reverse=False):
    """Return the running sums of a floating array along `axis`, from its end with `reverse`."""
    out = np.empty(x.shape, x.dtype)
    if not out.size:
        return out
    width, inner = x.shape[axis], math.prod(x.shape[axis % x.ndim + 1 :])
    if inner == 1:
        _rows_loop[x.dtype](x, width, reverse, out)
    else:
        strip = min(_STRIP, inner)
        _strips_loop[x.dtype](x, width, inner, reverse, strip, np.empty(strip), out)
    return out
