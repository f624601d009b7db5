"""The confusion matrix: right numbers, in cells as dark as they are often."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

import minigrad
from minigrad.viz import plot_confusion
from minigrad.viz.confusion import confusion_matrix

LABELS = [0, 0, 0, 1, 1, 2]
PREDICTIONS = [0, 0, 1, 1, 1, 0]


def test_matrix_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    labels, predictions = random.integers(0, 5, (2, 200))
    expected = metrics.confusion_matrix(labels, predictions, labels=range(5))
    np.testing.assert_array_equal(confusion_matrix(labels, predictions, range(5)), expected)


def test_cells_show_the_counts_but_for_zeros(fig):
    ax = plot_confusion(LABELS, PREDICTIONS, ax=fig.add_subplot())
    shown = {text.get_position(): text.get_text() for text in ax.texts}
    assert shown == {(0, 0): "2", (1, 0): "1", (1, 1): "2", (0, 2): "1"}


def test_axes_say_which_is_which(fig):
    ax = plot_confusion(LABELS, PREDICTIONS, names=["cat", "dog", "owl"], ax=fig.add_subplot())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["cat", "dog", "owl"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["cat", "dog", "owl"]
    assert "share" in fig.axes[1].get_ylabel()


def test_frequent_cells_are_darker_and_their_numbers_light(fig, dots):
    ax = plot_confusion(LABELS, PREDICTIONS, ax=fig.add_subplot())
    picture = dots(fig)

    def shade(row: int, column: int) -> float:
        x, y = ax.transData.transform((column + 0.4, row + 0.4)).round().astype(int)
        return float(picture[len(picture) - y, x].mean())

    assert shade(1, 1) < shade(0, 0) < shade(0, 1) < shade(2, 2)
    colours = {text.get_position(): text.get_color() for text in ax.texts}
    assert (colours[1, 1], colours[1, 0]) == ("white", "black")


def test_tensors_are_taken_and_missing_classes_have_empty_rows(fig):
    ax = plot_confusion(minigrad.tensor(LABELS), minigrad.tensor(PREDICTIONS), classes=range(4), ax=fig.add_subplot())
    assert ax.get_xlim() == (-0.5, 3.5)
    assert len(ax.texts) == 4


def test_unknown_class_and_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"\[2\] are none of the classes \[0, 1\]"):
        confusion_matrix(LABELS, PREDICTIONS, range(2))
    with pytest.raises(ValueError, match="6 labels, but 5 predictions"):
        confusion_matrix(LABELS, PREDICTIONS[:5], range(3))
