"""Which classes a classifier takes for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.viz._canvas import ax_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["confusion_matrix", "plot_confusion"]

# Below 1, so that a single mistake among forty is told from none.
SHADE_EXPONENT = 0.5


def confusion_matrix(labels: Any, predictions: Any, classes: Sequence[int]) -> np.ndarray[Any, Any]:
    """Return how often each class (row) was taken for each (column).

    Parameters
    ----------
    labels, predictions : array or Tensor of int, shape (samples,)
    classes : sequence of int
        In the order of rows and columns.

    Raises
    ------
    ValueError
        When the numbers of samples differ, or a label or prediction is none of the classes.
    """
    labels, predictions = np.asarray(labels).reshape(-1), np.asarray(predictions).reshape(-1)
    if labels.shape != predictions.shape:
        raise ValueError(f"confusion_matrix(): there are {labels.size} labels, but {predictions.size} predictions")
    place = {int(each): k for k, each in enumerate(classes)}
    unknown = sorted({int(each) for each in (*labels, *predictions)} - set(place))
    if unknown:
        raise ValueError(f"confusion_matrix(): {unknown} are none of the classes {list(place)}")
    counts = np.zeros((len(place), len(place)), np.int64)
    for label, prediction in zip(labels, predictions, strict=True):
        counts[place[int(label)], place[int(prediction)]] += 1
    return counts


def plot_confusion(
    labels: Any,
    predictions: Any,
    *,
    classes: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the confusion matrix: rows are the true classes, columns the predicted ones, each cell a number of samples.

    Parameters
    ----------
    labels, predictions : array or Tensor of int, shape (samples,)
    classes : sequence of int, optional
        In the order of rows and columns; by default those that occur, sorted.
    names : sequence of str, optional
        Of the classes.
    ax : Axes, optional

    Returns
    -------
    Axes
        The shade of a cell is its share of its row; the scale beside it is another Axes of the same figure.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_confusion([0, 1, 1], [0, 1, 0], ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '1']
    """
    from matplotlib.colors import PowerNorm

    if classes is None:
        classes = sorted({int(each) for values in (labels, predictions) for each in np.asarray(values).reshape(-1)})
    counts = confusion_matrix(labels, predictions, classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax = ax_or_new(ax, (5.6, 5.0))
    image = ax.imshow(shares, cmap="Blues", norm=PowerNorm(SHADE_EXPONENT, vmin=0, vmax=1))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = shares[row, column] ** SHADE_EXPONENT > 0.6
            ax.text(column, row, str(count), ha="center", va="center", color="white" if dark else "black")
    places = range(len(counts))
    shown = [str(each) for each in (classes if names is None else names)]
    ax.set_xticks(places, shown)
    ax.set_yticks(places, shown)
    between, ends = [k - 0.5 for k in places[1:]], (-0.5, len(counts) - 0.5)
    ax.hlines(between, *ends, color="0.85", linewidth=0.8)
    ax.vlines(between, *ends, color="0.85", linewidth=0.8)
    ax.tick_params(length=0)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    ax.set_title("Confusion matrix: numbers of samples")
    ax.figure.colorbar(image, ax=ax, label="share of the samples of the true class", shrink=0.8)
    return ax
