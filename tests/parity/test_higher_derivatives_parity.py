"""Gradients that are differentiated, or taken for a batch of given gradients, as PyTorch takes them."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, leaf, same


@same
def test_create_graph_gives_a_gradient_that_can_be_differentiated(torch):
    x = leaf(torch, 2.0)
    y = x**3
    y.backward(create_graph=True)
    g = x.grad
    z = g.sum()
    x.grad = None
    z.backward()
    return g, x.grad


@same
def test_third_derivative(torch):
    x = leaf(torch, 2.0)
    y = x**3
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (h,) = torch.autograd.grad(g, x, create_graph=True)
    (i,) = torch.autograd.grad(h, x)
    return g, h, i


@same
def test_hessian_row_by_row(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    y = (x**3).sum() * x[0]
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    H = [torch.autograd.grad(g[i], x, retain_graph=True)[0].tolist() for i in range(3)]
    return H


@same
def test_gradient_penalty(torch):
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x = torch.tensor([[0.5, 0.3]], requires_grad=True)
    y = torch.tanh(x @ w).sum()
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    p = (g.norm() - 1) ** 2
    p.backward()
    return w.grad, x.grad


@same
def test_accumulating_into_a_gradient_that_has_a_graph(torch):
    x = leaf(torch, 2.0)
    y = x**2
    y.backward(create_graph=True)
    (x.grad * x).backward()
    return x.grad


@same
def test_gradients_with_a_graph_are_distinct_tensors(torch):
    x = leaf(torch, 1.0, 2.0)
    y = leaf(torch, 1.0, 2.0)
    (x + y).sum().backward(create_graph=True)
    return x.grad is y.grad, x.grad, y.grad


@same
def test_batched_gradients_give_the_jacobian(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    y = x * x
    (J,) = torch.autograd.grad(y, x, torch.eye(3, dtype=torch.float64), is_grads_batched=True)
    return J


@same
def test_batched_gradients_of_unused_inputs(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    w = leaf(torch, 1.0, 2.0)
    y = x * x
    J = torch.autograd.grad(y, [x, w], torch.eye(3, dtype=torch.float64), is_grads_batched=True, allow_unused=True)
    return J


@same
def test_batched_gradients_of_wrong_shape(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    return (
        attempt(lambda: torch.autograd.grad(x * x, x, torch.ones(2), is_grads_batched=True)),
        attempt(lambda: torch.autograd.grad(x * x, x, torch.ones(2, 2, dtype=torch.float64), is_grads_batched=True)),
    )


@same
def test_batched_gradients_can_be_differentiated(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    y = x**3
    (J,) = torch.autograd.grad(y, x, torch.eye(3, dtype=torch.float64), is_grads_batched=True, create_graph=True)
    (H,) = torch.autograd.grad(J.sum(), x)
    return J.tolist(), H


@same
def test_create_graph_inside_no_grad(torch):
    x = leaf(torch, 2.0)
    y = x**3
    with torch.no_grad():
        (g,) = torch.autograd.grad(y, x, create_graph=True)
    return (g,)


@same
def test_recomputing_inside_backward(torch):
    class C(torch.autograd.Function):
        @staticmethod
        def forward(ctx, f, x):
            ctx.f = f
            ctx.save_for_backward(x)
            return f(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            x = x.detach().requires_grad_()
            with torch.enable_grad():
                y = ctx.f(x)
            torch.autograd.backward(y, g)
            return None, x.grad

    x = leaf(torch, 1.0, 2.0)
    y = C.apply(lambda x: (x * x).exp(), x * 2)
    y.sum().backward()
    return x.grad
