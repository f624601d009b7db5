"""Curves of training: what is on the axes, and that nothing hides anything."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.viz import plot_history

HISTORY = {
    "loss (nats)": {"training": [2.3, 1.1, 0.6, 0.5], "test": [2.3, 1.3, 0.9, 0.8]},
    "accuracy (%)": {"training": [10.0, 60.0, 80.0, 90.0], "test": [10.0, 55.0, 75.0, 80.0]},
}


def test_each_quantity_has_a_panel_with_its_lines(fig):
    panels = plot_history(HISTORY, fig=fig).axes
    assert [ax.get_ylabel() for ax in panels] == ["loss (nats)", "accuracy (%)"]
    assert [ax.get_title() for ax in panels] == ["Loss", "Accuracy"]
    for ax, lines in zip(panels, HISTORY.values(), strict=True):
        assert ax.get_xlabel() == "epoch"
        for drawn, values in zip(ax.lines, lines.values(), strict=True):
            np.testing.assert_array_equal(drawn.get_xdata(), [1, 2, 3, 4])
            np.testing.assert_array_equal(drawn.get_ydata(), values)


def test_lines_differ_without_colours(fig):
    for ax in plot_history(HISTORY, fig=fig).axes:
        styles = {(line.get_linestyle(), line.get_marker()) for line in ax.lines}
        assert len(styles) == 2


def test_legend_covers_no_panel(fig, dots):
    plot_history(HISTORY, fig=fig)
    dots(fig)
    (legend,) = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == ["training", "test"]
    box = legend.get_window_extent()
    assert not any(box.overlaps(ax.get_tightbbox()) for ax in fig.axes)


def test_quantity_without_names_has_one_line_and_no_legend(fig):
    plot_history({"loss": [3.0, 2.0, 1.0]}, xlabel="step", fig=fig)
    (ax,) = fig.axes
    assert (len(ax.lines), len(fig.legends), ax.get_xlabel()) == (1, 0, "step")


def test_curve_is_seen_where_the_values_are(fig, dots):
    plot_history({"loss": [1.0, 0.0]}, fig=fig)
    picture = dots(fig)
    (ax,) = fig.axes
    x, y = ax.transData.transform((1.5, 0.5)).round().astype(int)
    near = picture[len(picture) - y - 3 : len(picture) - y + 3, x - 3 : x + 3]
    assert near.min() < 0.3


def test_long_history_has_few_markers(fig):
    plot_history({"loss": np.linspace(1, 0, 1000).tolist()}, fig=fig)
    assert fig.axes[0].lines[0].get_markevery() == 100


def test_empty_history_is_refused():
    with pytest.raises(ValueError, match="no quantity to plot"):
        plot_history({})


def test_makes_a_figure_of_pyplot_when_given_none():
    from matplotlib import pyplot

    fig = plot_history(HISTORY)
    try:
        assert fig.number in pyplot.get_fignums()
    finally:
        pyplot.close(fig)
