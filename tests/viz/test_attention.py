"""Attention maps: the darker, the larger the weight."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad.viz import plot_attention


def test_dark_cells_are_where_the_weights_are_large(fig, dots):
    weights = minigrad.tensor([[1.0, 0.0], [0.5, 0.5]])
    ax = plot_attention(weights, ["a", "b"], title="one head", ax=fig.add_subplot())
    picture = dots(fig)

    def darkness(row, column):
        x, y = ax.transData.transform((column - 0.35, row - 0.35)).astype(int)  # beside the number
        return 1 - picture[len(picture) - y, x].mean()

    assert darkness(0, 0) > darkness(1, 0) > darkness(0, 1) + 0.1
    assert abs(darkness(1, 0) - darkness(1, 1)) < 0.01


def test_rows_are_queries_and_columns_keys(fig):
    ax = plot_attention(np.full((2, 3), 1 / 3), list("xyz"), ["first", "second"], ax=fig.add_subplot())
    assert [each.get_text() for each in ax.get_xticklabels()] == ["x", "y", "z"]
    assert [each.get_text() for each in ax.get_yticklabels()] == ["first", "second"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("attends to (key)", "from (query)")


def test_weights_are_written_where_there_is_room(fig):
    small = plot_attention(np.array([[0.97, 0.03]]), ax=fig.add_subplot(1, 2, 1))
    assert [each.get_text() for each in small.texts] == [".97"]
    assert not plot_attention(np.eye(20), ax=fig.add_subplot(1, 2, 2)).texts


@pytest.mark.parametrize(
    ("weights", "names", "message"),
    [
        (np.ones(3), None, "matrix"),
        (np.array([[-1.0]]), None, "not negative"),
        (np.array([[np.nan]]), None, "not negative"),
        (np.eye(2), ["a"], "1 names for 2"),
    ],
)
def test_what_is_no_map_is_refused(fig, weights, names, message):
    with pytest.raises(ValueError, match=message):
        plot_attention(weights, names, ax=fig.add_subplot())
