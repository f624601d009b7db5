"""Losses of margins between classes, and their gradients, against loops over pairs of classes."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu
from tests.kernels import naive

CLOSE = {np.float32: {"rtol": 1e-5, "atol": 1e-6}, np.float64: {"rtol": 1e-12, "atol": 1e-14}}
dtypes = pytest.mark.parametrize("dtype", CLOSE)
reductions = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
LISTED = np.array([[2, 0, -1, 1], [1, -1, 0, 0], [-1, 0, 1, 2], [0, 1, 2, 3], [3, 3, 1, -1]])


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def _multi(x, target, weight, p, margin):
    rows = zip(x, target, strict=True)
    sums = [sum(max(0, margin - row[y] + s) ** p for k, s in enumerate(row) if k != y) for row, y in rows]
    return np.array(sums) / x.shape[1] * (1 if weight is None else weight[target])


def _multilabel(x, target):
    losses = []
    for row, labels in zip(x, target.tolist(), strict=True):
        right = labels[: labels.index(-1)] if -1 in labels else labels
        wrong = [k for k in range(len(row)) if k not in right]
        losses.append(sum(max(0, 1 - row[j] + row[k]) for j in right for k in wrong) / len(row))
    return np.array(losses)


def _slope(function, x, step=1e-6):
    slope = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        delta = np.zeros(x.shape)
        delta[place] = step
        slope[place] = (function(x + delta) - function(x - delta)) / (2 * step)
    return slope


@dtypes
@reductions
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("classes", [1, 3, 40])
def test_one_right_class(classes, is_weighted, p, reduction, dtype, rng):
    x, target = rng.normal(size=(6, classes)).astype(dtype), rng.integers(0, classes, 6)
    weight = rng.uniform(0.5, 2, classes).astype(dtype) if is_weighted else None

    def reference(z):
        return naive.reduce(_multi(z, target, weight, p, 0.7), reduction)

    losses = cpu.multi_margin(x, target, weight, p, 0.7, reduction)
    assert losses.dtype == dtype
    np.testing.assert_allclose(losses, reference(x.astype(float)), **CLOSE[dtype])
    grad = np.asarray(rng.normal(size=losses.shape), dtype)
    got = cpu.multi_margin_backward(grad, x, target, weight, p, 0.7, reduction)
    wanted = _slope(lambda z: np.sum(grad * reference(z)), x.astype(float))
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)


@dtypes
@reductions
def test_several_right_classes(reduction, dtype, rng):
    x = rng.normal(size=LISTED.shape).astype(dtype)

    def reference(z):
        return naive.reduce(_multilabel(z, LISTED), reduction)

    losses = cpu.multilabel_margin(x, LISTED, reduction)
    np.testing.assert_allclose(losses, reference(x.astype(float)), **CLOSE[dtype])
    grad = np.asarray(rng.normal(size=losses.shape), dtype)
    wanted = _slope(lambda z: np.sum(grad * reference(z)), x.astype(float))
    got = cpu.multilabel_margin_backward(grad, x, LISTED, reduction)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)


def test_one_row_may_come_without_a_batch(rng):
    x = rng.normal(size=4)
    np.testing.assert_array_equal(cpu.multi_margin(x, np.array(2)), cpu.multi_margin(x[None], np.array([2])))
    np.testing.assert_array_equal(cpu.multilabel_margin(x, LISTED[0]), cpu.multilabel_margin(x[None], LISTED[:1]))
    assert cpu.multilabel_margin_backward(np.ones(()), x, LISTED[0]).shape == (4,)


@pytest.mark.parametrize("bad", [-2, 4, 2**40])
def test_targets_out_of_range_are_refused(bad):
    x = np.zeros((2, 4), np.float32)
    with pytest.raises(RuntimeError, match=r"^target out of range$"):
        cpu.multi_margin(x, np.array([0, bad]))
    with pytest.raises(RuntimeError, match=r"^argument #2 'target' is out of range$"):
        cpu.multilabel_margin(x, np.array([[0, -1, 1, 2], [0, -1, bad, 2]]))


def test_mean_over_nothing_is_nan_and_sum_is_zero():
    x, one, many = np.empty((0, 3), np.float32), np.empty(0, np.int64), np.empty((0, 3), np.int64)
    for loss, target in ((cpu.multi_margin, one), (cpu.multilabel_margin, many)):
        assert np.isnan(loss(x, target))
        assert loss(x, target, reduction="sum") == 0
        assert loss(x, target, reduction="none").shape == (0,)


def test_scores_that_are_nan_are_within_no_margin():
    x = np.array([[1, np.nan, 2, 0]], np.float32)
    np.testing.assert_array_equal(cpu.multi_margin(x, np.array([0])), np.float32(0.5))
    np.testing.assert_array_equal(cpu.multi_margin_backward(np.float32(4), x, np.array([0])), [[-1, 0, 1, 0]])
    assert cpu.multilabel_margin(x, np.array([[0, -1, 0, 0]])) == 0.5
