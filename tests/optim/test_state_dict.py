"""What an optimizer saves and loads, and how it is copied."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import minigrad
from minigrad import optim
from tests.optim.parameters import EVERY, parameter, with_gradient


@pytest.mark.parametrize("kind", EVERY)
def test_a_loaded_state_continues_the_run(kind):
    def run(p, optimizer, steps):
        for _ in range(steps):
            p.grad = (p * p + p).detach()
            optimizer.step()

    p = minigrad.tensor([[0.3, -1.0], [2.0, 0.7]], requires_grad=True)
    first = kind([p])
    run(p, first, 3)
    q = p.detach().clone().requires_grad_()
    second = kind([q], lr=123.0)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    run(p, first, 3)
    run(q, second, 3)
    np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_a_state_dict_numbers_the_parameters_across_groups():
    p, q, r = (with_gradient(2) for _ in range(3))
    optimizer = optim.Adam([{"params": [p, q]}, {"params": [r]}])
    optimizer.step()
    packed = optimizer.state_dict()
    assert [group["params"] for group in packed["param_groups"]] == [[0, 1], [2]]
    assert list(packed["state"]) == [0, 1, 2]
    assert list(packed["state"][2]) == ["step", "exp_avg", "exp_avg_sq"]
    assert list(packed["param_groups"][0])[-1] == "params"


def test_loading_casts_the_state_to_the_parameter_but_not_the_count_of_steps():
    source, target = with_gradient(2), with_gradient(2, dtype=minigrad.float64)
    first, second = optim.Adam([source]), optim.Adam([target])
    first.step()
    second.load_state_dict(first.state_dict())
    assert second.state[target]["exp_avg"].dtype == minigrad.float64
    assert second.state[target]["step"].dtype == minigrad.float32
    second.step()
    assert first.state[source]["step"].item() == 1.0


def test_loading_refuses_other_groups():
    optimizer = optim.SGD([parameter(2)])
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict(optim.SGD([{"params": [parameter(2)]}, {"params": [parameter(1)]}]).state_dict())
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        optimizer.load_state_dict(optim.SGD([parameter(2), parameter(1)]).state_dict())


def test_steps_that_an_old_file_kept_as_numbers_become_tensors():
    p = with_gradient(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    packed = copy.deepcopy(optimizer.state_dict())
    packed["state"][0]["step"] = 1
    del packed["param_groups"][0]["maximize"]
    optimizer.load_state_dict(packed)
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 2.0


def test_an_optimizer_is_copied_and_pickled_with_its_parameters():
    p = with_gradient(2)
    optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
    optimizer.step()
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        (q,) = twin.param_groups[0]["params"]
        assert q is not p
        np.testing.assert_array_equal(q.detach().numpy(), p.detach().numpy())
        q.grad = minigrad.full((2,), 0.5)
        twin.step()
        np.testing.assert_allclose(q.detach().numpy(), 1 - 0.05 - 0.095)
    np.testing.assert_allclose(p.detach().numpy(), 0.95)
