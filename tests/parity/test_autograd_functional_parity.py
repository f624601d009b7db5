"""``autograd.functional`` beside PyTorch's: products, Jacobians, Hessians, their options and refusals."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same


def point(torch):
    return torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64), torch.tensor([[1.0], [0.25]], dtype=torch.float64)


def table(x, y):
    return x.exp() * y, (x * x).sum()


def scalar(x, y):
    return (x**3).sum() * y.sin().sum() + (x * y).sum()


def linear(x):
    return 2 * x + 1


@same
def test_vjp_of_several_inputs_and_outputs(torch):
    x, y = point(torch)
    v = (torch.ones(2, 3, dtype=torch.float64), torch.tensor(2.0, dtype=torch.float64))
    return torch.autograd.functional.vjp(table, (x, y), v)


@same
def test_vjp_of_one_element_needs_no_vector(torch):
    return torch.autograd.functional.vjp(lambda x: x.sum(), point(torch)[0])


@same
def test_products_with_a_graph(torch):
    functional = torch.autograd.functional
    x, y = (each.requires_grad_() for each in point(torch))
    found = []
    for product in (functional.vhp, functional.hvp):
        out, value = product(scalar, (x, y), (x.detach() + 1, y.detach() - 1), create_graph=True)
        found.append((out.detach(), torch.autograd.grad(sum(each.sum() for each in value), (x, y))))
    out, value = functional.jvp(lambda x: x.exp() * x, x, torch.ones_like(x), create_graph=True)
    found.append((value.detach(), torch.autograd.grad(value.sum(), x)))
    return found


@same
def test_jvp_of_several_inputs_and_outputs(torch):
    x, y = point(torch)
    return torch.autograd.functional.jvp(table, (x, y), (x + 1, y * 2))


@same
def test_products_with_a_hessian(torch):
    functional = torch.autograd.functional
    x, y = point(torch)
    return functional.vhp(scalar, (x, y), (x, y)), functional.hvp(scalar, (x, y), (x, y))


@same
def test_jacobians_of_every_form(torch):
    jacobian = torch.autograd.functional.jacobian
    x, y = point(torch)
    return [
        jacobian(lambda x: x.exp(), x),
        jacobian(lambda x: (x.exp(),), x),
        jacobian(lambda x: x.exp(), (x,)),
        jacobian(table, (x, y)),
        jacobian(table, (x, y), vectorize=True),
        jacobian(table, (x, y), vectorize=True, strategy="forward-mode"),
        jacobian(lambda x: x.sum(), x),
        jacobian(lambda x: x.new_ones(2), x),
    ]


@same
def test_a_jacobian_with_a_graph(torch):
    x = point(torch)[0].requires_grad_()
    found = torch.autograd.functional.jacobian(lambda x: x**3, x, create_graph=True)
    return found, torch.autograd.grad(found.sum(), x)


@same
def test_hessians_of_every_form(torch):
    hessian = torch.autograd.functional.hessian
    x, y = point(torch)
    return [
        hessian(lambda x: (x**3).sum(), x),
        hessian(scalar, (x, y)),
        hessian(scalar, (x, y), vectorize=True),
        [
            [block.detach() for block in row]
            for row in hessian(scalar, (x, y), vectorize=True, outer_jacobian_strategy="forward-mode")
        ],
        hessian(lambda x: (x**2).sum().reshape(1, 1), x),
        hessian(lambda x: linear(x).sum(), x),
    ]


@same
def test_a_hessian_with_a_graph(torch):
    x = point(torch)[0].requires_grad_()
    found = torch.autograd.functional.hessian(lambda x: (x**4).sum(), x, create_graph=True)
    return torch.autograd.grad(found.sum(), x)


@same
def test_strict_mode_refuses_what_does_not_depend(torch):
    functional = torch.autograd.functional
    x, y = point(torch)
    one = torch.tensor(1.0, dtype=torch.float64)
    calls = [
        lambda: functional.vjp(lambda x, y: x.sum(), (x, y), strict=True),
        lambda: functional.vjp(lambda x: x.new_ones(()), x, strict=True),
        lambda: functional.vjp(lambda x: linear(x).sum(), x, one, create_graph=True, strict=True),
        lambda: functional.jvp(lambda x, y: x, (x, y), (x, y), strict=True),
        lambda: functional.jvp(linear, x, x, create_graph=True, strict=True),
        lambda: functional.vhp(lambda x: linear(x).sum(), x, x, strict=True),
        lambda: functional.hvp(lambda x: linear(x).sum(), x, x, strict=True),
        lambda: functional.vhp(lambda x, y: (x**2).sum(), (x, y), (x, y), strict=True),
        lambda: functional.jacobian(lambda x, y: (x, y), (x, y), strict=True),
        lambda: functional.jacobian(linear, x, strict=True, create_graph=True),
        lambda: functional.hessian(lambda x: linear(x).sum(), x, strict=True),
        lambda: functional.hessian(lambda x: (x**2).sum(), x, strict=True),
        lambda: functional.jacobian(linear, x, strict=True, vectorize=True),
    ]
    return [attempt(call) for call in calls]


@same
def test_refusals(torch):
    functional = torch.autograd.functional
    x, y = point(torch)
    calls = [
        lambda: functional.vjp(linear, 3.0),
        lambda: functional.vjp(linear, (x, 3.0)),
        lambda: functional.vjp(lambda x: 3.0, x),
        lambda: functional.vjp(lambda x: (x, 3.0), x),
        lambda: functional.vjp(linear, x),
        lambda: functional.vjp(linear, x, y),
        lambda: functional.vjp(linear, x, (x, x)),
        lambda: functional.vjp(table, (x, y), x),
        lambda: functional.vjp(lambda x: (x, x), x, (x, y)),
        lambda: functional.jvp(linear, x),
        lambda: functional.jvp(linear, x, y),
        lambda: functional.vhp(linear, x, x),
        lambda: functional.hvp(lambda x: (x.sum(),), x, x),
        lambda: functional.hvp(lambda x: x.sum(), x),
        lambda: functional.hessian(linear, x),
        lambda: functional.hessian(lambda x: (x.sum(),), x),
        lambda: functional.jacobian(linear, x, strategy="sideways"),
        lambda: functional.jacobian(linear, x, strategy="forward-mode"),
        lambda: functional.jacobian(linear, x, strategy="forward-mode", create_graph=True),
        lambda: functional.jacobian(linear, x, strategy="forward-mode", strict=True, vectorize=True),
        lambda: functional.hessian(lambda x: x.sum(), x, outer_jacobian_strategy="sideways"),
    ]
    return [attempt(call) for call in calls]


@same
def test_derivatives_are_taken_inside_no_grad_too(torch):
    x, _ = point(torch)
    with torch.no_grad():
        return torch.autograd.functional.jacobian(lambda x: x**2, x), torch.autograd.functional.vjp(linear, x, x)
