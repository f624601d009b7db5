"""Weights as squares: the sign is the colour, the size the area."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad.viz import plot_weights


def test_squares_have_the_sign_and_the_size_of_the_entries(fig):
    weight = minigrad.tensor([[1.0, -4.0], [0.0, 2.0]], requires_grad=True)
    ax = plot_weights(weight, title="W", ax=fig.add_subplot())
    squares = {(round(p.get_x() + p.get_width() / 2), round(p.get_y() + p.get_height() / 2)): p for p in ax.patches}
    assert set(squares) == {(0, 0), (1, 0), (1, 1)}
    white = {place: patch.get_facecolor()[0] == 1 for place, patch in squares.items()}
    assert white == {(0, 0): True, (1, 0): False, (1, 1): True}
    areas = np.array([squares[place].get_width() ** 2 for place in ((0, 0), (1, 1), (1, 0))])
    np.testing.assert_allclose(areas / areas[0], [1, 2, 4])
    assert "full cell: 4" in ax.get_xlabel()


def test_a_vector_is_a_column_and_zeros_draw_nothing(fig):
    assert plot_weights(np.ones(3), ax=fig.add_subplot()).get_xlim() == (-0.5, 0.5)
    assert not plot_weights(np.zeros((2, 2)), ax=fig.add_subplot()).patches


@pytest.mark.parametrize("weight", [np.ones((2, 2, 2)), np.array([[np.nan]])])
def test_what_is_no_matrix_is_refused(fig, weight):
    with pytest.raises(ValueError, match="matrix"):
        plot_weights(weight, ax=fig.add_subplot())
