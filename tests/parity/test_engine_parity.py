"""The backward pass: the same gradients, refusals and warnings as PyTorch's."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, leaf, same


@same
def test_gradient_of_a_sum_of_squares(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    y = (x * x).sum()
    y.backward()
    return x.grad, y


@same
def test_each_node_of_a_diamond_runs_once(torch):
    x = leaf(torch, 2.0)
    a = x * 3
    b = a + a
    c = b * a
    c.backward()
    return x.grad


@same
def test_gradients_accumulate_over_several_backward_passes(torch):
    x = leaf(torch, 2.0)
    (x * 3).backward()
    (x * 4).backward()
    return x.grad


@same
def test_gradients_of_two_leaves_do_not_share_memory(torch):
    x = leaf(torch, 1.0, 2.0)
    y = leaf(torch, 3.0, 4.0)
    z = x + y
    g = torch.ones(2, dtype=torch.float64)
    z.backward(g)
    x.grad.mul_(5)
    return x.grad, y.grad, g


@same
def test_retained_gradients_do_not_share_memory(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 1.0
    y.retain_grad()
    z = y + 0
    z.retain_grad()
    g = torch.ones(2, dtype=torch.float64)
    z.backward(g)
    z.grad.mul_(7)
    return x.grad, y.grad, z.grad, g


@same
def test_gradient_of_a_leaf_is_not_the_given_one(torch):
    x = leaf(torch, 1.0, 2.0)
    g = torch.ones(2, dtype=torch.float64)
    x.backward(g)
    x.grad.mul_(5)
    return g, x.grad


@same
def test_gradient_of_a_sum_is_writable(torch):
    x = leaf(torch, 1.0, 2.0)
    x.sum().backward()
    x.grad.add_(1)
    return x.grad, x.grad.stride()


@same
def test_gradients_are_summed_over_broadcast_dimensions(torch):
    x = torch.ones(3, 1, dtype=torch.float64, requires_grad=True)
    y = torch.ones(4, requires_grad=True)
    z = torch.tensor(2.0, requires_grad=True)
    (x * y * z).sum().backward()
    return x.grad, y.grad, z.grad


@same
def test_gradients_have_the_dtype_of_their_tensor(torch):
    x = torch.ones(3, dtype=torch.float32, requires_grad=True)
    y = torch.ones(3, dtype=torch.float64, requires_grad=True)
    h = torch.ones(3, dtype=torch.float16, requires_grad=True)
    (x * y * h).sum().backward()
    return x.grad, y.grad, h.grad


@same
def test_accumulation_keeps_the_gradient_tensor(torch):
    x = leaf(torch, 1.0, 2.0)
    (x * 2).sum().backward()
    g = x.grad
    (x * 2).sum().backward()
    same = g is x.grad
    return same, g


@same
def test_zeroed_gradient_is_filled_again(torch):
    x = leaf(torch, 1.0, 2.0)
    (x * 2).sum().backward()
    g = x.grad
    g.zero_()
    (x * 2).sum().backward()
    return g


@same
def test_empty_tensors_have_empty_gradients(torch):
    x = torch.zeros(0, 3, requires_grad=True)
    (x * 2).sum().backward()
    return x.grad


@same
def test_what_is_a_leaf(torch):
    x = leaf(torch, 1.0)
    y = x * 2
    with torch.no_grad():
        z = x * 2
    z2 = z.requires_grad_()
    return (
        x.is_leaf,
        y.is_leaf,
        z.is_leaf,
        torch.ones(2).is_leaf,
        y.detach().is_leaf,
        z2.is_leaf,
        x.detach().requires_grad,
        x.data.requires_grad,
        x.clone().is_leaf,
    )


@same
def test_detaching_in_place(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    y.detach_()
    v = (x * 2)[0]
    return y.requires_grad, y.is_leaf, y.grad_fn, attempt(v.detach_), attempt(lambda: x.detach_().requires_grad)


@same
def test_backward_of_a_leaf(torch):
    x = leaf(torch, 2.0)
    x.backward()
    x.backward()
    return x.grad


@same
def test_several_roots(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x.sum()
    torch.autograd.backward([y, y])
    a = x.grad.clone()
    z = x * 2
    w = z * 3
    torch.autograd.backward([w.sum(), z.sum()])
    return a, x.grad


@same
def test_root_inside_the_graph_of_another(torch):
    x = leaf(torch, 2.0)
    y = x * 3
    z = y * y
    r = torch.autograd.grad([z, y], [x, y])
    return r


@same
def test_several_outputs_with_gradients(torch):
    x = leaf(torch, 1.0, 2.0)
    a = x * 2
    b = x * x
    r = torch.autograd.grad(
        [a, b], x, [torch.ones(2, dtype=torch.float64), torch.tensor([1.0, 10.0], dtype=torch.float64)]
    )
    torch.autograd.backward([x.sum(), (x * 3).sum()])
    return r, x.grad


@same
def test_gradient_of_one_output_of_several(torch):
    x = leaf(torch, 3.0, 1.0, 2.0)
    v, _i = x.sort()
    r = torch.autograd.grad((v * torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)).sum(), [x, v])
    return r


@same
def test_gradient_of_a_tensor_with_respect_to_itself(torch):
    x = leaf(torch, 2.0)
    return torch.autograd.grad(x, x), attempt(lambda: torch.autograd.grad(x * 1, [x, x]))


@same
def test_input_asked_for_twice(torch):
    x = leaf(torch, 2.0)
    y = x * 3
    z = y * y
    return torch.autograd.grad(z, [y, y, x])


@same
def test_backward_with_inputs_fills_only_these(torch):
    x = leaf(torch, 1.0, 2.0)
    y = leaf(torch, 3.0, 4.0)
    z = x * y
    w = z * x
    w.sum().backward(inputs=[x, z], retain_graph=True)
    a = [x.grad, y.grad, z.grad]
    w.sum().backward(inputs=y)
    return a, y.grad, x.grad


@same
def test_gradient_inside_no_grad(torch):
    x = leaf(torch, 2.0)
    y = x * x
    with torch.no_grad():
        (g,) = torch.autograd.grad(y, x)
    return g


@same
def test_conversions_of_tensors_that_require_grad(torch):
    x = leaf(torch, 1.0, 2.0)
    return [
        attempt(f)
        for f in (
            lambda: x.numpy(),
            lambda: (x * 2).numpy(),
            lambda: x.detach().numpy().tolist(),
            lambda: x.tolist(),
            lambda: float(x[0]),
            lambda: __import__("numpy").asarray(x).tolist(),
        )
    ]


@same
def test_deep_copies_take_the_gradient_along(torch):
    import copy

    x = leaf(torch, 1.0, 2.0)
    x.sum().backward()
    y = copy.deepcopy(x)
    return y, y.grad, attempt(lambda: copy.deepcopy(x * 2))


@same
def test_shallow_copies_share_memory(torch):
    import copy

    x = leaf(torch, 1.0, 2.0)
    y = copy.copy(x)
    return y.data_ptr() == x.data_ptr(), y


@same
def test_wrong_arguments_of_backward_and_grad(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    return [
        attempt(f)
        for f in (
            lambda: torch.tensor([1]).requires_grad_(),
            lambda: torch.ones(2, dtype=torch.int64, requires_grad=True),
            lambda: torch.tensor([True]).requires_grad_(),
            lambda: y.requires_grad_(False),
            lambda: y.requires_grad_(),
            lambda: setattr(y, "requires_grad", False),
            lambda: setattr(x, "requires_grad", 1),
            lambda: setattr(x, "requires_grad", "a"),
            lambda: torch.tensor([1.0, 2.0]).backward(),
            lambda: y.backward(),
            lambda: torch.tensor(1.0).backward(),
            lambda: y.backward(torch.ones(3, dtype=torch.float64)),
            lambda: y.backward(torch.ones(2)),
            lambda: y.backward([1.0, 2.0]),
            lambda: y.backward(1.0),
            lambda: y.detach().backward(),
            lambda: torch.autograd.backward([y.sum(), y.sum()], [None]),
            lambda: torch.autograd.backward([], []),
            lambda: torch.autograd.grad(y.sum(), []),
            lambda: torch.autograd.grad(y.sum(), torch.ones(2)),
            lambda: torch.autograd.grad(y.sum(), leaf(torch, 3.0)),
            lambda: torch.autograd.grad(y.sum(), leaf(torch, 3.0), allow_unused=True),
            lambda: torch.autograd.grad(y.sum(), leaf(torch, 3.0, 4.0), materialize_grads=True),
            lambda: torch.autograd.grad(y.sum(), leaf(torch, 3.0, 4.0), materialize_grads=True, allow_unused=False),
            lambda: torch.autograd.grad(y, x),
            lambda: torch.autograd.grad(y, x, torch.ones(3)),
            lambda: torch.autograd.grad(3.0, x),
            lambda: torch.autograd.grad(y.sum(), 3.0),
            lambda: x.backward(inputs=[]),
            lambda: y.sum().backward(inputs=x),
            lambda: y.sum().backward(inputs=[y, x]),
            lambda: torch.autograd.backward(y.sum(), inputs=[torch.ones(2)]),
            lambda: torch.zeros(0, requires_grad=True).backward(),
            lambda: torch.zeros(1, 1, requires_grad=True).backward(),
            lambda: y.backward(torch.ones(2, dtype=torch.int64)),
            lambda: y.backward(gradient=torch.ones(2, dtype=torch.float64, requires_grad=True)),
        )
    ]


@same
def test_assigning_a_gradient(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    return [
        attempt(f)
        for f in (
            lambda: setattr(x, "grad", torch.ones(2)),
            lambda: setattr(x, "grad", torch.ones(3, dtype=torch.float64)),
            lambda: setattr(x, "grad", 3),
            lambda: setattr(x, "grad", x),
            lambda: setattr(x, "grad", torch.ones(2, dtype=torch.float64)),
            lambda: y.grad,
            lambda: x.grad,
            lambda: delattr(x, "grad"),
            lambda: x.grad,
            lambda: setattr(torch.tensor([1, 2]), "grad", torch.tensor([1, 2])),
        )
    ]


@same
def test_backward_inside_a_hook(torch):
    x = leaf(torch, 1.0)
    z = leaf(torch, 2.0)
    y = x * 2
    y.register_hook(lambda g: (z * z).backward())
    y.backward()
    return x.grad, z.grad


@same
def test_backward_in_several_threads(torch):
    import threading

    x = leaf(torch, 1.0)
    out = []

    def f():
        (x * 2).backward()
        out.append(torch.is_grad_enabled())

    th = [threading.Thread(target=f) for _ in range(4)]
    [a.start() for a in th]
    [a.join() for a in th]
    return x.grad, out


@same
def test_gradient_through_where(torch):
    x = leaf(torch, 1.0, 2.0)
    y = torch.where(x > 1.5, x * 2, torch.zeros((), dtype=torch.float64))
    y.sum().backward()
    return x.grad


@same
def test_gradient_through_casts(torch):
    x = torch.ones(3, requires_grad=True)
    y = x.double().half().float()
    y.sum().backward()
    return x.grad


@same
def test_detached_copy_that_requires_grad(torch):
    x = leaf(torch, 1.0)
    y = x.detach()
    y.requires_grad_()
    (y * 2).backward()
    return x.grad, y.grad


@same
def test_integer_casts_end_the_graph(torch):
    x = leaf(torch, 1.5, 2.5)
    return x.long().requires_grad, x.bool().requires_grad, attempt(lambda: x.long().sum().backward())


@same
def test_backward_by_keywords(torch):
    x = leaf(torch, 1.0, 2.0)
    (x * 2).backward(gradient=torch.ones(2, dtype=torch.float64), retain_graph=True, create_graph=False, inputs=[x])
    (x * 2).backward(torch.ones(2, dtype=torch.float64) * 2)
    return x.grad


@same
def test_gradient_of_another_dtype(torch):
    x = leaf(torch, 1.0, 2.0)
    return (
        attempt(lambda: (x * 2).backward(torch.ones(2))),
        x.grad,
        attempt(lambda: (x * 2).backward(torch.ones(2, dtype=torch.int64))),
        x.grad,
    )
