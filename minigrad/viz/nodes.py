"""What each hidden node adds to a network's output."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.viz._canvas import ax_or_new
from minigrad.viz._model import as_array, outputs_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_nodes"]

DASHES = ("-", "--", "-.", ":")
SHADES = ("#1f4e79", "#d1651f", "#3f7f3f", "#7a4b94", "#8a6d00", "#5b87b5")


def plot_nodes(
    hidden: Callable[[Any], Any],
    output: Any,
    x: Any,
    *,
    y: Any = None,
    xlabel: str = "$x$",
    ylabel: str = "$y$",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of each hidden node in the output of a network with one input, and their sum.

    Parameters
    ----------
    hidden : callable
        All of the network before its last layer, as ``model[:-1]`` of a `Sequential`: (points, 1) -> (points, nodes).
    output : Linear
        The last layer, from the nodes to one number. Node j adds ``output.weight[0, j] * hidden(x)[:, j]``.
    x : Tensor or array, shape (samples,) or (samples, 1)
        The curves reach from the smallest to the largest sample.
    y : Tensor or array, optional
        Targets, drawn as points.
    xlabel, ylabel : str
        Of the axes, with units.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
        One line a node, in their order; then the output as a thick black line. Each node's line ends in its number.
    """
    ax = ax_or_new(ax, (6.4, 4.4))
    samples = as_array(x).reshape(-1)
    points = np.linspace(samples.min(), samples.max(), 300)[:, None]
    weight = as_array(output.weight).astype(np.float64).reshape(-1)
    shares = outputs_of(hidden, points, like=x) * weight
    bias = 0.0 if output.bias is None else float(as_array(output.bias).reshape(()))
    if y is not None:
        ax.scatter(samples, as_array(y).reshape(-1), s=14, color="0.65", edgecolors="none", label="samples", zorder=1)
    for k in range(shares.shape[1]):
        shade = SHADES[k % len(SHADES)]
        ax.plot(points[:, 0], shares[:, k], DASHES[k % len(DASHES)], color=shade, linewidth=1.3, zorder=2)
        ax.annotate(
            str(k + 1), (points[-1, 0], shares[-1, k]), (5 + 11 * (k % 2), 0), textcoords="offset points",
            va="center", color=shade, fontsize=9,
        )  # fmt: skip
    ax.plot([], [], color="0.35", linewidth=1.3, label="share of a node (its number at the right)")
    ax.plot(
        points[:, 0], shares.sum(1) + bias, color="black", linewidth=2.6, zorder=3, label="output: their sum and bias"
    )
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    if title is not None:
        ax.set_title(title)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)
    return ax
