"""What `plot_decision_surface` draws."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import minigrad
from minigrad import nn
from minigrad.viz import plot_decision_surface
from minigrad.viz.decision import REGIONS

CORNERS = minigrad.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def new_ax():
    return Figure().add_subplot()


def right_of_a_half(points):
    return 4 * (points[:, 0] - 0.5)


def borders(ax):
    """Return the vertices of the drawn borders, in the data's coordinates."""
    return [path.vertices for each in ax.collections if hasattr(each, "levels") and len(each.levels) == 1
            for path in each.get_paths()]  # fmt: skip


def test_draws_on_the_given_ax_and_returns_it():
    ax = new_ax()
    assert plot_decision_surface(right_of_a_half, CORNERS, [0, 0, 1, 1], ax=ax) is ax


def test_the_border_is_where_the_logit_is_zero():
    ax = plot_decision_surface(right_of_a_half, CORNERS, minigrad.tensor([0, 0, 1, 1]), ax=new_ax())
    (border,) = borders(ax)
    np.testing.assert_allclose(border[:, 0], 0.5, atol=1e-6)
    assert np.ptp(border[:, 1]) > 1


def test_the_border_is_where_the_probability_is_a_half():
    ax = plot_decision_surface(
        lambda points: points[:, :1].clamp(0, 1), CORNERS, [0, 0, 1, 1], probabilities=True, ax=new_ax()
    )
    (border,) = borders(ax)
    np.testing.assert_allclose(border[:, 0], 0.5, atol=1e-6)


def test_a_classifier_that_sees_one_class_only_has_no_border():
    assert not borders(plot_decision_surface(lambda p: p[:, 0] + 10, CORNERS, [0, 0, 1, 1], ax=new_ax()))


def test_every_sample_stands_where_it_is_and_shows_its_class():
    ax = plot_decision_surface(right_of_a_half, CORNERS, [0, 0, 1, 1], names=("left", "right"), ax=new_ax())
    left, right = (each for each in ax.collections if each.get_label() in ("left", "right"))
    np.testing.assert_array_equal(left.get_offsets(), CORNERS[:2])
    np.testing.assert_array_equal(right.get_offsets(), CORNERS[2:])
    assert len(left.get_paths()[0].vertices) != len(right.get_paths()[0].vertices), "they should have other markers"


def test_labels_title_and_scale():
    ax = plot_decision_surface(
        right_of_a_half, CORNERS, [0, 0, 1, 1], xlabel="width (cm)", ylabel="height (cm)", title="Sides", ax=new_ax()
    )
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("width (cm)", "height (cm)", "Sides")
    scale = ax.figure.axes[1]
    assert scale.get_ylabel() == "probability of class 1"
    assert scale.get_ylim() == (0, 1)


def test_no_scale_if_not_wanted():
    ax = plot_decision_surface(right_of_a_half, CORNERS, [0, 0, 1, 1], colorbar=False, ax=new_ax())
    assert ax.figure.axes == [ax]


@pytest.mark.parametrize("probabilities", [False, True])
def test_three_classes_are_coloured_by_the_most_probable(probabilities):
    centres = minigrad.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 2.0]])

    def model(points):
        logits = -8 * (points[:, None] - centres).square().sum(-1)
        return logits.softmax(-1) if probabilities else logits

    ax = plot_decision_surface(model, centres, [0, 1, 2], probabilities=probabilities, ax=new_ax())
    (image,) = ax.images
    left, right, bottom, top = image.get_extent()
    pixels = image.get_array()
    for k, (across, up) in enumerate(centres.tolist()):
        row = round((up - bottom) / (top - bottom) * (len(pixels) - 1))
        column = round((across - left) / (right - left) * (len(pixels) - 1))
        assert to_hex(pixels[row, column]) == REGIONS[k]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["class 0", "class 1", "class 2"]
    # The border of classes 0 and 1 is the line x = 1, up to where class 2 begins.
    assert any(np.isclose(each[:, 0], 1, atol=0.02).sum() > 20 for each in borders(ax))


def test_a_module_is_asked_in_evaluation_mode_and_put_back():
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append((self.training, minigrad.is_grad_enabled(), x.dtype))
            return x[:, 0]

    spy = Spy()
    plot_decision_surface(spy, CORNERS.double(), [0, 0, 1, 1], ax=new_ax())
    assert seen == [(False, False, minigrad.float64)]
    assert spy.training


def test_arrays_reach_the_model_as_arrays():
    seen = []

    def model(points):
        seen.append(type(points))
        return points[:, 0]

    plot_decision_surface(model, CORNERS.numpy(), np.array([0, 0, 1, 1]), ax=new_ax())
    assert seen == [np.ndarray]


def test_without_an_ax_it_makes_a_figure():
    from matplotlib import pyplot

    ax = plot_decision_surface(right_of_a_half, CORNERS, [0, 0, 1, 1])
    assert pyplot.gcf() is ax.figure
    pyplot.close(ax.figure)


@pytest.mark.parametrize(
    ("model", "x", "y", "options", "message"),
    [
        (right_of_a_half, CORNERS[:, :1], [0, 0, 1, 1], {}, r"shape \(4, 1\), expected \(samples, 2\)"),
        (right_of_a_half, CORNERS, [0, 1], {}, "4 samples, but 2 labels"),
        (lambda p: p[:3, 0], CORNERS, [0, 0, 1, 1], {}, r"returned shape \(3,\) for 40000 points"),
        (lambda p: 2 * p[:, 0], CORNERS, [0, 0, 1, 1], {"probabilities": True}, "no probabilities"),
    ],
)
def test_bad_input(model, x, y, options, message):
    with pytest.raises(ValueError, match=message):
        plot_decision_surface(model, x, y, ax=new_ax(), **options)
