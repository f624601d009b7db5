"""Losses and their gradients on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu, cuda
from tests.cuda.twins import DTYPES, TOLERANCES, assert_same, check, on_device, on_host

REDUCTIONS = ["none", "mean", "sum"]
PAIRS = {
    "mse_loss": (),
    "huber_loss": (0.5,),
    "smooth_l1_loss": (2.0,),
    "bce_with_logits": (),
}


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PAIRS)
def test_losses_of_pairs(name, dtype, reduction, rng):
    for shape in [(), (1,), (5, 7), (0,), (0, 3)]:
        x = np.asarray(rng.normal(0, 2, shape), dtype)
        y = np.asarray(rng.uniform(0, 1, shape), dtype)
        loss = check(name, x, y, *PAIRS[name], reduction, tolerance=4e-3 if dtype is np.float16 else None)
        check(name + "_backward", np.asarray(np.ones_like(loss)), x, y, *PAIRS[name], reduction)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_cross_entropy(dtype, is_weighted, reduction, rng):
    for shape in [(), (5, 7), (0, 3)]:
        x, y = (np.asarray(rng.uniform(0.05, 0.95, shape), dtype) for _ in range(2))
        if x.size > 3:
            x[:2, 0], y[0] = (0, 1), 1
        weight = np.asarray(rng.uniform(0.5, 2, shape), dtype) if is_weighted else None
        loss = check("bce", x, y, weight, reduction, tolerance=4e-3 if dtype is np.float16 else None)
        x = np.asarray(np.clip(x, 0.05, 0.95), dtype)
        check("bce_backward", np.asarray(np.ones_like(loss)), x, y, weight, reduction)


@pytest.mark.parametrize("divisor", [None, 1, 5])
@pytest.mark.parametrize("dtype", DTYPES)
def test_kl_divergence(dtype, divisor, rng):
    for shape in [(), (5, 7), (0, 3)]:
        x, y = (np.asarray(rng.uniform(0.1, 1, shape), dtype) for _ in range(2))
        check("kl_div", x, y, False, divisor, tolerance=4e-3 if dtype is np.float16 else None)
        check("kl_div", x, y, True, divisor, tolerance=4e-3 if dtype is np.float16 else None)
    y[:, 1:] = 0
    check("kl_div", x, y, False, divisor, tolerance=4e-3 if dtype is np.float16 else None)


def test_what_is_no_probability_gives_nan():
    fair, foul = (on_device(np.array([0.5, each], np.float32)) for each in (0.5, 1.5))
    for pair in ((fair, foul), (foul, fair)):
        np.testing.assert_array_equal(np.isnan(cuda.bce(*pair, reduction="none").get()), [False, True])


def _both(name, dtype, *args, **kwargs):
    """Run a loss of classes on both devices; total weights are compared by value, as they differ in dtype."""
    wanted = getattr(cpu, name)(*args, **kwargs)
    got = getattr(cuda, name)(*on_device(args), **{k: on_device(v) for k, v in kwargs.items()})
    *results, total = on_host(got)
    assert_same(results, wanted[:-1])
    np.testing.assert_allclose(total, wanted[-1], rtol=TOLERANCES[np.dtype(dtype).name])
    return wanted, got


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy(dtype, is_weighted, smoothing, reduction, rng):
    for rows, classes, *places in [(1, 1), (7, 3), (5, 19), (2, 3, 5)]:
        logits = rng.normal(0, 3, (rows, classes, *places)).astype(dtype)
        target = rng.integers(0, classes, (rows, *places))
        target[-1] = -100 if rows > 1 else 0
        weight = rng.uniform(0.5, 2, classes).astype(dtype) if is_weighted else None
        options = {"weight": weight, "label_smoothing": smoothing, "reduction": reduction}
        wanted, got = _both("cross_entropy", dtype, logits, target, **options)
        grad = np.ones_like(wanted[0])
        result = cpu.cross_entropy_backward(grad, logits, *wanted[1:], target, **options)
        theirs = cuda.cross_entropy_backward(
            on_device(grad), on_device(logits), *got[1:], on_device(target), **on_device_options(options)
        )
        assert_same(on_host(theirs), result)


def on_device_options(options):
    return {name: on_device(value) for name, value in options.items()}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_nll_loss(dtype, is_weighted, reduction, rng):
    for rows, classes, *places in [(1, 1), (19, 3), (2, 3, 5)]:
        logp = np.log(rng.uniform(0.1, 1, (rows, classes, *places))).astype(dtype)
        target = rng.integers(0, classes, (rows, *places))
        target[-1] = 1 if rows > 1 else 0
        weight = rng.uniform(0.5, 2, classes).astype(dtype) if is_weighted else None
        options = {"weight": weight, "ignore_index": 1, "reduction": reduction}
        wanted, got = _both("nll_loss", dtype, logp, target, **options)
        grad = np.ones_like(wanted[0])
        result = cpu.nll_loss_backward(grad, logp.shape, wanted[1], target, **options)
        theirs = cuda.nll_loss_backward(
            on_device(grad), logp.shape, got[1], on_device(target), **on_device_options(options)
        )
        assert_same(on_host(theirs), result)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_no_rows(name, reduction):
    _both(name, np.float32, np.ones((0, 3), np.float32), np.zeros(0, np.int64), reduction=reduction)


@pytest.mark.parametrize("bad", [-1, 3, 2**40])
def test_a_class_that_does_not_exist_gives_nan(bad):
    logits, target = on_device(np.zeros((3, 3), np.float32)), on_device(np.array([0, bad, 1]))
    for reduction, wanted in (("mean", np.nan), ("sum", np.nan), ("none", [np.log(3), np.nan, np.log(3)])):
        loss, lse, total = cuda.cross_entropy(logits, target, reduction=reduction)
        np.testing.assert_allclose(loss.get(), wanted, rtol=1e-6)
        assert np.isnan(cuda.nll_loss(logits, target, reduction=reduction)[0].get()).any()
    ones = on_device(np.ones((), np.float32))
    grad = cuda.cross_entropy_backward(ones, logits, lse, total, target, reduction="sum").get()
    assert np.isnan(grad[1]).all()
    assert np.isfinite(grad[[0, 2]]).all()
    assert np.isnan(cuda.nll_loss_backward(ones, logits.shape, total, target, reduction="sum").get()[1]).any()


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_margins_from_one_right_class(dtype, is_weighted, p, reduction, rng):
    for rows, classes in [(1, 1), (7, 3), (5, 19), (0, 3)]:
        x, target = rng.normal(size=(rows, classes)).astype(dtype), rng.integers(0, classes, rows)
        weight = rng.uniform(0.5, 2, classes).astype(dtype) if is_weighted else None
        loss = check("multi_margin", x, target, weight, p, 0.7, reduction)
        check("multi_margin_backward", np.ones_like(loss), x, target, weight, p, 0.7, reduction)
    check("multi_margin", x := rng.normal(size=4).astype(dtype), np.array(2), None, p, 1.0, reduction)
    check("multi_margin_backward", np.ones((), dtype), x, np.array(2), None, p)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_margins_from_several_right_classes(dtype, reduction, rng):
    for rows, classes in [(1, 1), (7, 3), (5, 19), (0, 3)]:
        x, target = rng.normal(size=(rows, classes)).astype(dtype), rng.integers(-1, classes, (rows, classes))
        loss = check("multilabel_margin", x, target, reduction)
        check("multilabel_margin_backward", np.ones_like(loss), x, target, reduction)
    check("multilabel_margin", x := rng.normal(size=4).astype(dtype), target := np.array([2, 2, -1, 0]), reduction)
    check("multilabel_margin_backward", np.ones((), dtype), x, target)


@pytest.mark.parametrize("bad", [-2, 3, 2**40])
def test_a_margin_from_a_class_that_does_not_exist_is_nan(bad):
    x, ones = on_device(np.zeros((3, 3), np.float32)), on_device(np.ones(3, np.float32))
    one, several = on_device(np.array([0, bad, 1])), on_device(np.array([[0, 1, 2], [0, -1, bad], [0, -1, 1]]))
    for name, target in (("multi_margin", one), ("multilabel_margin", several)):
        loss, backward = getattr(cuda, name), getattr(cuda, name + "_backward")
        assert np.isnan(loss(x, target).get())
        np.testing.assert_array_equal(np.isnan(loss(x, target, reduction="none").get()), [False, True, False])
        got = backward(ones, x, target, reduction="none").get()
        np.testing.assert_array_equal(np.isnan(got).all(1), [False, True, False])
        assert np.isfinite(got[[0, 2]]).all()
