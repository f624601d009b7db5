"""Groups of parameters: their options, and which are refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import optim
from tests.optim.parameters import parameter, with_gradient


def test_options_of_a_group_stand_over_the_defaults():
    p, q = parameter(2), parameter(3)
    optimizer = optim.SGD([{"params": p}, {"params": [q], "lr": 0.5}], lr=0.1, momentum=0.9)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    assert [group["momentum"] for group in optimizer.param_groups] == [0.9, 0.9]
    assert optimizer.param_groups[0]["params"] == [p]


def test_a_generator_of_parameters_is_read_once():
    optimizer = optim.SGD((parameter(2) for _ in range(3)), lr=0.1)
    assert len(optimizer.param_groups[0]["params"]) == 3


def test_each_group_steps_by_its_own_options():
    p, q = with_gradient(2), with_gradient(2)
    optim.SGD([{"params": [p]}, {"params": [q], "lr": 1.0}], lr=0.1).step()
    np.testing.assert_allclose(p.detach().numpy(), 0.95)
    np.testing.assert_allclose(q.detach().numpy(), 0.5)


def test_changing_the_rate_of_a_group_changes_the_next_step():
    p = with_gradient(2)
    optimizer = optim.SGD([p], lr=0.1)
    optimizer.param_groups[0]["lr"] = 1.0
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), 0.5)


def test_named_parameters_keep_their_names():
    optimizer = optim.SGD([("w", parameter(2)), ("b", parameter(1))], lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["w", "b"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["w", "b"]


def test_a_group_may_be_added_later():
    p, q = with_gradient(2), with_gradient(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    optimizer.add_param_group({"params": q, "lr": 0.5})
    optimizer.step()
    assert q[0].item() == pytest.approx(0.5, rel=1e-5)


P = parameter(2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.SGD(P), TypeError, "params argument given to the optimizer should be an iterable of Tensors or "
         "dicts, but got torch.FloatTensor"),
        (lambda: optim.SGD([]), ValueError, "optimizer got an empty parameter list"),
        (lambda: optim.SGD([3]), TypeError, "optimizer can only optimize Tensors, but one of the params is int"),
        (lambda: optim.SGD([np.ones(2)]), TypeError, "but one of the params is numpy.ndarray"),
        (lambda: optim.SGD([P * 2]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda: optim.SGD([{"params": {P}}]), TypeError, "optimizer parameters need to be organized in ordered"),
        (lambda: optim.SGD([{"params": [P]}, {"params": [P]}]), ValueError, "some parameters appear in more than one"),
        (lambda: optim.SGD([("w", P), parameter(1)]), ValueError, "Some param names are missing"),
        (lambda: optim.SGD([{"params": [("w", P)]}, {"params": [parameter(1)]}]), ValueError,
         "cannot add param group without names to the optimizer"),
        (lambda: optim.SGD([P]).add_param_group([P]), TypeError, "param_group must be a dict, but got <class 'list'>"),
        (lambda: optim.SGD([P], lr=-1), ValueError, "Invalid learning rate: -1"),
        (lambda: optim.SGD([P], lr=minigrad.ones(2)), ValueError, "Tensor lr must be 1-element"),
        (lambda: optim.SGD([P], momentum=-0.5), ValueError, "Invalid momentum value: -0.5"),
        (lambda: optim.SGD([P], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
        (lambda: optim.SGD([P], nesterov=True), ValueError, "Nesterov momentum requires a momentum and zero dampening"),
        (lambda: optim.SGD([P], fused=True, foreach=True), RuntimeError, "`fused` and `foreach` cannot be `True`"),
        (lambda: optim.Adam([P], fused=True, differentiable=True), RuntimeError, "`fused` does not support"),
        (lambda: optim.Adam([P], lr=float("nan")), ValueError, "Invalid learning rate: nan"),
        (lambda: optim.Adam([P], eps=-1), ValueError, "Invalid epsilon value: -1"),
        (lambda: optim.Adam([P], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
        (lambda: optim.Adam([P], betas=(0.5, -1.0)), ValueError, "Invalid beta parameter at index 1: -1.0"),
        (lambda: optim.Adam([P], betas=(0, 0.9)), ValueError, "betas must be either both floats or both Tensors"),
        (lambda: optim.Adam([P], lr=minigrad.tensor(0.1), foreach=True), ValueError, "lr as a Tensor is not supported"),
        (lambda: optim.Adadelta([P], rho=1.5), ValueError, "Invalid rho value: 1.5"),
        (lambda: optim.Adagrad([P], lr_decay=-1), ValueError, "Invalid lr_decay value: -1"),
        (lambda: optim.NAdam([P], momentum_decay=-1), ValueError, "Invalid momentum_decay value: -1"),
        (lambda: optim.RMSprop([P], alpha=-1), ValueError, "Invalid alpha value: -1"),
        (lambda: optim.Rprop([P], etas=(0.5, 0.9)), ValueError, "Invalid eta values: 0.5, 0.9"),
        (lambda: optim.LBFGS([{"params": [P]}, {"params": [parameter(1)]}]), ValueError,
         "LBFGS doesn't support per-parameter options (parameter groups)"),
        (lambda: optim.Adafactor([P], d=0.5), ValueError, "Clipping threshold d should be >= 1 but is: 0.5"),
        (lambda: optim.Muon([P]), ValueError, "Muon only supports 2D parameters whereas we found a parameter with"),
        (lambda: optim.Optimizer([P], {"lr": optim.optimizer.required}), ValueError, "didn't specify a value"),
        (lambda: optim.Optimizer([P], {}).step(), NotImplementedError, "neither a formula"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_pytorchs_message(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


def test_a_parameter_that_is_given_twice_is_warned_of():
    with pytest.warns(UserWarning, match="optimizer contains a parameter group with duplicate parameters"):
        optim.SGD([P, P])
