"""Activation functions: the curves are the functions and their true derivatives."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.viz import plot_activations


def test_each_panel_has_the_function_and_its_derivative(fig):
    plot_activations({"tanh": minigrad.tanh, "square": lambda x: x**2}, low=-2, high=2, fig=fig)
    tanh, square = fig.axes
    assert [tanh.get_title(), square.get_title()] == ["tanh", "square"]
    for ax, f, slope in ((tanh, np.tanh, lambda x: 1 - np.tanh(x) ** 2), (square, np.square, lambda x: 2 * x)):
        value_line, slope_line = ax.lines[-2:]
        x = value_line.get_xdata()
        assert (x[0], x[-1]) == (-2, 2)
        np.testing.assert_allclose(value_line.get_ydata(), f(x), atol=1e-12)
        np.testing.assert_allclose(slope_line.get_ydata(), slope(x), atol=1e-12)
        assert value_line.get_linestyle() != slope_line.get_linestyle()
        assert ax.get_xlabel() == "$x$"


def test_names_come_from_functions_and_layers(fig):
    names = [ax.get_title() for ax in plot_activations([nn.ReLU(), nn.functional.silu, nn.Tanh()], fig=fig).axes]
    assert names == ["ReLU", "silu", "Tanh"]


def test_panels_without_a_function_are_taken_away(fig):
    plot_activations({str(k): minigrad.sigmoid for k in range(6)}, fig=fig)
    assert len(fig.axes) == 6


def test_nothing_to_plot_is_refused(fig):
    with pytest.raises(ValueError, match="no function"):
        plot_activations({}, fig=fig)
