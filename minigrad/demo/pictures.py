"""The pictures of the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minigrad.demo.training import History
from minigrad.viz import plot_confusion, plot_history, plot_images

__all__ = ["draw_pictures"]

Array = np.ndarray[Any, Any]

DOTS_PER_INCH = 110
MOST_IMAGES = 18
COLUMNS = 6  # at most


def draw_pictures(out: Path, history: History, images: Array, labels: Array, probabilities: Array) -> dict[str, str]:
    """Write the pictures to a folder, made if need be.

    Parameters
    ----------
    out : Path
    history : History
        Of the training.
    images : array, shape (images, 64)
        Those held out.
    labels : array of int, shape (images,)
    probabilities : array, shape (images, 10)
        What the network makes of them.

    Returns
    -------
    dict of str to str
        The names of the files, and what they show.
    """
    # Straight to the Agg canvas: pyplot would look for a window system, which no picture in a file needs.
    from matplotlib.figure import Figure

    out.mkdir(parents=True, exist_ok=True)

    curves = Figure(figsize=(9, 3.8), dpi=DOTS_PER_INCH)
    plot_history(
        {
            "cross-entropy (nats)": {"training images": history.train_loss, "test images": history.test_loss},
            "accuracy (%)": {
                "training images": [100 * each for each in history.train_accuracy],
                "test images": [100 * each for each in history.test_accuracy],
            },
        },
        fig=curves,
    ).savefig(out / "training.png")

    predictions = probabilities.argmax(axis=1)
    confusion = Figure(figsize=(5.6, 5.2), dpi=DOTS_PER_INCH, layout="constrained")
    ax = plot_confusion(labels, predictions, classes=range(10), ax=confusion.add_subplot())
    right = int((predictions == labels).sum())
    ax.set_title(f"What the network reads: {right} of {len(labels)} test images right")
    confusion.savefig(out / "confusion.png")

    wrong = np.flatnonzero(predictions != labels)
    _draw_mistakes(wrong, images, labels, probabilities).savefig(out / "mistakes.png")
    return {
        "training.png": "loss and accuracy, epoch by epoch",
        "confusion.png": "which digits are taken for which",
        "mistakes.png": "the test images read wrongly"
        if wrong.size
        else "the test images read with the least certainty",
    }


def _draw_mistakes(wrong: Array, images: Array, labels: Array, probabilities: Array) -> Any:
    """Return a figure of the images read wrongly, the surest mistakes first; where there is none, of the least sure."""
    from matplotlib.figure import Figure

    certainty = probabilities.max(axis=1)
    if wrong.size:
        order = wrong[np.argsort(-certainty[wrong])]
        title = f"The {wrong.size} test images read wrongly" if wrong.size > 1 else "The one test image read wrongly"
        if wrong.size > MOST_IMAGES:
            title = f"{MOST_IMAGES} of the {wrong.size} test images read wrongly"
    else:
        order = np.argsort(certainty)[:COLUMNS]
        title = "All test images are read rightly; these with the least certainty"
    order = order[:MOST_IMAGES]
    rows = -(-len(order) // COLUMNS)
    columns = -(-len(order) // rows)
    fig = Figure(figsize=(max(1.6 * columns, 5.5), 2.1 * rows + 0.5), dpi=DOTS_PER_INCH, layout="constrained")
    titles = [f"{labels[k]}, read as {probabilities[k].argmax()}\n(probability {certainty[k]:.0%})" for k in order]
    plot_images(images[order].reshape(-1, 8, 8), titles, columns=columns, fig=fig)
    fig.suptitle(title, fontsize=12)
    return fig
