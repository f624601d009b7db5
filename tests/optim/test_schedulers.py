"""Schedulers: the rates of 60 epochs against closed forms, the warnings, state dicts and composition."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import minigrad
from minigrad import optim
from minigrad.optim import lr_scheduler

EPOCHS = 60


def optimizer(lr=0.8, kind=optim.SGD, **options):
    p = minigrad.ones(2, requires_grad=True)
    return kind([p], lr=lr, **options)


def rates(scheduler, epochs=EPOCHS, **step):
    """Return the rate of each epoch, from epoch 0."""
    seen = []
    for _ in range(epochs):
        seen.append(scheduler.optimizer.param_groups[0]["lr"])
        assert scheduler.get_last_lr() == [seen[-1]]
        scheduler.optimizer.step()
        scheduler.step(**step)
    return seen


def check(make, closed_form, epochs=EPOCHS):
    np.testing.assert_allclose(rates(make(optimizer()), epochs), [0.8 * closed_form(t) for t in range(epochs)])


def test_step_lr():
    check(lambda o: lr_scheduler.StepLR(o, 7, gamma=0.5), lambda t: 0.5 ** (t // 7))


def test_multi_step_lr_counts_a_milestone_twice_that_is_given_twice():
    check(
        lambda o: lr_scheduler.MultiStepLR(o, [5, 20, 20], gamma=0.5),
        lambda t: 0.5 ** ((t >= 5) + 2 * (t >= 20)),
    )


def test_constant_lr():
    check(lambda o: lr_scheduler.ConstantLR(o, 0.25, 9), lambda t: 0.25 if t < 9 else 1)


def test_linear_lr():
    check(lambda o: lr_scheduler.LinearLR(o, 0.2, 0.9, 10), lambda t: 0.2 + 0.7 * min(t, 10) / 10)


def test_exponential_lr():
    check(lambda o: lr_scheduler.ExponentialLR(o, 0.9), lambda t: 0.9**t)


def test_polynomial_lr():
    check(lambda o: lr_scheduler.PolynomialLR(o, 20, power=1.7), lambda t: (1 - min(t, 20) / 20) ** 1.7)


def test_lambda_lr():
    check(lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + t)), lambda t: 1 / (1 + t))


def test_multiplicative_lr():
    check(lambda o: lr_scheduler.MultiplicativeLR(o, lambda t: 0.95), lambda t: 0.95**t)


def test_cosine_annealing_lr_swings_back():
    eta = 0.1 / 0.8
    check(
        lambda o: lr_scheduler.CosineAnnealingLR(o, 13, eta_min=0.1),
        lambda t: eta + (1 - eta) * (1 + math.cos(math.pi * t / 13)) / 2,
    )


def test_cosine_annealing_warm_restarts():
    def closed_form(t):
        start, length = 0, 4
        while t >= start + length:
            start, length = start + length, length * 2
        return (1 + math.cos(math.pi * (t - start) / length)) / 2

    check(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 4, T_mult=2), closed_form)


def test_cosine_annealing_warm_restarts_goes_to_any_time():
    o = optimizer()
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(o, 4, T_mult=2)
    scheduler.step(9.5)
    assert o.param_groups[0]["lr"] == pytest.approx(0.8 * (1 + math.cos(math.pi * 5.5 / 8)) / 2)
    with pytest.raises(ValueError, match="Expected non-negative epoch, but got -1"):
        scheduler.step(-1)


def test_cyclic_lr_moves_the_momentum_against_the_rate():
    o = optimizer(momentum=0.9)
    scheduler = lr_scheduler.CyclicLR(o, 0.1, 0.5, step_size_up=4, step_size_down=6, mode="triangular2")
    seen, momenta = [], []
    for _ in range(20):
        seen.append(o.param_groups[0]["lr"])
        momenta.append(o.param_groups[0]["momentum"])
        o.step()
        scheduler.step()
    up, down = np.arange(4) / 4, 1 - np.arange(6) / 6
    height = np.concatenate([up, down, up / 2, down / 2])
    np.testing.assert_allclose(seen, 0.1 + 0.4 * height)
    np.testing.assert_allclose(momenta, 0.9 - 0.1 * height)


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_one_cycle_lr_rises_and_falls_to_its_ends(strategy):
    o = optimizer(kind=optim.Adam)
    scheduler = lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=41, pct_start=0.25, anneal_strategy=strategy)
    seen = []
    for t in range(41):
        seen.append(o.param_groups[0]["lr"])
        o.step()
        if t < 40:
            scheduler.step()
    assert seen[0] == pytest.approx(0.04)
    assert max(seen) == pytest.approx(1.0, rel=0.03)
    assert seen[-1] == pytest.approx(0.04 / 1e4)
    assert o.param_groups[0]["betas"][0] == pytest.approx(0.95)
    scheduler.step()
    with pytest.raises(ValueError, match=r"Tried to step 42 times\. The specified number of total steps is 41"):
        scheduler.step()


def test_plateau_waits_reduces_and_cools_down():
    o = optimizer(lr=1.0)
    scheduler = lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=1, cooldown=2, min_lr=0.2)
    seen = []
    for loss in [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]:
        scheduler.step(minigrad.tensor(loss))
        seen.append(o.param_groups[0]["lr"])
    assert seen == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2, 0.2]
    assert scheduler.best == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("mode", "threshold_mode", "metric", "is_better"),
    [
        ("min", "rel", 9.5, False), ("min", "rel", 8.9, True), ("min", "abs", 9.95, False), ("min", "abs", 9.8, True),
        ("max", "rel", 10.5, False), ("max", "rel", 11.1, True), ("max", "abs", 10.05, False),
        ("max", "abs", 10.2, True),
    ],
)  # fmt: skip
def test_plateau_knows_what_is_better(mode, threshold_mode, metric, is_better):
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer(), mode, threshold=0.1, threshold_mode=threshold_mode)
    scheduler.step(10.0)
    scheduler.step(metric)
    assert (scheduler.num_bad_epochs == 0) == is_better


def test_chained_schedulers_multiply():
    o = optimizer()
    parts = [lr_scheduler.ConstantLR(o, 0.1, 5), lr_scheduler.ExponentialLR(o, 0.9)]
    chained = lr_scheduler.ChainedScheduler(parts)
    np.testing.assert_allclose(rates(chained, 20), [0.8 * (0.1 if t < 5 else 1) * 0.9**t for t in range(20)])


def test_sequential_schedulers_follow_each_other():
    o = optimizer()
    parts = [lr_scheduler.ConstantLR(o, 0.5, 100), lr_scheduler.ExponentialLR(o, 0.9)]
    sequence = lr_scheduler.SequentialLR(o, parts, milestones=[4])
    np.testing.assert_allclose(rates(sequence, 12), [0.4] * 4 + [0.8 * 0.9**t for t in range(8)])


# Interface.


def test_a_scheduler_fills_a_tensor_that_holds_the_rate():
    rate = minigrad.tensor(0.8)
    o = optimizer(lr=rate)
    scheduler = lr_scheduler.ExponentialLR(o, 0.5)
    o.step()
    scheduler.step()
    assert o.param_groups[0]["lr"] is rate
    assert rate.item() == pytest.approx(0.4)
    assert scheduler.base_lrs[0].item() == pytest.approx(0.8)


def test_every_group_has_its_own_rate():
    groups = [{"params": [minigrad.ones(1, requires_grad=True)], "lr": lr} for lr in (1.0, 0.5)]
    o = optim.SGD(groups, lr=0.1)
    scheduler = lr_scheduler.LambdaLR(o, [lambda t: 0.5**t, lambda t: 1 + t])
    o.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.5, 1.0]


def test_stepping_in_the_wrong_order_is_warned_of():
    scheduler = lr_scheduler.StepLR(optimizer(), 3)
    with pytest.warns(UserWarning, match="Detected call of `lr_scheduler.step\\(\\)` before `optimizer.step\\(\\)`"):
        scheduler.step()
    scheduler.step()


def test_an_overridden_optimizer_step_is_warned_of():
    o = optimizer()
    scheduler = lr_scheduler.StepLR(o, 3)
    o.step = lambda: None
    with pytest.warns(UserWarning, match="has been overridden after learning rate scheduler initialization"):
        scheduler.step()


def test_get_lr_is_for_step_to_call():
    scheduler = lr_scheduler.StepLR(optimizer(), 3)
    with pytest.warns(UserWarning, match="please use `get_last_lr\\(\\)`"):
        scheduler.get_lr()


def test_an_epoch_may_be_given_and_is_warned_of():
    o = optimizer()
    scheduler = lr_scheduler.ExponentialLR(o, 0.5)
    o.step()
    with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step\\(\\)` was not necessary"):
        scheduler.step(3)
    assert scheduler.get_last_lr() == [0.1]


def test_a_loaded_state_continues_the_schedule():
    def make(o):
        parts = [lr_scheduler.LinearLR(o, 0.1, total_iters=5), lr_scheduler.CosineAnnealingLR(o, 7)]
        return lr_scheduler.SequentialLR(o, parts, [5])

    o = optimizer()
    whole = rates(make(o), 20)
    first = make(optimizer())
    seen = rates(first, 8)
    second = make(optimizer())
    second.load_state_dict(first.state_dict())
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    seen += rates(second, 12)
    assert seen == whole


def test_the_attributes_of_a_callable_object_are_saved_and_those_of_a_function_are_not():
    class Warmup:
        def __init__(self, length):
            self.length = length

        def __call__(self, epoch):
            return min(1, epoch / self.length)

    scheduler = lr_scheduler.LambdaLR(optimizer(), Warmup(5))
    packed = scheduler.state_dict()
    assert packed["lr_lambdas"] == [{"length": 5}]
    other = lr_scheduler.LambdaLR(optimizer(), Warmup(9))
    other.load_state_dict(packed)
    assert other.lr_lambdas[0].length == 5
    assert lr_scheduler.LambdaLR(optimizer(), lambda t: 1).state_dict()["lr_lambdas"] == [None]


def test_resuming_needs_the_first_rates():
    with pytest.raises(KeyError, match="param 'initial_lr' is not specified in param_groups\\[0\\]"):
        lr_scheduler.StepLR(optimizer(), 3, last_epoch=5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda o: lr_scheduler.StepLR(3, 1), TypeError, "int is not an Optimizer"),
        (lambda o: lr_scheduler.LambdaLR(o, [abs, abs]), ValueError, "Expected 1 lr_lambdas, but got 2"),
        (lambda o: lr_scheduler.MultiplicativeLR(o, 3), TypeError, "lr_lambda should be a function, but got int"),
        (lambda o: lr_scheduler.ConstantLR(o, 2), ValueError, "Constant multiplicative factor expected to be between"),
        (lambda o: lr_scheduler.LinearLR(o, 0), ValueError, "Starting multiplicative factor expected to be greater"),
        (lambda o: lr_scheduler.LinearLR(o, end_factor=2), ValueError, "Ending multiplicative factor expected to be"),
        (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 0), ValueError, "Expected positive integer T_0, but"),
        (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2, 0), ValueError, "Expected integer T_mult >= 1"),
        (lambda o: lr_scheduler.OneCycleLR(o, 1), ValueError, "You must define either total_steps OR"),
        (lambda o: lr_scheduler.OneCycleLR(o, 1, 0), ValueError, "Expected positive integer total_steps, but got 0"),
        (lambda o: lr_scheduler.OneCycleLR(o, 1, 5, pct_start=2), ValueError, "Expected float between 0 and 1"),
        (lambda o: lr_scheduler.OneCycleLR(o, 1, 5, anneal_strategy="x"), ValueError, "anneal_strategy must be one of"),
        (lambda o: lr_scheduler.OneCycleLR(o, [1, 2], 5), ValueError, "max_lr must have the same length as"),
        (lambda o: lr_scheduler.CyclicLR(o, 0, 1, mode="x"), ValueError, "mode is invalid and scale_fn is None"),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1), ValueError, "Factor should be < 1.0."),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, "x"), ValueError, "mode x is unknown!"),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, min_lr=[1, 2]), ValueError, "expected 1 min_lrs, got 2"),
        (lambda o: lr_scheduler.ChainedScheduler([]), ValueError, "expects at least one scheduler to be chained"),
        (lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.ReduceLROnPlateau(o)]), ValueError, "does not support"),
        (lambda o: lr_scheduler.SequentialLR(o, [], []), ValueError, "expects at least one scheduler, but got no"),
        (lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.StepLR(optimizer(), 2)], []), ValueError,
         "expects all schedulers to belong to the same optimizer"),
        (lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.StepLR(o, 2)], [3]), ValueError,
         "Sequential Schedulers expects number of schedulers provided to be one more"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_pytorchs_message(make, error, message):
    with pytest.raises(error) as caught:
        make(optimizer())
    assert message in str(caught.value)


def test_cycling_the_momentum_needs_one():
    with pytest.raises(ValueError, match="optimizer must support momentum or beta1"):
        lr_scheduler.CyclicLR(optimizer(kind=optim.Adagrad), 0.1, 0.5)


def test_the_old_name_of_the_base_class_is_there():
    class Own(lr_scheduler._LRScheduler):
        def get_lr(self):
            return [base_lr / (1 + self.last_epoch) for base_lr in self.base_lrs]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rates(Own(optimizer()), 3) == [0.8, 0.4, pytest.approx(0.8 / 3)]
