"""How far three gradients are apart, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.autograd.gradient_table import GradientTable
from minigrad.viz._canvas import ax_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_gradient_check"]

# Differences below a float64's resolution are drawn there: a logarithmic axis has no zero.
SMALLEST = 1e-17


def plot_gradient_check(table: GradientTable, *, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw a table of `autograd.compare_gradients`: for each parameter the largest relative differences.

    Parameters
    ----------
    table : GradientTable
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
        Bars on a logarithmic axis, dark from the gradient by hand to autograd (where there is one by hand), hatched
        from autograd to the numerical gradient; and a line at the tolerance of either.
    """
    ax = ax_or_new(ax, (7.2, 0.55 * len(table) + 2.0))
    places = np.arange(len(table))
    numerical = [max(row.autograd_to_numerical.relative, SMALLEST) for row in table]
    by_hand = [
        np.nan if row.hand_to_autograd is None else max(row.hand_to_autograd.relative, SMALLEST) for row in table
    ]
    if not np.isnan(by_hand).all():
        ax.barh(places - 0.2, by_hand, 0.36, left=SMALLEST, color="0.25", label="by hand to autograd")
        ax.axvline(table.rtol_by_hand, color="0.25", linewidth=1.4, label=f"allowed by hand: {table.rtol_by_hand:g}")
    ax.barh(
        places + 0.2, numerical, 0.36, left=SMALLEST, color="white", edgecolor="black", hatch="///",
        label="autograd to numerical",
    )  # fmt: skip
    ax.axvline(table.rtol, color="black", linewidth=1.4, linestyle="--", label=f"allowed numerically: {table.rtol:g}")
    ax.set_xscale("log")
    largest = [each for each in (*numerical, *by_hand, table.rtol) if np.isfinite(each)]
    ax.set_xlim(SMALLEST, max(largest) * 10)
    ax.set_yticks(places, [row.name for row in table])
    ax.invert_yaxis()
    ax.set_xlabel("largest relative difference (1)")
    ax.set_ylabel("parameter")
    ax.set_title("Gradients compared" if title is None else title)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return ax
