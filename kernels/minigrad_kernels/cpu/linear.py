"""What surrounds the matrix product of an affine map: its bias, and the bias's gradient."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import SUMS, In, Out, kernel
from minigrad_kernels.cpu.reduce import sum as sum_over
from minigrad_kernels.scalar._bits import wide

empty = np.empty
_FEW = 128  # rows that may be added in single precision


@kernel
def _add_bias_loop(out: Out, bias: In):
    """Add bias to every row of out."""
    wide()
    for i in range(out.size // bias.size):
        row = out[i * bias.size : (i + 1) * bias.size]
        for j in range(row.size):
            row[j] += bias[j]


def add_bias(out, bias):
    """Add `bias`, shape (width,), to `out`, shape (..., width), in place, and return `out`."""
    if out.size:
        _add_bias_loop[out.dtype](out, bias)
    return out


@kernel(fastmath=SUMS)
def _column_sums_loop(x: In, out: Out):
    """Sum the rows of x."""
    wide()
    for j in range(out.size):
        out[j] = x[j]
    for i in range(1, x.size // out.size):
        row = x[i * out.size : (i + 1) * out.size]
        for j in range(row.size):
            out[j] += row[j]


def column_sums(x):
    """Return the sum of the rows of a matrix, shape (width,)."""
    rows, width = x.shape
    if not 0 < rows <= _FEW or not width:
        return sum_over(x, 0)
    out = empty(width, x.dtype)
    _column_sums_loop[x.dtype](x, out)
    return out
