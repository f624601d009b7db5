"""Matrix products by tiles in shared memory.

A block computes a square tile of the result: it takes a strip of each operand into shared memory, and each of its
threads multiplies what it needs of them into a few sums, which it holds in registers. So each number is fetched once
for a whole tile, and each fetch from shared memory serves several products.

This is the product to read; cuBLAS's, through CuPy, is the one to use, and the device's default.
"""

from __future__ import annotations

import math

from minigrad_kernels.cuda._kernel import In, Out, empty, fit, kernel, subroutine, working_dtype
from minigrad_kernels.cuda._memory import SIMULATED, module
from minigrad_kernels.cuda._numba import THREADS, cuda

_SIDE = math.isqrt(THREADS)  # threads along a side of a tile
_SUMS = 2 if SIMULATED else 4  # results of a thread along each side, _SIDE apart
_TILE = _SIDE * _SUMS
_DEPTH = 3 if SIMULATED else 16  # of the strips that lie in shared memory


@subroutine
def _take_strip(strip, x, base, row, rows, step, column, columns, across):
    """strip[c, r] = x[row + r, column + c], or 0 beyond its rows and columns; `step` and `across` are its strides.

    Neighbouring threads take what lies side by side, whichever way that is.
    """
    for place in range(cuda.threadIdx.x, _TILE * _DEPTH, THREADS):
        if across == 1:
            r, c = place // _DEPTH, place % _DEPTH
        else:
            r, c = place % _TILE, place // _TILE
        inside = row + r < rows and column + c < columns
        strip[c, r] = x[base + (row + r) * step + (column + c) * across] if inside else x.dtype.type(0)


@kernel
def _matmul_loop(
    a: In,
    b: In,
    rows: int,
    columns: int,
    length: int,
    a_step: int,
    a_across: int,
    a_next: int,
    b_step: int,
    b_across: int,
    b_next: int,
    out: Out,
):
    """out[n] = a[n] @ b[n], of so many rows and columns and so long a sum.

    An operand's strides are `step` from row to row, `across` from column to column and `next` from matrix to matrix.
    """
    left = cuda.shared.array((_DEPTH, _TILE), a.dtype)
    right = cuda.shared.array((_DEPTH, _TILE), a.dtype)
    sums = cuda.local.array((_SUMS, _SUMS), a.dtype)
    x, y = cuda.threadIdx.x % _SIDE, cuda.threadIdx.x // _SIDE
    down, along = (rows + _TILE - 1) // _TILE, (columns + _TILE - 1) // _TILE
    for tile in range(cuda.blockIdx.x, out.size // (rows * columns) * down * along, cuda.gridDim.x):
        matrix = tile // (down * along)
        row, column = tile // along % down * _TILE, tile % along * _TILE
        for i in range(_SUMS):
            for j in range(_SUMS):
                sums[i, j] = 0
        for start in range(0, length, _DEPTH):
            _take_strip(left, a, matrix * a_next, row, rows, a_step, start, length, a_across)
            _take_strip(right, b, matrix * b_next, column, columns, b_across, start, length, b_step)
            cuda.syncthreads()
            for k in range(_DEPTH):
                for i in range(_SUMS):
                    for j in range(_SUMS):
                        sums[i, j] += left[k, y + i * _SIDE] * right[k, x + j * _SIDE]
            cuda.syncthreads()  # the strips may be replaced
        for i in range(_SUMS):
            for j in range(_SUMS):
                r, c = row + y + i * _SIDE, column + x + j * _SIDE
                if r < rows and c < columns:
                    out[(matrix * rows + r) * columns + c] = sums[i, j]


def _laid_out(x, batch):
    """Return an array that holds the matrices of `x` for a batch, and their strides: row, column, matrix."""
    rows, columns = x.shape[-2:]
    count = math.prod(x.shape[:-2])
    if count != 1 and x.shape[:-2] != batch:
        x = module().broadcast_to(x, (*batch, rows, columns))
    one = 0 if count == 1 else rows * columns
    turned = x.swapaxes(-1, -2)
    if turned.flags.c_contiguous and not x.flags.c_contiguous:
        return turned, 1, rows, one
    return fit(x, working_dtype(x.dtype)), columns, 1, one


def matmul(a, b):
    """Return the matrix product ``a @ b`` of floating arrays of one dtype, as `numpy.matmul` defines it.

    Parameters
    ----------
    a : array, shape (..., rows, length) or (length,)
    b : array, shape (..., length, columns) or (length,)

    Returns
    -------
    array, shape (..., rows, columns), without what an operand of one dimension lacks

    Raises
    ------
    ValueError
        Where the lengths differ, or an operand has no dimension.
    """
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(f"matmul cannot multiply arrays of shape {a.shape} and {b.shape}")
    left, right = a if a.ndim > 1 else a[None], b if b.ndim > 1 else b[:, None]
    batch = module().broadcast_shapes(left.shape[:-2], right.shape[:-2])
    rows, length, columns = left.shape[-2], left.shape[-1], right.shape[-1]
    out = empty((*batch, rows, columns), a.dtype)
    if out.size:
        (left, *left_steps), (right, *right_steps) = _laid_out(left, batch), _laid_out(right, batch)
        blocks = math.prod(batch) * -(-rows // _TILE) * -(-columns // _TILE)
        _matmul_loop[a.dtype](left, right, rows, columns, length, *left_steps, *right_steps, out, blocks=blocks)
    return out.reshape((*batch, *((rows,) if a.ndim > 1 else ()), *((columns,) if b.ndim > 1 else ())))
