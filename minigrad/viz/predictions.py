"""Predicted against true values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.viz._canvas import ax_or_new
from minigrad.viz._model import as_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_predictions"]


def plot_predictions(
    predictions: Any, targets: Any, *, unit: str = "", title: str | None = None, ax: Axes | None = None
) -> Axes:
    r"""Draw each sample at its true value across and its predicted value up; a perfect model puts all on the diagonal.

    Parameters
    ----------
    predictions, targets : Tensor or array, shape (samples,) or (samples, 1)
    unit : str
        Of both, for the labels of the axes.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
        The text in its corner gives the coefficient of determination R², the share of the variance that is predicted,
        and the root of the mean squared error.

    Raises
    ------
    ValueError
        For other numbers of predictions than of targets.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_predictions([1.0, 2.0, 2.0], [1.0, 2.0, 3.0], unit="m", ax=Figure().add_subplot())
    >>> ax.get_xlabel(), ax.texts[0].get_text()
    ('true value (m)', 'R² = 0.50\nRMS error = 0.577 m')
    """
    predicted, true = (as_array(each).reshape(-1).astype(np.float64) for each in (predictions, targets))
    if predicted.shape != true.shape or not true.size:
        raise ValueError(f"plot_predictions(): there are {predicted.size} predictions, but {true.size} targets")
    squared = float(np.mean((predicted - true) ** 2))
    variance = float(np.var(true))
    explained = 1 - squared / variance if variance else float("nan")
    ax = ax_or_new(ax, (4.8, 4.6))
    many = true.size > 1000
    ax.scatter(
        true, predicted, s=4 if many else 16, alpha=0.25 if many else 0.8, color="#1f4e79", linewidths=0, zorder=2
    )
    ends = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
    ax.plot(ends, ends, color="black", linestyle="--", linewidth=1.2, zorder=3)
    ax.text(
        0.03, 0.97, f"R² = {explained:.2f}\nRMS error = {squared**0.5:.3g} {unit}".rstrip(), transform=ax.transAxes,
        va="top", bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )  # fmt: skip
    of = f" ({unit})" if unit else ""
    ax.set_xlabel(f"true value{of}")
    ax.set_ylabel(f"predicted value{of}")
    ax.set_title("Predicted against true" if title is None else title)
    margin = 0.04 * (ends[1] - ends[0]) or 1.0
    ax.set(xlim=(ends[0] - margin, ends[1] + margin), ylim=(ends[0] - margin, ends[1] + margin), aspect="equal")
    ax.grid(color="0.88", linewidth=0.8)
    ax.set_axisbelow(True)
    return ax
