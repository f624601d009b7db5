"""Clipping of gradients, and parameters as a vector."""

from __future__ import annotations

import math

import pytest

import minigrad as torch
from minigrad import nn
from minigrad.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)


@pytest.fixture
def parameters():
    made = [nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))]
    (made[0] * 3 + made[1] * -4).sum().backward()
    return made


def grads(parameters):
    return [None if p.grad is None else p.grad.item() for p in parameters]


def test_clipping_by_norm_scales_all_gradients(parameters):
    assert clip_grad_norm_(parameters, 1.0).item() == 5.0
    assert grads(parameters) == [pytest.approx(0.6), pytest.approx(-0.8), None]


def test_a_small_norm_is_left_alone(parameters):
    clip_grad_norm_(parameters, 6.0)
    assert grads(parameters) == [3.0, -4.0, None]


def test_other_norms(parameters):
    assert clip_grad_norm_(parameters, 100.0, norm_type=math.inf).item() == 4.0
    assert clip_grad_norm_(parameters, 100.0, norm_type=1).item() == 7.0
    assert clip_grad_norm_(parameters[1], 100.0).item() == 4.0


def test_no_gradients_have_norm_zero():
    assert clip_grad_norm_([nn.Parameter(torch.ones(2))], 1.0).item() == 0.0
    assert get_total_norm([]).item() == 0.0


def test_an_empty_generator_warns():
    with pytest.warns(UserWarning, match=r"`parameters` is an empty generator"):
        clip_grad_norm_((p for p in ()), 1.0)


def test_a_norm_that_is_not_finite_may_raise(parameters):
    parameters[0].grad.fill_(math.nan)
    assert math.isnan(clip_grad_norm_(parameters, 1.0).item())
    with pytest.raises(RuntimeError, match=r"The total norm of order 2.0 for gradients from"):
        clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)


def test_clipping_by_value(parameters):
    clip_grad_value_(parameters, 3.5)
    assert grads(parameters) == [3.0, -3.5, None]


def test_parameters_to_a_vector_and_back():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    vector = parameters_to_vector(net.parameters())
    assert vector.shape == (13,)
    assert vector.requires_grad
    vector_to_parameters(vector.detach() * 0 + 2, net.parameters())
    assert net[1].weight.tolist() == [[2.0, 2.0, 2.0]]
    assert net[0].weight.requires_grad
    with pytest.raises(TypeError, match=r"expected torch.Tensor, but got: list"):
        vector_to_parameters([1.0], net.parameters())
