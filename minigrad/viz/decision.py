"""What a classifier of two features answers, all over the plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.viz._canvas import ax_or_new
from minigrad.viz._model import as_array, outputs_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_decision_surface"]

Array = np.ndarray[Any, Any]

# From light to dark, so that the two sides differ without colours too.
LIGHT_TO_DARK = ("#fdf0dc", "#f3c892", "#a9b8c9", "#5b87b5")
# Of falling lightness, each with a marker of its own.
REGIONS = ("#fdecd0", "#cfe3cf", "#a9c6e3", "#e6a98c", "#8f86b8", "#7d9a78", "#b0b0b0", "#6f8fae")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
FACES = ("white", "#202020", "#9a9a9a", "#e8d14a", "#555555", "#c0d8f0", "#707070", "#f0b0a0")


def plot_decision_surface(
    model: Callable[[Any], Any],
    x: Any,
    y: Any,
    *,
    probabilities: bool = False,
    names: Sequence[str] | None = None,
    xlabel: str = "$x_1$",
    ylabel: str = "$x_2$",
    title: str | None = None,
    resolution: int = 200,
    colorbar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a classifier's answer over the plane, the border between its classes, and the samples.

    Parameters
    ----------
    model : callable
        Takes a batch of shape (points, 2), a tensor if ``x`` is one and an array otherwise. It returns one number a
        point, of shape (points,) or (points, 1), for two classes, or one a class, of shape (points, classes).
    x : Tensor or array, shape (samples, 2)
    y : Tensor or array of whole numbers 0, 1, ..., shape (samples,) or (samples, 1)
    probabilities : bool
        Whether the model returns probabilities. By default it returns logits, which a logistic function or a softmax
        turns into probabilities here.
    names : sequence of str, optional
        Of the classes, for the legend.
    xlabel, ylabel : str
        Of the features, with their units.
    title : str, optional
    resolution : int
        Points along each side of the picture at which the model is asked.
    colorbar : bool
        Whether a scale of the probabilities stands beside a picture of two classes.
    ax : Axes, optional

    Returns
    -------
    Axes
        For two classes, the shade is the probability of class 1, and the line is where it is 1/2. For more, the shade
        is the most probable class, the paler the less sure.

    Raises
    ------
    ValueError
        When the samples do not have two features, or the outputs are not what ``probabilities`` says.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> ax = plot_decision_surface(lambda p: p[:, 0] - 0.5, corners, [0, 0, 1, 1], ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['class 0', 'class 1']
    """
    points, labels = as_array(x), as_array(y).reshape(-1).astype(np.int64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"plot_decision_surface(): x has shape {points.shape}, expected (samples, 2)")
    if len(labels) != len(points):
        raise ValueError(f"plot_decision_surface(): there are {len(points)} samples, but {len(labels)} labels")
    across, up = (_range(points[:, k], resolution) for k in (0, 1))
    grid = np.stack([each.ravel() for each in np.meshgrid(across, up)], axis=1)
    answers = _class_probabilities(outputs_of(model, grid, x), len(grid), probabilities)
    answers = answers.reshape(resolution, resolution, -1)
    ax = ax_or_new(ax, (5.6, 4.6))
    classes = answers.shape[-1]
    if classes == 2:
        _draw_two(ax, across, up, answers[..., 1], colorbar)
    else:
        _draw_many(ax, across, up, answers)
    for k in range(classes):
        chosen = points[labels == k]
        label = f"class {k}" if names is None else names[k]
        ax.scatter(
            chosen[:, 0], chosen[:, 1], s=18, linewidths=0.6, edgecolors="black", marker=MARKERS[k % len(MARKERS)],
            color=FACES[k % len(FACES)], label=label, zorder=3,
        )  # fmt: skip
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    if title is not None:
        ax.set_title(title)
    # Below the axes, where it covers nothing.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=min(classes, 4), frameon=False)
    return ax


def _range(values: Array, count: int) -> Array:
    """Return ``count`` places from below the smallest to above the largest value."""
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, count)


def _class_probabilities(outputs: Array, points: int, probabilities: bool) -> Array:
    """Return the probabilities as an array of shape (points, classes)."""
    if outputs.shape[:1] != (points,) or outputs.ndim > 2 or outputs.size == 0:
        raise ValueError(
            f"plot_decision_surface(): the model returned shape {outputs.shape} for {points} points, expected "
            f"({points},), ({points}, 1) or ({points}, classes)"
        )
    if probabilities and not (outputs.min() >= 0 and outputs.max() <= 1):
        raise ValueError(
            f"plot_decision_surface(): the outputs lie between {outputs.min():.3g} and {outputs.max():.3g}, so they "
            "are no probabilities; leave probabilities=False for logits"
        )
    if outputs.ndim == 1 or outputs.shape[1] == 1:
        one = outputs.reshape(-1)
        one = one if probabilities else 0.5 * (1 + np.tanh(0.5 * one))
        return np.stack([1 - one, one], axis=1)
    if probabilities:
        return outputs
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _draw_two(ax: Axes, across: Array, up: Array, probability: Array, colorbar: bool) -> None:
    """Shade by the probability of class 1, with the border at 1/2."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("light to dark", LIGHT_TO_DARK)
    filled = ax.contourf(across, up, probability, levels=np.linspace(0, 1, 11), cmap=shades)
    if probability.min() < 0.5 < probability.max():
        ax.contour(across, up, probability, levels=[0.5], colors="black", linewidths=1.6)
    if colorbar:
        ax.figure.colorbar(filled, ax=ax, label="probability of class 1", ticks=np.linspace(0, 1, 6))


def _draw_many(ax: Axes, across: Array, up: Array, probability: Array) -> None:
    """Shade by the most probable class, paler where it is less sure, with borders between the classes."""
    from matplotlib.colors import to_rgb

    winner, surety = probability.argmax(axis=-1), probability.max(axis=-1)[..., None]
    colors = np.array([to_rgb(REGIONS[k % len(REGIONS)]) for k in range(probability.shape[-1])])
    # 0 where all classes are as probable, 1 where one is certain
    strength = (surety - 1 / len(colors)) / (1 - 1 / len(colors))
    image = 1 + (colors[winner] - 1) * (0.35 + 0.65 * strength)
    ax.imshow(
        image, origin="lower", aspect="auto", extent=(across[0], across[-1], up[0], up[-1]), interpolation="nearest"
    )
    for k in range(len(colors) - 1):
        # The level between class k and all later ones: each border once.
        ahead = probability[..., k] - np.delete(probability, k, axis=-1).max(axis=-1)
        if ahead.min() < 0 < ahead.max():
            ax.contour(across, up, ahead, levels=[0.0], colors="black", linewidths=1.2)
