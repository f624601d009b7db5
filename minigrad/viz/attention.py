"""Attention weights as a map: who looks at whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.viz._canvas import ax_or_new
from minigrad.viz._model import as_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_attention"]

_ANNOTATED = 12  # longer sequences have no room for numbers in the cells


def plot_attention(
    weights: Any,
    keys: Sequence[str] | None = None,
    queries: Sequence[str] | None = None,
    *,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw attention weights: a row for each query, a column for each key, the darker the larger the weight.

    Parameters
    ----------
    weights : Tensor or array, shape (queries, keys)
        Not negative; usually each row sums to 1. Up to 12 by 12, weights from 0.05 on are written into their cells.
    keys, queries : sequence of str, optional
        Names of the columns and rows, such as tokens; by default their numbers. Without ``queries`` a square map
        uses the names of the keys for both.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
        With one image.

    Raises
    ------
    ValueError
        When the weights do not form a matrix, are negative or not finite, or the names are not as many.
    """
    matrix = as_array(weights).astype(np.float64)
    if matrix.ndim != 2 or not np.isfinite(matrix).all() or (matrix < 0).any():
        raise ValueError(f"plot_attention(): expected a matrix of weights that are not negative, got {matrix.shape}")
    rows, columns = matrix.shape
    if queries is None and rows == columns:
        queries = keys
    ax = ax_or_new(ax, (min(8.0, 1.8 + 0.45 * columns), min(8.0, 1.5 + 0.45 * rows)))
    ax.imshow(matrix, cmap="Blues", vmin=0.0, vmax=max(1.0, matrix.max(initial=0.0)), aspect="equal")
    ax.locator_params(integer=True)
    for axis, names, count in ((ax.xaxis, keys, columns), (ax.yaxis, queries, rows)):
        if names is not None:
            if len(names) != count:
                raise ValueError(f"plot_attention(): got {len(names)} names for {count} rows or columns")
            axis.set_ticks(range(count), labels=list(names))
    if max(rows, columns) <= _ANNOTATED:
        for (row, column), value in np.ndenumerate(matrix):
            if value >= 0.05:
                color = "white" if value > 0.6 else "black"
                ax.text(column, row, f"{value:.2f}".lstrip("0"), ha="center", va="center", color=color, fontsize=7)
    ax.set_xlabel("attends to (key)")
    ax.set_ylabel("from (query)")
    if title is not None:
        ax.set_title(title)
    return ax
