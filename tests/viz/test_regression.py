"""What `plot_regression` and `plot_predictions` draw."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import minigrad
from minigrad import nn
from minigrad.viz import plot_predictions, plot_regression


def new_ax(**options):
    return Figure().add_subplot(**options)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_one_feature_gives_points_and_a_curve(shape):
    x = minigrad.linspace(-1, 1, 5).reshape(shape)
    ax = new_ax()
    assert plot_regression(lambda x: x**2, x, x**2 + 1, label="parabola", title="Bent", ax=ax) is ax
    (points,) = ax.collections
    np.testing.assert_allclose(points.get_offsets(), np.stack([x.flatten(), x.flatten() ** 2 + 1], axis=1))
    (curve,) = ax.lines
    np.testing.assert_allclose(curve.get_ydata(), curve.get_xdata() ** 2, atol=1e-6)
    assert legend(ax) == ["samples", "parabola"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("$x$", "$y$", "Bent")


def test_two_features_give_a_surface_and_residuals():
    x = minigrad.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    plane = nn.Linear(2, 1)
    with minigrad.no_grad():
        plane.weight.copy_(minigrad.tensor([[2.0, -3.0]]))
        plane.bias.fill_(1.0)
    y = plane(x) + minigrad.tensor([[0.5], [-0.5], [0.5], [-0.5]])
    ax = plot_regression(plane, x, y, xlabel=("width", "depth"), ylabel="height", ax=new_ax(projection="3d"))
    sticks = np.array([np.array(line.get_data_3d()) for line in ax.lines])
    np.testing.assert_allclose(sticks[:, :2, 0], x)
    np.testing.assert_allclose(sticks[:, 2, 1] - sticks[:, 2, 0], [0.5, -0.5, 0.5, -0.5], atol=1e-6)
    above, below, _ = ax.collections
    assert len(above._offsets3d[0]) == len(below._offsets3d[0]) == 2
    assert legend(ax) == ["samples above", "below", "model"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("width", "depth", "height")


def test_two_features_make_an_ax_with_depth():
    from matplotlib import pyplot

    ax = plot_regression(lambda x: x.sum(-1), minigrad.rand(5, 2), minigrad.rand(5))
    assert ax.name == "3d"
    pyplot.close(ax.figure)


def test_bad_input_of_a_regression():
    with pytest.raises(ValueError, match=r"shape \(4, 3\), expected \(samples,\)"):
        plot_regression(lambda x: x, minigrad.rand(4, 3), minigrad.rand(4), ax=new_ax())
    with pytest.raises(ValueError, match="4 samples, but 3 targets"):
        plot_regression(lambda x: x, minigrad.rand(4), minigrad.rand(3), ax=new_ax())
    with pytest.raises(ValueError, match="projection='3d'"):
        plot_regression(lambda x: x.sum(-1), minigrad.rand(4, 2), minigrad.rand(4), ax=new_ax())


def test_predictions_against_targets():
    true = minigrad.tensor([[1.0], [2.0], [3.0]])
    predicted = minigrad.tensor([[1.0], [2.0], [2.0]], requires_grad=True)
    ax = new_ax()
    assert plot_predictions(predicted, true, unit="m", title="Lengths", ax=ax) is ax
    (points,) = ax.collections
    np.testing.assert_array_equal(points.get_offsets(), [[1, 1], [2, 2], [3, 2]])
    (diagonal,) = ax.lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.texts[0].get_text() == "R² = 0.50\nRMS error = 0.577 m"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("true value (m)", "predicted value (m)")
    assert ax.get_title() == "Lengths"


def test_bad_input_of_predictions():
    with pytest.raises(ValueError, match="2 predictions, but 3 targets"):
        plot_predictions(minigrad.rand(2), minigrad.rand(3), ax=new_ax())
    with pytest.raises(ValueError, match="0 predictions, but 0 targets"):
        plot_predictions([], [], ax=new_ax())
