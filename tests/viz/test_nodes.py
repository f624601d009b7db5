"""Shares of hidden nodes: they and the bias add up to the output."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.viz import plot_nodes


@pytest.mark.parametrize("bias", [True, False])
def test_shares_add_up_to_the_output(fig, bias):
    model = nn.Sequential(nn.Linear(1, 5), nn.Tanh(), nn.Linear(5, 1, bias=bias))
    x = minigrad.linspace(-1, 3, 20)[:, None]
    ax = plot_nodes(model[:-1], model[-1], x, y=x**2, xlabel="time (s)", ylabel="way (m)", ax=fig.add_subplot())
    lines = [line for line in ax.lines if len(line.get_xdata())]
    *shares, total = lines
    assert len(shares) == 5
    points = total.get_xdata()
    assert (points[0], points[-1]) == (-1, 3)
    with minigrad.no_grad():
        expected = model(minigrad.tensor(points, dtype=minigrad.float32)[:, None])[:, 0].numpy()
    np.testing.assert_allclose(total.get_ydata(), expected, atol=1e-5)
    summed = sum(line.get_ydata() for line in shares) + (model[-1].bias.item() if bias else 0)
    np.testing.assert_allclose(summed, expected, atol=1e-5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (s)", "way (m)")
    assert [text.get_text() for text in ax.texts] == ["1", "2", "3", "4", "5"]


def test_lines_of_neighbours_differ_without_colours(fig):
    model = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
    ax = plot_nodes(model[:-1], model[-1], minigrad.arange(5.0)[:, None], ax=fig.add_subplot())
    assert len({line.get_linestyle() for line in ax.lines[:4]}) == 4
