"""Where to draw when the caller does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ax_or_new", "fig_or_new"]


def fig_or_new(fig: Figure | None, size: tuple[float, float]) -> Figure:
    """Return ``fig``, or a new figure of pyplot (which ``pyplot.show`` shows), ``size`` in inches."""
    if fig is not None:
        return fig
    from matplotlib import pyplot

    return pyplot.figure(figsize=size, layout="constrained")


def ax_or_new(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return ``ax``, or the only axes of a new figure, ``size`` in inches."""
    if ax is not None:
        return ax
    new: Any = fig_or_new(None, size).add_subplot()
    return new
