"""Dual tensors beside PyTorch's."""

from __future__ import annotations

from importlib import import_module

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same


def tools(torch):
    return import_module(f"{torch.__name__}.autograd.forward_ad")


def points(torch):
    return torch.tensor([0.5, -1.0], dtype=torch.float64), torch.tensor([1.0, 2.0], dtype=torch.float64)


@same
def test_tangents_follow_the_value(torch):
    forward = tools(torch)
    x, t = points(torch)
    with forward.dual_level():
        a, b = forward.make_dual(x, t), forward.make_dual(x * 2, t + 1)
        c = (a * b).sin() + a.exp()
        d = a.clone()
        d[0] = b[1]
        d.mul_(3)
        found = [forward.unpack_dual(each) for each in (c, c.sum(), d, torch.cat([a, x]), a @ b)]
        plain = forward.unpack_dual(x * 2)
        itself = forward.unpack_dual(a)
    found = [[primal.detach(), tangent] for primal, tangent in found]
    return found, plain.tangent, [itself.primal.detach(), itself.tangent], itself._fields


@same
def test_tangents_can_be_differentiated(torch):
    forward = tools(torch)
    x, t = points(torch)
    x.requires_grad_()
    with forward.dual_level():
        y, tangent = forward.unpack_dual(forward.make_dual(x, t) ** 3)
    return torch.autograd.grad(tangent.sum(), x, retain_graph=True), torch.autograd.grad(y.sum(), x)


@same
def test_a_layer_between(torch):
    forward = tools(torch)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.LayerNorm(3), torch.nn.Linear(3, 1))
    with forward.dual_level():
        found = forward.unpack_dual(model(forward.make_dual(torch.ones(4, 2), torch.ones(4, 2) * 0.5)))
    return found.primal.detach(), found.tangent.detach()


@same
def test_refusals(torch):
    forward = tools(torch)
    x, t = points(torch)
    found = [attempt(lambda: forward.make_dual(x, t)), forward.unpack_dual(x).tangent]
    with forward.dual_level():
        found.append(attempt(lambda: forward.make_dual(x, t[:1])))
        found.append(attempt(lambda: forward.make_dual(torch.tensor([1, 2]), t)))
        found.append(attempt(lambda: forward.make_dual(x, torch.tensor([1, 2]))))
        found.append(attempt(lambda: forward.enter_dual_level()))
    return found
