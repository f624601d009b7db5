"""Activation functions beside their derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.autograd.backward import grad
from minigrad.creation import tensor
from minigrad.viz._canvas import fig_or_new

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_activations"]

COLUMNS = 4


def plot_activations(
    functions: Mapping[str, Callable[[Any], Any]] | Sequence[Any],
    *,
    low: float = -4.0,
    high: float = 4.0,
    fig: Figure | None = None,
) -> Figure:
    """Plot each function (solid) and its derivative by autograd (dashed), one panel a function.

    Parameters
    ----------
    functions : mapping of str to callable, or sequence of callables
        Elementwise, tensor to tensor; layers such as ``nn.ReLU()`` do. Without names, that of the function or of the
        layer's class is the title.
    low, high : float
        Ends of the input's axis.
    fig : Figure, optional

    Returns
    -------
    Figure
        Its ``axes`` are the panels, in the order of the functions.

    Raises
    ------
    ValueError
        When there is no function to plot.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from minigrad.nn import functional as F
    >>> [ax.get_title() for ax in plot_activations([F.relu, F.silu], fig=Figure()).axes]
    ['relu', 'silu']
    """
    named = dict(functions if isinstance(functions, Mapping) else {_name_of(each): each for each in functions})
    if not named:
        raise ValueError("plot_activations(): there is no function to plot")
    columns = min(len(named), COLUMNS)
    rows = math.ceil(len(named) / columns)
    fig = fig_or_new(fig, (2.9 * columns, 2.6 * rows + 0.4))
    if fig.get_layout_engine() is None:
        fig.set_layout_engine("constrained")
    panels = fig.subplots(rows, columns, squeeze=False, sharex=True)
    points = np.linspace(low, high, 401)
    for k, (name, function) in enumerate(named.items()):
        ax = panels[k // columns, k % columns]
        x = tensor(points, requires_grad=True)
        y = function(x)
        (slope,) = grad(y.sum(), x)
        ax.axhline(0, color="0.8", linewidth=0.8)
        ax.axvline(0, color="0.8", linewidth=0.8)
        lines = ax.plot(points, y.detach().numpy(), color="#1f4e79", linewidth=1.8)
        lines += ax.plot(points, slope.numpy(), color="#d1651f", linewidth=1.6, linestyle="--")
        ax.set_title(name)
        ax.spines[["top", "right"]].set_visible(False)
        if k + columns >= len(named):
            ax.set_xlabel("$x$")
            ax.xaxis.set_tick_params(labelbottom=True)
    for unused in panels.flat[len(named) :]:
        unused.remove()
    fig.legend(lines, ["$f(x)$", "$f'(x)$, by autograd"], loc="outside lower center", ncols=2, frameon=False)
    return fig


def _name_of(function: Any) -> str:
    return str(getattr(function, "__name__", None) or type(function).__name__)
