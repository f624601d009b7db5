"""Losses, their reductions and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu
from tests.kernels import naive

CLOSE = {np.float32: {"rtol": 3e-5, "atol": 3e-6}, np.float64: {"rtol": 1e-11, "atol": 1e-13}}
dtypes = pytest.mark.parametrize("dtype", CLOSE)
reductions = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def _incoming(rng, losses, dtype):
    return np.asarray(rng.normal(size=np.shape(losses)), dtype)


def _slope(function, x, grad, step=1e-6):
    """Numerical gradient of ``sum(grad * function(x))`` in float64."""
    x, out = x.astype(np.float64), np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        delta = np.zeros(x.shape)
        delta[i] = step
        out[i] = np.sum(grad * (function(x + delta) - function(x - delta))) / (2 * step)
    return out


@dtypes
@reductions
@pytest.mark.parametrize("name", naive.ELEMENTWISE_LOSSES)
def test_elementwise_losses(name, reduction, dtype, rng):
    formula, args = naive.ELEMENTWISE_LOSSES[name]
    x, y = rng.normal(0, 2, (7, 5)).astype(dtype), rng.uniform(0, 1, (7, 5)).astype(dtype)
    want = naive.reduce(formula(x.astype(float), y.astype(float), *args), reduction)
    got = getattr(cpu, name)(x, y, *args, reduction=reduction)
    assert got.dtype == dtype
    assert got.shape == np.shape(want)
    np.testing.assert_allclose(got, want, **CLOSE[dtype])
    grad = _incoming(rng, want, dtype)
    numeric = _slope(lambda z: naive.reduce(formula(z, y.astype(float), *args), reduction), x, grad.astype(float))
    got = getattr(cpu, name + "_backward")(grad, x, y, *args, reduction=reduction)
    np.testing.assert_allclose(got, numeric, rtol=1e-4, atol=1e-6 if dtype is np.float32 else 1e-8)


@dtypes
@reductions
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("classes", [1, 3, 11])
def test_cross_entropy(classes, is_weighted, smoothing, reduction, dtype, rng):
    x, target = rng.normal(0, 3, (9, classes)).astype(dtype), rng.integers(0, classes, 9)
    target[4] = -100
    weight = rng.uniform(0.1, 2, classes).astype(dtype) if is_weighted else None
    full = np.ones(classes) if weight is None else weight.astype(float)

    def reference(z):
        losses, weights = naive.cross_entropy(z, target, full, -100, smoothing)
        return naive.reduce(losses, reduction, weights)

    losses, lse, total = cpu.cross_entropy(x, target, weight, -100, smoothing, reduction)
    np.testing.assert_allclose(losses, reference(x), **CLOSE[dtype])
    grad = _incoming(rng, losses, dtype)
    got = cpu.cross_entropy_backward(grad, x, lse, total, target, weight, -100, smoothing, reduction)
    np.testing.assert_allclose(got, _slope(reference, x, grad.astype(float)), rtol=1e-4, atol=1e-6)


@dtypes
@reductions
@pytest.mark.parametrize("is_weighted", [False, True])
def test_nll_loss(is_weighted, reduction, dtype, rng):
    x, target = -rng.uniform(0, 3, (9, 4)).astype(dtype), rng.integers(0, 4, 9)
    target[2] = 3
    weight = rng.uniform(0.1, 2, 4).astype(dtype) if is_weighted else None
    full = (np.ones(4) if weight is None else weight.astype(float)) * (np.arange(4) != 3)  # 3 is ignored

    def reference(z):
        return naive.reduce(-z[np.arange(9), target] * full[target], reduction, full[target])

    losses, total = cpu.nll_loss(x, target, weight, 3, reduction)
    np.testing.assert_allclose(losses, reference(x.astype(float)), **CLOSE[dtype])
    grad = _incoming(rng, losses, dtype)
    got = cpu.nll_loss_backward(grad, x.shape, total, target, weight, 3, reduction)
    np.testing.assert_allclose(got, _slope(reference, x, grad.astype(float)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("bad", [3, -1, 2**40])
@pytest.mark.parametrize("loss", [cpu.cross_entropy, cpu.nll_loss])
def test_targets_out_of_range_are_named(loss, bad):
    with pytest.raises(IndexError, match=rf"^Target {bad} is out of bounds\.$"):
        loss(np.zeros((2, 3), np.float32), np.array([0, bad]))


@pytest.mark.parametrize("loss", [cpu.cross_entropy, cpu.nll_loss])
def test_mean_over_nothing_is_nan_and_sum_is_zero(loss):
    nothing, ignored = np.empty((0, 3), np.float32), np.full(2, -100)
    assert np.isnan(loss(nothing, np.empty(0, np.int64))[0])
    assert loss(nothing, np.empty(0, np.int64), reduction="sum")[0] == 0
    assert loss(nothing, np.empty(0, np.int64), reduction="none")[0].shape == (0,)
    assert np.isnan(loss(np.zeros((2, 3), np.float32), ignored)[0])
    with pytest.raises(IndexError, match="Target 0"):
        loss(np.empty((2, 0), np.float32), np.zeros(2, np.int64))


@pytest.mark.parametrize("name", naive.ELEMENTWISE_LOSSES)
def test_elementwise_losses_of_nothing(name):
    x = np.empty((0, 3), np.float32)
    assert np.isnan(getattr(cpu, name)(x, x))
    assert getattr(cpu, name)(x, x, reduction="sum") == 0
    assert getattr(cpu, name + "_backward")(np.float32(1), x, x).shape == (0, 3)


def test_losses_pass_nan_on():
    x = np.array([[1, np.nan], [0, 0]], np.float32)
    assert np.isnan(cpu.mse_loss(x, np.zeros_like(x)))
    assert np.isnan(cpu.bce_with_logits(x, np.zeros_like(x)))
    losses, _, _ = cpu.cross_entropy(x, np.array([0, 0]), reduction="none")
    np.testing.assert_array_equal(np.isnan(losses), [True, False])


def test_bce_keeps_tiny_losses_and_does_not_overflow():
    x, y = np.array([30, -30, 1e4, -1e4], np.float32), np.array([1, 0, 0, 0], np.float32)
    got = cpu.bce_with_logits(x, y, reduction="none")
    np.testing.assert_allclose(got, [np.exp(-30), np.exp(-30), 1e4, 0], rtol=1e-6)


def test_means_of_many_numbers_stay_exact():
    x = np.full(3_000_001, 0.1, np.float32)
    assert float(cpu.mse_loss(x, np.zeros_like(x))) == pytest.approx(float(np.float32(0.1)) ** 2, rel=1e-7)


def test_strided_logits_and_read_only_targets(rng):
    x, target = rng.normal(size=(4, 6)).astype(np.float32), np.array([0, 3, 1, 2, 2, 1])
    target.flags.writeable = False
    got, want = cpu.cross_entropy(x.T, target), cpu.cross_entropy(x.T.copy(), target)
    for g, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(g, w)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_scores_of_images_are_rows_that_lie_apart(is_weighted, smoothing, reduction, rng):
    images, classes, places = 2, 5, 1500  # more places than a strip has
    x = rng.normal(0, 3, (images, classes, places))
    x[0, 0, 3] = -np.inf
    target = rng.integers(1, classes, (images, places))
    target[1, ::7] = -100
    weight = rng.uniform(0.5, 2, classes) if is_weighted else None
    rest = weight, -100, smoothing, reduction
    if smoothing:
        x[0, 0, 3] = 0
    rows, labels = np.moveaxis(x, 1, -1).reshape(-1, classes), target.reshape(-1)
    losses, lse, total = cpu.cross_entropy(x, target, *rest)
    wanted, wanted_lse, wanted_total = cpu.cross_entropy(rows, labels, *rest)
    np.testing.assert_allclose(losses.reshape(wanted.shape), wanted, rtol=1e-12)
    np.testing.assert_allclose(lse.reshape(-1), wanted_lse, rtol=1e-12)
    assert total == pytest.approx(wanted_total)
    grad = np.asarray(rng.normal(size=losses.shape))
    got = cpu.cross_entropy_backward(grad, x, lse, total, target, *rest)
    wanted = cpu.cross_entropy_backward(grad.reshape(-1), rows, wanted_lse, wanted_total, labels, *rest)
    np.testing.assert_allclose(np.moveaxis(got, 1, -1).reshape(wanted.shape), wanted, rtol=1e-9, atol=1e-15)


def test_a_class_of_a_place_that_is_out_of_range_is_named():
    for loss in (cpu.cross_entropy, cpu.nll_loss):
        with pytest.raises(IndexError, match=r"Target 4 is out of bounds"):
            loss(np.ones((2, 3, 2)), np.array([[0, 1], [4, 2]]))


@dtypes
@reductions
@pytest.mark.parametrize("is_weighted", [False, True])
def test_binary_cross_entropy(is_weighted, reduction, dtype, rng):
    x, y = rng.uniform(0.1, 0.9, (7, 5)).astype(dtype), rng.uniform(0, 1, (7, 5)).astype(dtype)
    weight = rng.uniform(0.5, 2, x.shape).astype(dtype) if is_weighted else None
    full = 1 if weight is None else weight.astype(float)

    def reference(p):
        return naive.reduce(-(y * np.log(p) + (1 - y) * np.log(1 - p)) * full, reduction)

    got = cpu.bce(x, y, weight, reduction)
    np.testing.assert_allclose(got, reference(x.astype(float)), **CLOSE[dtype])
    grad = _incoming(rng, got, dtype)
    got = cpu.bce_backward(grad, x, y, weight, reduction)
    np.testing.assert_allclose(got, _slope(reference, x, grad.astype(float)), rtol=1e-4, atol=1e-6)


@dtypes
def test_binary_cross_entropy_at_its_ends(dtype):
    x = np.array([0, 1, 0, 1, 1e-30], dtype)
    np.testing.assert_allclose(
        cpu.bce(x, np.array([1, 0, 0, 1, 0], dtype), reduction="none"), [100, 100, 0, 0, 1e-30], rtol=1e-6
    )


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
def test_what_is_no_probability_is_refused(bad):
    fair, foul = np.full(3, 0.5, np.float32), np.array([0.5, bad, 0.5], np.float32)
    with pytest.raises(RuntimeError, match=r"^all elements of input should be between 0 and 1$"):
        cpu.bce(foul, foul)
    with pytest.raises(RuntimeError, match=r"^all elements of target should be between 0 and 1$"):
        cpu.bce(fair, foul)


@dtypes
def test_kl_divergence(dtype, rng):
    x, y = np.log(rng.uniform(0.1, 0.9, (7, 5))).astype(dtype), rng.uniform(0.1, 1, (7, 5)).astype(dtype)
    want = y.astype(float) * (np.log(y.astype(float)) - x)
    np.testing.assert_allclose(cpu.kl_div(x, y), want, rtol=1e-4 if dtype is np.float32 else 1e-11, atol=1e-7)
    np.testing.assert_allclose(cpu.kl_div(x, np.log(y), True), want, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(cpu.kl_div(x, y, False, 7), want.sum() / 7, **CLOSE[dtype])


def test_a_target_of_zero_diverges_by_nothing_and_nan_passes():
    x, y = np.array([-1, -2, -1, np.nan], np.float32), np.array([0, np.nan, -1, 1], np.float32)
    np.testing.assert_array_equal(np.isnan(cpu.kl_div(x, y)), [False, True, True, True])
    assert cpu.kl_div(x, y)[0] == 0
