"""Many products of a few rows with one matrix, which is laid out for them once.

BLAS arranges both factors anew in every product, which for the 32 or 64 rows of a recurrence's step costs as much as
half of the arithmetic.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, Out, kernel
from minigrad_kernels.cpu._panels import IS_WIDE, multiply_panel, panel_width
from minigrad_kernels.scalar._bits import wide

_FEW_ROWS, _FEW_TIMES = 8, 4  # BLAS is as fast with fewer rows; nothing is laid out for fewer products
_BLOCK = 64  # rows that stay in cache, together with their products, while the panels go by


@kernel
def _product_loop(x: In, start: int, rows: int, depth: int, panels: In, width: int, columns: int, out: Out):
    """The first rows of out = `rows` rows of x, from `start` on, times the matrix in the panels."""
    wide()
    for begin in range(0, rows, _BLOCK):
        some = min(_BLOCK, rows - begin)
        for first in range(0, columns, width):
            to_out = begin * columns + first
            multiply_panel(
                x, panels, out, (start + begin) * depth, depth, 1, some, first * depth, depth, to_out, columns, False
            )


class Factor:
    """A matrix that products of a few rows, or of many, are made with.

    Parameters
    ----------
    matrix : ndarray, shape (k, n)
    rows, times : int
        How many rows the products have at most, and how many products are to come.
    """

    __slots__ = ("loop", "matrix", "panels", "width")

    def __init__(self, matrix, rows, times):
        self.matrix = matrix if times < _FEW_TIMES else np.ascontiguousarray(matrix)
        self.panels = None
        if rows >= _FEW_ROWS and rows * times >= _FEW_ROWS**2:
            self._lay_out()

    def _lay_out(self):
        """Arrange the matrix in panels, where the machine has the registers and the columns fill whole panels."""
        (depth, columns), dtype = self.matrix.shape, self.matrix.dtype
        self.width = panel_width(dtype)
        if IS_WIDE and depth and not columns % self.width:
            panels = self.matrix.reshape(depth, columns // self.width, self.width)
            self.panels = np.ascontiguousarray(panels.transpose(1, 0, 2))
            self.loop = _product_loop[dtype]

    def multiply(self, x, start, rows, out):
        """Write the product of `rows` rows of `x`, from `start` on, to the first rows of `out`."""
        if self.panels is None:
            np.dot(x[start : start + rows], self.matrix, out[:rows])
        else:
            depth, columns = self.matrix.shape
            self.loop(x, start, rows, depth, self.panels, self.width, columns, out)
