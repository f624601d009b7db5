"""Gradients of gradients."""

from __future__ import annotations

import pytest

import minigrad as torch
from minigrad.autograd import grad


def leaf(*values):
    return torch.tensor(values[0] if len(values) == 1 else list(values), dtype=torch.float64, requires_grad=True)


def test_derivatives_of_a_power_up_to_the_order_where_they_vanish():
    x = leaf(2.0)
    y = x**3
    found = []
    for _ in range(4):
        (y,) = grad(y, x, create_graph=True)
        found.append(y.item())
    assert found == [12.0, 12.0, 6.0, 0.0]


def test_hessian_of_a_product():
    x = leaf(1.0, 2.0, 3.0)
    (first,) = grad(x.prod(), x, create_graph=True)
    rows = [grad(each, x, retain_graph=True)[0].tolist() for each in first]
    assert rows == [[0.0, 3.0, 2.0], [3.0, 0.0, 1.0], [2.0, 1.0, 0.0]]


def test_a_gradient_penalty_reaches_the_weights():
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x = torch.tensor([[0.5, 0.3]], requires_grad=True)
    (slope,) = grad(torch.tanh(x @ w).sum(), x, create_graph=True)
    ((slope.norm() - 1) ** 2).backward()
    assert w.grad.abs().sum() > 0


def test_without_create_graph_the_gradient_has_no_graph():
    x = leaf(2.0)
    (first,) = grad(x**3, x)
    assert not first.requires_grad
    with pytest.raises(RuntimeError, match="does not require grad"):
        grad(first, x)


def test_backward_with_create_graph_warns_of_the_cycle_and_fills_a_gradient_with_a_graph():
    x, y = leaf(2.0), leaf(3.0)
    with pytest.warns(UserWarning, match="reference cycle"):
        (x * y * x).backward(create_graph=True)
    assert x.grad is not y.grad
    assert x.grad.requires_grad
    slope = x.grad
    x.grad = None
    slope.backward()
    assert x.grad.item() == 6.0


def test_batched_gradients_give_the_jacobian_and_can_be_differentiated():
    x = leaf(1.0, 2.0, 3.0)
    unit = torch.eye(3, dtype=torch.float64)
    (jacobian,) = grad(x**3, x, unit, is_grads_batched=True, create_graph=True)
    assert jacobian.diagonal().tolist() == [3.0, 12.0, 27.0]
    assert grad(jacobian.sum(), x)[0].tolist() == [6.0, 12.0, 18.0]
