"""Matrix products of middle sizes, for which BLAS spends much of its time on arranging both factors.

Only the right factor is arranged, in panels that stay in the processor's caches while the rows of the left one go by.
A batch of matrices is one call. On machines without AVX-512, and for other sizes, the products are BLAS's.
"""

from __future__ import annotations

import functools

import numpy as np

from minigrad_kernels.cpu import _threads
from minigrad_kernels.cpu._kernel import In, InInt64, Out, kernel
from minigrad_kernels.cpu._panels import IS_WIDE, lay_out, multiply_panel, panel_width
from minigrad_kernels.scalar._bits import wide

_DEPTH = 256  # of a panel, which then fills most of the first-level cache
_ROWS = 256  # of the left factor, which stay in the second-level cache while the panels go by
# Multiplications of a matrix, and of a batch, from and up to which the loops below are faster than BLAS.
_LEAST, _LEAST_TURNED, _LEAST_IN_ALL, _MOST = 1 << 20, 1 << 15, 1 << 20, 1 << 26
_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


@kernel
def _matmul_loop(
    x: In,
    x_at: InInt64,
    x_row: int,
    x_step: int,
    y: In,
    y_at: InInt64,
    y_row: int,
    y_step: int,
    rows: int,
    depth: int,
    columns: int,
    width: int,
    panels: Out,
    edge: Out,
    out: Out,
):
    """out[b] = x[b] @ y[b]; matrices begin at `x_at` and `y_at`, and have these strides from row to row and beside.

    `panels` has room for all columns of a block, `edge` for the products of columns that fill no panel.
    """
    wide()
    whole = columns // width * width
    for b in range(x_at.size):
        for first in range(0, depth, _DEPTH):
            size, is_more = min(_DEPTH, depth - first), first > 0
            for column in range(0, columns, width):
                begin, count = y_at[b] + first * y_row + column * y_step, min(width, columns - column)
                lay_out(y, begin, y_row, y_step, size, count, width, panels, column * size)
            for top in range(0, rows, _ROWS):
                some, begin = min(_ROWS, rows - top), x_at[b] + top * x_row + first * x_step
                place = (b * rows + top) * columns
                for k in range(0, whole, width):
                    multiply_panel(
                        x, panels, out, begin, x_row, x_step, some, k * size, size, place + k, columns, is_more
                    )
                if whole < columns:
                    multiply_panel(x, panels, edge, begin, x_row, x_step, some, whole * size, size, 0, width, False)
                    for i in range(some):
                        source, target = edge[i * width : i * width + columns - whole], place + i * columns + whole
                        for j in range(source.size):
                            out[target + j] = source[j] + out[target + j] if is_more else source[j]


def matmul(a, b):
    """Return the matrix product ``a @ b`` of arrays of one dtype, as `numpy.matmul` defines it.

    Parameters
    ----------
    a : ndarray, shape (..., rows, length) or (length,)
    b : ndarray, shape (..., length, columns) or (length,)
    """
    if not _suits(a, b):
        return a.dot(b) if a.ndim <= 2 and b.ndim <= 2 else np.matmul(a, b)
    batch = a.shape[:-2] if a.shape[:-2] == b.shape[:-2] else np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    (rows, depth), columns, width = a.shape[-2:], b.shape[-1], panel_width(a.dtype)
    out = np.empty((*batch, rows, columns), a.dtype)
    x, *x_steps, x_at = laid_out(a, batch)
    y, *y_steps, y_at = laid_out(b, batch)
    sizes, matrices, loop = (rows, depth, columns, width), out.reshape(-1, rows, columns), _matmul_loop[a.dtype]

    def multiply(first, last):
        panels = np.empty(min(depth, _DEPTH) * -(-columns // width) * width, a.dtype)
        edge = np.empty(min(rows, _ROWS) * width if columns % width else 0, a.dtype)
        ours = slice(first, last)
        loop(x, x_at[ours], *x_steps, y, y_at[ours], *y_steps, *sizes, panels, edge, matrices[ours])

    _threads.in_parts(multiply, len(matrices), out.size * depth)
    return out


def _suits(a, b):
    """Whether a product is of a kind, and on a machine, for which these loops are faster than BLAS.

    BLAS is slow with a right factor whose columns lie side by side, and with batches; it has threads for one product.
    """
    if a.ndim < 2 or b.ndim < 2 or not IS_WIDE:
        return False
    (rows, depth), columns = a.shape[-2:], b.shape[-1]
    work, is_turned = rows * depth * columns, b.strides[-2] == b.itemsize
    if not (_LEAST_TURNED if is_turned else _LEAST) <= work <= _MOST or rows < 16 or columns < 32:
        return False
    if a.dtype != b.dtype or a.dtype not in _DTYPES or b.shape[-2] != depth:
        return False
    if 8 * (-columns % panel_width(a.dtype)) > columns:  # too much of the last panel would be empty
        return False
    if a.ndim == b.ndim == 2:
        return is_turned and work >= _LEAST and _threads.count() == 1
    return max(a.size, b.size // columns * rows) * columns >= _LEAST_IN_ALL


def laid_out(matrices, batch):
    """Return contiguous memory that holds matrices, their strides from row to row and beside, and where each begins."""
    order, row, step, beginnings = _layout(matrices.shape, matrices.strides, matrices.itemsize, batch)
    memory = matrices if order is None else matrices.transpose(order)
    if memory.flags.c_contiguous:
        return memory, row, step, beginnings
    return laid_out(np.ascontiguousarray(matrices), batch)


@functools.lru_cache(maxsize=256)
def _layout(shape, strides, itemsize, batch):
    """Return the order in which dimensions lie in memory (None: as they are), and what else `laid_out` does."""
    order = sorted(range(len(shape)), key=strides.__getitem__, reverse=True)
    steps = [stride // itemsize for stride in strides]
    found = np.zeros(batch, np.int64)
    for k, (length, step) in enumerate(zip(shape[:-2], steps, strict=False)):
        if length > 1:
            after = len(shape) - 3 - k
            found += (np.arange(length) * step).reshape(length, *(1,) * after)
    return None if order == list(range(len(shape))) else order, *steps[-2:], found.reshape(-1)
