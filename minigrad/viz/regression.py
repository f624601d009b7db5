"""What a model of one or two features predicts, against what was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.viz._canvas import ax_or_new, fig_or_new
from minigrad.viz._model import as_array, outputs_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_regression"]

Array = np.ndarray[Any, Any]

POINTS = {"s": 16, "linewidths": 0.6, "edgecolors": "#1f4e79", "zorder": 2}


def plot_regression(
    model: Callable[[Any], Any],
    x: Any,
    y: Any,
    *,
    xlabel: str | tuple[str, str] = "$x$",
    ylabel: str = "$y$",
    label: str = "model",
    title: str | None = None,
    resolution: int = 200,
    ax: Axes | None = None,
) -> Axes:
    """Draw the samples and the curve, or the surface over two features, that a model puts through them.

    Parameters
    ----------
    model : callable
        Takes a batch of the shape of ``x``, a tensor if ``x`` is one and an array otherwise, and returns one number a
        point, of shape (points,) or (points, 1).
    x : Tensor or array, shape (samples,), (samples, 1) or (samples, 2)
    y : Tensor or array, shape (samples,) or (samples, 1)
    xlabel : str, or a pair of them for two features
    ylabel : str
    label : str
        What the legend calls the curve.
    title : str, optional
    resolution : int
        Points along the curve. A surface is drawn with a tenth of them along each side.
    ax : Axes, optional
        For two features, one made with ``projection="3d"``.

    Returns
    -------
    Axes
        With a surface, a thin stick joins each sample to it: its residual.

    Raises
    ------
    ValueError
        When there are more than two features, or ``ax`` is flat and there are two.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> x = np.linspace(0, 1, 5)
    >>> ax = plot_regression(lambda x: 2 * x, x, 2 * x + 0.1, ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['samples', 'model']
    """
    points, measured = as_array(x), as_array(y).reshape(-1)
    features = points.shape[1] if points.ndim == 2 else 1
    if points.ndim not in (1, 2) or features not in (1, 2):
        raise ValueError(
            f"plot_regression(): x has shape {points.shape}, expected (samples,), (samples, 1) or (samples, 2)"
        )
    if len(measured) != len(points):
        raise ValueError(f"plot_regression(): there are {len(points)} samples, but {len(measured)} targets")
    if features == 1:
        ax = ax_or_new(ax, (5.6, 4.2))
        _draw_curve(ax, model, x, points, measured, label, resolution)
        ax.set_xlabel(str(xlabel))
    else:
        if ax is None:
            ax = fig_or_new(None, (6.4, 5.4)).add_subplot(projection="3d")
        if ax.name != "3d":
            raise ValueError("plot_regression(): two features need an ax made with add_subplot(projection='3d')")
        _draw_surface(ax, model, x, points, measured, label, max(resolution // 10, 2))
        first, second = ("$x_1$", "$x_2$") if isinstance(xlabel, str) else xlabel
        ax.set(xlabel=first, ylabel=second)
    ax.set(**{"zlabel" if features == 2 else "ylabel": ylabel})
    if title is not None:
        ax.set_title(title)
    # Below the axes, where it covers nothing.
    low = -0.02 if features == 2 else -0.15
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, low), ncols=3, frameon=False)
    return ax


def _draw_curve(ax: Any, model: Any, like: Any, points: Array, measured: Array, label: str, resolution: int) -> None:
    at = points.reshape(-1)
    along = np.linspace(at.min(), at.max(), resolution)
    predicted = outputs_of(model, along.reshape(-1, *points.shape[1:]), like).reshape(-1)
    ax.scatter(at, measured, label="samples", facecolors="#c9d8e8", **POINTS)
    ax.plot(along, predicted, label=label, color="#c2410c", linewidth=2.2, zorder=3)
    ax.grid(color="0.88", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _draw_surface(ax: Any, model: Any, like: Any, points: Array, measured: Array, label: str, resolution: int) -> None:
    sides = [np.linspace(points[:, k].min(), points[:, k].max(), resolution) for k in (0, 1)]
    first, second = np.meshgrid(*sides)
    surface = outputs_of(model, np.stack([first.ravel(), second.ravel()], axis=1), like).reshape(first.shape)
    at_samples = outputs_of(model, points, like).reshape(-1)
    above = measured >= at_samples
    # Samples below the surface are drawn hollow: which side a point is on is hard to see in a projection.
    ax.scatter(
        *points[above].T, measured[above], label="samples above", facecolors="#1f4e79", depthshade=False, **POINTS
    )
    ax.scatter(*points[~above].T, measured[~above], label="below", facecolors="white", depthshade=False, **POINTS)
    for place, low, high in zip(points, at_samples, measured, strict=True):
        ax.plot([place[0]] * 2, [place[1]] * 2, [low, high], color="0.35", linewidth=0.6)
    ax.plot_surface(
        first, second, surface, color="#e08a4f", alpha=0.35, edgecolor="#8a4a1c", linewidth=0.3, label=label
    )
