"""What surrounds the matrix product of an affine map: its bias, and the bias's gradient."""

from __future__ import annotations

from minigrad_kernels.cuda._kernel import In, Out, kernel
from minigrad_kernels.cuda._numba import cuda
from minigrad_kernels.cuda.reduce import sum as sum_over


@kernel
def _add_bias_loop(bias: In, out: Out):
    """Add bias to every row of out."""
    column, step = cuda.grid(1) % bias.size, cuda.gridsize(1) % bias.size
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        out[i] += bias[column]
        column += step  # one division a thread, not one an element
        if column >= bias.size:
            column -= bias.size


def add_bias(out, bias):
    """Add `bias`, shape (width,), to `out`, shape (..., width), in place, and return `out`."""
    if out.size:
        _add_bias_loop[out.dtype](bias, out)
    return out


def column_sums(x):
    """Return the sum of the rows of a matrix, shape (width,)."""
    return sum_over(x, 0)
