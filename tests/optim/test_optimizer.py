"""Hooks around a step, optimizers of the user's own, and how optimizers are printed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import minigrad
from minigrad import optim
from tests.optim.parameters import EVERY, parameter, with_gradient


def test_step_hooks_see_the_arguments_and_may_replace_them():
    p = with_gradient(2)
    optimizer = optim.SGD([p], lr=0.1)
    seen = []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append((o, args, kwargs)))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    replace = optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 3.0), {}))
    assert optimizer.step() == 3.0
    assert seen == [(optimizer, (optimizer,), {}), "after"]
    before.remove()
    replace.remove()
    assert optimizer.step() is None
    assert seen[2:] == ["after"]


def test_a_step_hook_that_returns_something_else_is_refused():
    optimizer = optim.SGD([with_gradient(2)])
    optimizer.register_step_pre_hook(lambda *args: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple of \\(new_args, new_kwargs\\), but got 3"):
        optimizer.step()


def test_global_step_hooks_run_for_every_optimizer():
    seen = []
    handles = [
        optim.optimizer.register_optimizer_step_pre_hook(lambda o, *_: seen.append(type(o))),
        optim.optimizer.register_optimizer_step_post_hook(lambda o, *_: seen.append("after")),
    ]
    optim.SGD([with_gradient(2)]).step()
    optim.Adam([with_gradient(2)]).step()
    for handle in handles:
        handle.remove()
    optim.SGD([with_gradient(2)]).step()
    assert seen == [optim.SGD, "after", optim.Adam, "after"]


def test_state_dict_hooks_run_in_order_and_may_replace_it():
    optimizer = optim.SGD([parameter(2)])
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("pre"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append(state.pop("extra")))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    packed = optimizer.state_dict()
    optimizer.load_state_dict(packed)
    assert seen == ["first", "pre", 1, "loaded"]
    assert "extra" in packed


def test_a_users_optimizer_may_write_its_own_step():
    class Lion(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @minigrad.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.sub_(p.grad.sign() * group["lr"])
                    self.state[p]["seen"] = True

    p = with_gradient(2)
    optimizer = Lion([p], lr=0.5)
    calls = []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    optimizer.step()
    np.testing.assert_array_equal(p.detach().numpy(), 0.5)
    assert calls == [1]
    assert optimizer.state_dict()["state"] == {0: {"seen": True}}


def test_a_users_optimizer_may_give_a_formula_only():
    class SignDescent(optim.Optimizer):
        def update(self, p, g, state, *, lr):
            state["seen"] = g
            return p - lr * (g > 0)

    p = with_gradient(2)
    SignDescent([p], {"lr": 0.25}).step()
    np.testing.assert_array_equal(p.detach().numpy(), 0.75)


def test_an_optimizer_prints_its_options():
    assert repr(optim.SGD([("w", parameter(2))], lr=0.1)) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n"
        "    lr: 0.1\n    maximize: False\n    momentum: 0\n    nesterov: False\n    param_names: ['w']\n"
        "    weight_decay: 0\n)"
    )


def test_groups_are_printed_with_an_empty_line_between_them():
    text = repr(optim.SGD([{"params": [parameter(1)]}, {"params": [parameter(1)], "lr": 0.5}], lr=0.1))
    assert "    weight_decay: 0\n\nParameter Group 1\n" in text


def test_the_layout_of_a_step_is_not_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in EVERY:
            p = parameter(2, 2)
            p.grad = minigrad.zeros(2, 2)
            kind([p]).step()
