"""The whole way in a few seconds: if one of these fails, nothing else is worth looking at."""

from __future__ import annotations

import numpy as np

import minigrad
from minigrad import nn


def test_gradient_of_a_scalar_expression_is_that_by_hand():
    a = minigrad.tensor(-4.0, requires_grad=True)
    b = minigrad.tensor(2.0, requires_grad=True)
    y = (a * b + b**3) * b.relu() + a / b
    y.backward()
    assert y.item() == -2.0
    assert (a.grad.item(), b.grad.item()) == (4.5, 17.0)


def test_gradient_of_an_array_expression_is_that_by_hand():
    x = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    w = minigrad.tensor([[1.0], [-1.0]], requires_grad=True)
    ((x @ w).sigmoid()).sum().backward()
    s = 1 / (1 + np.e)
    slope = s * (1 - s)
    np.testing.assert_allclose(x.grad.numpy(), np.full((2, 1), slope) @ [[1.0, -1.0]], rtol=1e-6)
    np.testing.assert_allclose(w.grad.numpy(), [[4 * slope], [6 * slope]], rtol=1e-6)


def test_network_learns_exclusive_or():
    minigrad.manual_seed(0)
    inputs = minigrad.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    targets = minigrad.tensor([[0.0], [1.0], [1.0], [0.0]])
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = minigrad.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    for _ in range(200):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(inputs), targets)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.01
    assert ((model(inputs) > 0) == targets.bool()).all()


def test_saved_network_gives_the_same_output(tmp_path):
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    minigrad.save(model.state_dict(), tmp_path / "model.pt")
    other.load_state_dict(minigrad.load(tmp_path / "model.pt"))
    x = minigrad.randn(4, 3)
    assert minigrad.equal(model(x), other(x))
