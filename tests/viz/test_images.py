"""The grid of images: each in its place, on one scale of greys."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad.viz import plot_images


def test_images_stand_row_by_row_under_their_titles(fig):
    images = np.arange(5 * 4).reshape(5, 2, 2)
    plot_images(images, list("abcde"), columns=3, fig=fig)
    assert [ax.get_title() for ax in fig.axes] == list("abcde")
    for ax, image in zip(fig.axes, images, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
    tops = [round(ax.get_position().y0, 3) for ax in fig.axes]
    assert tops[0] == tops[1] == tops[2] > tops[3] == tops[4]


def test_ink_is_dark_and_all_images_share_the_scale(fig, dots):
    images = np.stack([np.full((2, 2), 0.0), np.full((2, 2), 0.5), np.full((2, 2), 1.0)])
    plot_images(images, fig=fig)
    picture = dots(fig)

    def middle(k: int) -> float:
        x, y = fig.axes[k].transData.transform((0.5, 0.5)).round().astype(int)
        return float(picture[len(picture) - y, x].mean())

    assert middle(0) == 1
    assert 0.3 < middle(1) < 0.8
    assert middle(2) == 0


def test_tensors_and_colours_are_taken(fig):
    plot_images(minigrad.rand(2, 4, 4, 3), fig=fig)
    assert fig.axes[1].images[0].get_array().shape == (4, 4, 3)


def test_wrong_shapes_and_numbers_of_titles_are_refused():
    with pytest.raises(ValueError, match=r"images of shape \(3, 3\)"):
        plot_images(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="at least one"):
        plot_images(np.zeros((0, 3, 3)))
    with pytest.raises(ValueError, match="2 images, but 1 titles"):
        plot_images(np.zeros((2, 3, 3)), ["one"])
