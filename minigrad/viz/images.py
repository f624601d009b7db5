"""Small images side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.viz._canvas import fig_or_new

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_images"]


def plot_images(
    images: Any,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 6,
    cmap: str = "gray_r",
    fig: Figure | None = None,
) -> Figure:
    """Draw images in a grid, each under its title, all on one scale of greys.

    Parameters
    ----------
    images : array or Tensor, shape (images, height, width) or (images, height, width, 3)
    titles : sequence of str, optional
        One an image.
    columns : int
        Most images in a row.
    cmap : str
        Colour map of images without colours; the default draws ink on paper.
    fig : Figure, optional

    Returns
    -------
    Figure
        Its ``axes`` hold the images, row by row.

    Raises
    ------
    ValueError
        When the images are of another shape, none at all, or not as many as the titles.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> fig = plot_images(np.eye(4).reshape(1, 4, 4), ["a line"], fig=Figure())
    >>> fig.axes[0].get_title()
    'a line'
    """
    images = np.asarray(images)
    if images.ndim not in (3, 4) or not len(images):
        raise ValueError(
            f"plot_images(): images of shape {images.shape} given, expected (images, height, width) or with 3 "
            "colours last, and at least one image"
        )
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"plot_images(): there are {len(images)} images, but {len(titles)} titles")
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    fig = fig_or_new(fig, (1.5 * columns, 1.8 * rows))
    low, high = float(images.min()), float(images.max())
    for k, image in enumerate(images):
        ax = fig.add_subplot(rows, columns, k + 1)
        ax.imshow(image, cmap=cmap, vmin=low, vmax=high)
        ax.set_xticks([])
        ax.set_yticks([])
        if titles is not None:
            ax.set_title(titles[k], fontsize=10)
    return fig
