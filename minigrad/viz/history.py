"""Curves of what was measured while a network learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minigrad.viz._canvas import fig_or_new

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_history"]

# Told apart by their dashes and markers alone, on paper without colours and by people who see few.
STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#1f4e79", "linestyle": "-", "marker": "o", "markerfacecolor": "#1f4e79"},
    {"color": "#d1651f", "linestyle": "--", "marker": "s", "markerfacecolor": "white"},
    {"color": "#3f7f3f", "linestyle": "-.", "marker": "^", "markerfacecolor": "#3f7f3f"},
    {"color": "#7a4b94", "linestyle": ":", "marker": "D", "markerfacecolor": "white"},
)
MOST_MARKERS = 10


def plot_history(
    history: Mapping[str, Mapping[str, Sequence[float]] | Sequence[float]],
    *,
    xlabel: str = "epoch",
    fig: Figure | None = None,
) -> Figure:
    """Plot what was measured after each epoch, one panel a quantity.

    Parameters
    ----------
    history : mapping
        From a quantity, with its unit, to its values after epochs 1, 2, ...; or to a mapping of such values under the
        names of the lines: ``{"loss (nats)": {"training": [2.3, 1.1], "test": [2.3, 1.2]}, "accuracy (%)": ...}``.
    xlabel : str
        What is counted along the horizontal axis.
    fig : Figure, optional
        Drawn on if given; its layout manager is set to "constrained" where it has none.

    Returns
    -------
    Figure
        Its ``axes`` are the panels, in the order of the quantities. The legend stands below them, over no data.

    Raises
    ------
    ValueError
        When there is nothing to draw.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> fig = plot_history({"loss": [2.0, 1.0, 0.5]}, fig=Figure())
    >>> fig.axes[0].get_ylabel()
    'loss'
    """
    if not history:
        raise ValueError("plot_history(): the history is empty, so there is no quantity to plot")
    fig = fig_or_new(fig, (4.5 * len(history), 3.8))
    if fig.get_layout_engine() is None:
        fig.set_layout_engine("constrained")
    panels = fig.subplots(1, len(history), squeeze=False)[0]
    handles: dict[str, Any] = {}
    for ax, (quantity, measured) in zip(panels, history.items(), strict=True):
        lines = measured if isinstance(measured, Mapping) else {"": measured}
        for (label, values), style in zip(lines.items(), _styles(len(lines)), strict=True):
            handles[label] = _plot_line(ax, values, style)
        ax.set_xlabel(xlabel)
        ax.set_ylabel(quantity)
        ax.set_title(quantity.partition(" (")[0].capitalize())
        ax.grid(color="0.88", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
    handles.pop("", None)
    if handles:
        fig.legend(handles.values(), handles, loc="outside lower center", ncols=len(handles), frameon=False)
    return fig


def _styles(count: int) -> list[dict[str, Any]]:
    return [STYLES[k % len(STYLES)] for k in range(count)]


def _plot_line(ax: Any, values: Sequence[float], style: dict[str, Any]) -> Any:
    every = max(1, len(values) // MOST_MARKERS)
    (line,) = ax.plot(range(1, len(values) + 1), values, markevery=every, markersize=5, linewidth=1.8, **style)
    return line
