"""The picture of a gradient check: bars as long as the differences are large."""

from __future__ import annotations

import numpy as np

import minigrad
from minigrad.autograd import compare_gradients
from minigrad.viz import plot_gradient_check


def _table(by_hand):
    w = minigrad.tensor([1.0, -2.0], dtype=minigrad.float64, requires_grad=True)
    v = minigrad.tensor([0.5], dtype=minigrad.float64, requires_grad=True)
    return compare_gradients(lambda: (w**3).sum() + v.exp().sum(), {"w": w, "v": v}, by_hand, verbose=False)


def test_bars_end_at_the_differences(fig):
    table = _table({"w": np.array([3.0, 12.5])})
    ax = plot_gradient_check(table, ax=fig.add_subplot())
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert ends[0] > 0.03, "the gradient by hand is wrong by a part of 25"
    np.testing.assert_allclose(ends[2:], [max(row.autograd_to_numerical.relative, 1e-17) for row in table], rtol=1e-3)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["w", "v"]
    assert ax.get_xscale() == "log"
    low, high = ax.get_xlim()
    assert low < min(ends)
    assert high > max(ends)


def test_nothing_is_drawn_for_gradients_that_nobody_derived(fig):
    ax = plot_gradient_check(_table(None), title="two ways", ax=fig.add_subplot())
    assert len(ax.patches) == 2
    assert ax.get_title() == "two ways"
    assert len(ax.lines) == 1
