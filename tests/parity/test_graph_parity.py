"""The graph as users look at it and hook into it: classes of nodes, edges, hooks on saved tensors, checkpoints."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same


def leaf(torch, *values):
    return torch.tensor(list(values), dtype=torch.float64, requires_grad=True)


@same
def test_a_node_is_of_a_class_that_carries_its_name(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x.clone()
    y[0] = 3.0
    z = x.clone()
    z.copy_(x)
    results = [x + 1, x * x, x.sum(), x.mean(), x.exp(), x @ x, x.max(0)[0], x.view(1, 2), x[0], x[x > 0], -x, x**2]
    results += [torch.cat([x, x]), torch.stack([x]), x.unbind()[1], torch.nn.functional.softmax(x, 0), y, z, x[None].T]
    results += [torch.nn.functional.linear(x[None], x.reshape(1, 2)), x.norm(), x.to(torch.float32), x.relu().sigmoid()]
    names = [type(each.grad_fn).__name__ for each in results]
    step = (x * 2 + 1).grad_fn
    return [
        names,
        [str(type(each.grad_fn)) for each in results[:3]],
        type(step.next_functions[0][0]).__name__,
        type(step.next_functions[0][0].next_functions[0][0]).__name__,
        isinstance(step, torch.autograd.graph.Node),
        type((x + 1).grad_fn) is type((x + 2).grad_fn),
        step.metadata,
        repr(step)[:20],
    ]


@same
def test_looking_at_nodes_changes_no_gradient(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 3
    z = (y * y).sum()
    names = [z.grad_fn.name(), y.grad_fn.name()]
    z.backward()
    return names, x.grad


@same
def test_saved_tensors_pass_through_hooks(torch):
    seen = []

    def pack(tensor):
        seen.append(["pack", tensor.detach().tolist()])
        return tensor.detach() * 2

    def unpack(packed):
        seen.append(["unpack", packed.tolist()])
        return packed / 2

    x, y = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, 4.0)
    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        z = (x * y).exp()
    z.sum().backward()
    return seen, x.grad, y.grad


@same
def test_hooks_on_saved_tensors_nest_and_reach_users_functions(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 2 * x * grad

    hooks = torch.autograd.graph.saved_tensors_hooks
    x = leaf(torch, 1.0, 2.0)
    count = []
    with hooks(lambda t: count.append("outer") or t, lambda t: t):
        a = x * x
        with hooks(lambda t: count.append("inner") or t, lambda t: t):
            b = Square.apply(a)
        c = b.sin()
    grad = torch.autograd.grad(c.sum(), x, create_graph=True)[0]
    return count, grad, torch.autograd.grad(grad.sum(), x)


@same
def test_refusals_of_hooks_on_saved_tensors(torch):
    graph = torch.autograd.graph
    x = leaf(torch, 1.0, 2.0)

    def in_place():
        with graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t):
            (x.detach() + 1).requires_grad_().exp()

    def disabled():
        with graph.disable_saved_tensors_hooks("not here"), graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            pass

    def too_late():
        with graph.saved_tensors_hooks(lambda t: t, lambda t: t), graph.disable_saved_tensors_hooks("not here"):
            pass

    def no_tensor():
        with graph.saved_tensors_hooks(lambda t: 3, lambda t: t):
            y = x.exp()
        y.sum().backward()

    with graph.save_on_cpu(pin_memory=False):
        y = x.exp()
    y.sum().backward()
    return [attempt(call) for call in (in_place, disabled, too_late, no_tensor)], x.grad


@same
def test_gradients_at_edges(torch):
    graph = torch.autograd.graph
    x = leaf(torch, 1.0, 2.0)
    y = x * x
    z = y.sum()
    edge, of_leaf = graph.get_gradient_edge(y), graph.get_gradient_edge(x)
    found = torch.autograd.grad(z, [edge, of_leaf], retain_graph=True)
    from_edge = torch.autograd.grad(edge, x, grad_outputs=torch.ones_like(y), retain_graph=True)
    return [
        [edge.node.name(), edge.output_nr, type(of_leaf.node).__name__],
        found,
        from_edge,
        attempt(lambda: graph.get_gradient_edge(torch.ones(2))),
    ]


@same
def test_one_hook_for_several_gradients(torch):
    a, b, c = leaf(torch, 1.0), leaf(torch, 2.0), leaf(torch, 3.0)
    calls = []
    note = lambda grads: calls.append([None if each is None else each.tolist() for each in grads])  # noqa: E731
    handle = torch.autograd.graph.register_multi_grad_hook((a, b, c), note)
    first = torch.autograd.graph.register_multi_grad_hook((a, b), lambda g: calls.append(g.tolist()), mode="any")
    (a * b * c).sum().backward()
    (a * b).sum().backward()
    first.remove()
    handle.remove()
    (a * b * c).sum().backward()
    return [
        sorted(map(str, calls)),
        attempt(lambda: torch.autograd.graph.register_multi_grad_hook((a,), note, mode="x")),
    ]


def network(torch):
    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))


@same
def test_checkpoints_change_no_gradient(torch):
    from importlib import import_module

    tools = import_module(f"{torch.__name__}.utils.checkpoint")
    found = []
    for run in (
        lambda model, x: model(x),
        lambda model, x: tools.checkpoint(model, x, use_reentrant=False),
        lambda model, x: tools.checkpoint(model, x, use_reentrant=True),
        lambda model, x: tools.checkpoint(model, x, use_reentrant=False, early_stop=False),
        lambda model, x: tools.checkpoint_sequential(model, 3, x, use_reentrant=False),
        lambda model, x: tools.checkpoint_sequential(model, 2, x, use_reentrant=True),
        lambda model, x: tools.checkpoint(
            lambda x: model[3:](tools.checkpoint(model[:3], x, use_reentrant=False)), x, use_reentrant=False
        ),
    ):
        model = network(torch)
        x = torch.randn(3, 4, requires_grad=True)
        loss = run(model, x).pow(2).sum()
        loss.backward()
        found.append([loss.detach(), x.grad, [each.grad for each in model.parameters()]])
    return found


@same
def test_checkpoints_take_keywords_and_work_with_grad(torch):
    from importlib import import_module

    tools = import_module(f"{torch.__name__}.utils.checkpoint")
    x = leaf(torch, 1.0, 2.0)
    calls = []

    def function(x, *, scale, items):
        calls.append(scale)
        return (x * scale).sin() * items["a"]

    y = tools.checkpoint(function, x, scale=2.0, items={"a": x}, use_reentrant=False)
    first = torch.autograd.grad(y.sum(), x, create_graph=True)[0]
    second = torch.autograd.grad(first.sum(), x)
    with torch.no_grad():
        plain = tools.checkpoint(function, x, scale=1.0, items={"a": x}, use_reentrant=False)
    return first, second, plain, len(calls) > 2


@same
def test_refusals_of_checkpoints(torch):
    from importlib import import_module

    checkpoint = import_module(f"{torch.__name__}.utils.checkpoint").checkpoint
    x = leaf(torch, 1.0, 2.0)
    again = []

    def another_number(x):
        again.append(1)
        return x.exp() if len(again) == 1 else x * 2

    def another_shape(x):
        again.append(1)
        return (x if len(again) == 1 else torch.cat([x, x])).exp().sum()

    calls = [
        lambda: checkpoint(lambda x: x, x, use_reentrant=True, scale=2),
        lambda: checkpoint(lambda x: x, x, use_reentrant=True, debug=True),
        lambda: checkpoint(lambda x: x, x, use_reentrant=False, determinism_check="all"),
        lambda: checkpoint(lambda x: x.detach(), x, use_reentrant=True).sum().backward(),
        lambda: torch.autograd.grad(checkpoint(lambda x: x.exp(), x, use_reentrant=True).sum(), x),
        lambda: checkpoint(lambda x: x * 2, x.detach(), use_reentrant=True),
        lambda: checkpoint(lambda x: x * 2, x),
    ]
    found = [attempt(call) for call in calls]
    found.append(attempt(lambda: checkpoint(another_number, x, use_reentrant=False).sum().backward())[:60])
    again.clear()
    found.append(attempt(lambda: checkpoint(another_shape, x, use_reentrant=False).backward())[:60])
    return found


def test_a_checkpoint_keeps_no_activation():
    import gc
    import weakref

    import minigrad
    from minigrad.utils.checkpoint import checkpoint

    arrays = []

    def function(x):
        y = x.exp()
        arrays.append(weakref.ref(y))
        return y.sin()

    x = minigrad.ones(3, requires_grad=True)
    z = checkpoint(function, x, use_reentrant=False)
    gc.disable()
    try:
        assert arrays[0]() is None
        z.sum().backward()
        del z
        assert all(each() is None for each in arrays)
    finally:
        gc.enable()
    assert x.grad.tolist() == pytest.approx((minigrad.ones(3).exp() * minigrad.ones(3).exp().cos()).tolist())
