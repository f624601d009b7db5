"""Weight matrices as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.viz._canvas import ax_or_new
from minigrad.viz._model import as_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_weights"]


def plot_weights(
    weight: Any,
    *,
    xlabel: str = "input",
    ylabel: str = "output",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix as squares: white for positive entries, black for negative ones, as large as they are.

    The area of a square is in proportion to the entry's absolute value; the largest fills its cell (a diagram that
    Hinton used for weights).

    Parameters
    ----------
    weight : Tensor or array, shape (outputs, inputs)
        A vector is drawn as one column.
    xlabel, ylabel : str
        What stands along the columns and along the rows.
    title : str, optional
        The largest absolute entry is written below the picture in any case.
    ax : Axes, optional

    Returns
    -------
    Axes
        With one rectangle an entry that is not zero, row by row.

    Raises
    ------
    ValueError
        When the entries do not form a matrix or are not finite.
    """
    from matplotlib.patches import Rectangle

    matrix = as_array(weight).astype(np.float64)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise ValueError(f"plot_weights(): expected a matrix of finite numbers, got shape {matrix.shape}")
    rows, columns = matrix.shape
    ax = ax_or_new(ax, (min(10.0, 1.5 + 0.45 * columns), min(8.0, 1.5 + 0.45 * rows)))
    largest = np.abs(matrix).max(initial=0.0)
    ax.set_facecolor("0.6")
    for (row, column), value in np.ndenumerate(matrix):
        if value:
            side = 0.94 * np.sqrt(abs(value) / largest)
            corner = (column - side / 2, row - side / 2)
            ax.add_patch(Rectangle(corner, side, side, facecolor="white" if value > 0 else "black", edgecolor="none"))
    ax.set_aspect("equal")
    ax.set_xlim(-0.5, columns - 0.5)
    ax.set_ylim(rows - 0.5, -0.5)
    ax.locator_params(integer=True)
    ax.set_xlabel(f"{xlabel}\nwhite: positive, black: negative, full cell: {largest:.3g}")
    ax.set_ylabel(ylabel)
    if title is not None:
        ax.set_title(title)
    return ax
