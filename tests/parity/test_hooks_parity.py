"""Hooks of tensors and nodes, and what a node shows, as in PyTorch."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, leaf, same


@same
def test_order_change_and_removal(torch):
    x = leaf(torch, 1.0, 2.0)
    log = []
    y = x * 2
    z = y * 3
    y.register_hook(lambda g: log.append(("y1", g.tolist())))
    y.register_hook(lambda g: g * 10)
    h = y.register_hook(lambda g: log.append("removed"))
    y.register_hook(lambda g: log.append(("y2", g.tolist())))
    x.register_hook(lambda g: log.append(("x1", g.tolist())))
    x.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: log.append(("x2", g.tolist())))
    h.remove()
    z.sum().backward()
    return log, x.grad


@same
def test_leaf_hook_sees_the_sum_of_a_pass(torch):
    x = leaf(torch, 1.0)
    n = []
    x.register_hook(lambda g: n.append(g.item()))
    (x * 2 + x * 3).backward()
    (x * x).backward()
    return n


@same
def test_hooks_that_return_something_wrong(torch):
    x = torch.ones(2)
    y = leaf(torch, 1.0, 2.0) * 1

    def bad():
        z = leaf(torch, 1.0)
        z.register_hook(lambda g: 3)
        z.backward()

    def badshape():
        z = leaf(torch, 1.0)
        z.register_hook(lambda g: torch.ones(3, dtype=torch.float64))
        z.backward()
        return z.grad

    def baddtype():
        z = leaf(torch, 1.0)
        z.register_hook(lambda g: torch.ones(()))
        z.backward()
        return z.grad

    def raises():
        z = leaf(torch, 1.0)
        z.register_hook(lambda g: 1 / 0)
        z.backward()
        return z.grad

    return [
        attempt(f)
        for f in (
            lambda: x.register_hook(print),
            lambda: x.register_post_accumulate_grad_hook(print),
            lambda: y.register_post_accumulate_grad_hook(print),
            bad,
            badshape,
            baddtype,
            raises,
            lambda: x.retain_grad(),
        )
    ]


@same
def test_handle_is_a_context_manager(torch):
    x = leaf(torch, 1.0)
    n = []
    with x.register_hook(lambda g: n.append(1)):
        (x * 2).backward()
    (x * 2).backward()
    return n


@same
def test_post_accumulate_hook_sees_the_gradient(torch):
    x = leaf(torch, 1.0, 2.0)
    log = []
    x.register_post_accumulate_grad_hook(lambda p: log.append((p is x, p.grad.tolist())))
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    torch.autograd.grad((x * 2).sum(), x)
    return log


@same
def test_post_accumulate_hook_may_update_and_drop_the_gradient(torch):
    x = leaf(torch, 1.0, 2.0)

    def upd(p):
        with torch.no_grad():
            p.sub_(p.grad * 0.1)
        p.grad = None

    x.register_post_accumulate_grad_hook(upd)
    (x * x).sum().backward()
    return x, x.grad


@same
def test_retained_gradient(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    z = y * y
    z.retain_grad()
    z.sum().backward()
    (x * 2).sum().backward()
    return y.grad, z.grad, y.retains_grad, x.retains_grad, z.is_leaf


@same
def test_retained_gradients_accumulate(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    y.retain_grad()
    (y * 3).sum().backward(retain_graph=True)
    (y * 3).sum().backward()
    return y.grad


@same
def test_retained_gradient_is_what_the_hooks_made_of_it(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    (y * 3).sum().backward()
    return y.grad, x.grad


@same
def test_hook_of_a_view(torch):
    x = leaf(torch, 1.0, 2.0)
    n = []
    v = (x * 1)[0]
    v.register_hook(lambda g: n.append(g.tolist()))
    v.backward()
    return n


@same
def test_leaf_hooks_run_in_grad(torch):
    x = leaf(torch, 1.0, 2.0)
    n = []
    x.register_hook(lambda g: n.append(g.tolist()) or g * 2)
    r = torch.autograd.grad((x * 3).sum(), x)
    return r, n, x.grad


@same
def test_hooks_of_a_wanted_non_leaf(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    n = []
    y.register_hook(lambda g: n.append(g.tolist()) or g * 2)
    y.retain_grad()
    r = torch.autograd.grad((y * 3).sum(), [x, y])
    return r, n, y.grad


@same
def test_hooks_and_prehooks_of_nodes(torch):
    x = leaf(torch, 1.0, 2.0)
    log = []
    y = x * 2
    z = y * 3
    z.grad_fn.register_hook(
        lambda gi, go: log.append(
            ("h", len(gi), [None if g is None else g.tolist() for g in gi], [g.tolist() for g in go])
        )
    )
    z.grad_fn.register_prehook(lambda go: log.append(("pre", [g.tolist() for g in go])))
    y.grad_fn.register_prehook(lambda go: (go[0] * 2,))
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * 5, None))
    z.sum().backward()
    return log, x.grad


@same
def test_node_hook_changes_the_gradient(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x.exp()
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * 5,))
    y.sum().backward()
    return x.grad


@same
def test_node_hook_changes_both_gradients(torch):
    x = leaf(torch, 1.0, 2.0)
    w = leaf(torch, 1.0, 2.0)
    y = x * w
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * 5, gi[1] * 7))
    y.sum().backward()
    return x.grad, w.grad


@same
def test_node_hook_with_too_few_values(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    y.grad_fn.register_hook(lambda gi, go: (gi[0],))
    return attempt(lambda: y.sum().backward())


@same
def test_next_functions(torch):
    x = leaf(torch, 1.0, 2.0)
    w = torch.ones(2, dtype=torch.float64)
    y = x * w
    z = w * x + x
    s = z.sum()
    m = torch.cat([x, w, y])

    def names(n):
        return [(None if a is None else a.name(), b) for a, b in n.next_functions]

    acc = y.grad_fn.next_functions[0][0]
    return (
        names(y.grad_fn),
        names(z.grad_fn),
        names(s.grad_fn),
        names(m.grad_fn),
        acc.variable is x,
        acc.next_functions,
        x.grad_fn,
        x.sort()[0].grad_fn.name(),
        (x * 2).grad_fn.next_functions[1],
        z.unbind()[1].grad_fn.name(),
        z.unbind()[1].output_nr,
        x.output_nr,
    )


@same
def test_hooks_of_the_end_of_the_graph(torch):
    x = leaf(torch, 1.0, 2.0)
    acc = x.view_as(x).grad_fn.next_functions[0][0]
    log = []
    acc.register_hook(lambda gi, go: log.append((len(gi), len(go), go[0].tolist())))
    acc.register_prehook(lambda go: log.append(go[0].tolist()))
    (x * 3).sum().backward()
    return log


@same
def test_what_a_node_shows(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    return (
        y.grad_fn is y.grad_fn,
        y.grad_fn == y.grad_fn,
        repr(y.grad_fn)[:22],
        y.grad_fn.metadata,
        isinstance(y.grad_fn, torch.autograd.graph.Node),
    )


@same
def test_saved_values_of_a_node(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * x
    return y.grad_fn._saved_self, y.grad_fn._saved_other


@same
def test_hooks_of_all_modules(torch):
    everywhere, log = torch.nn.modules.module, []
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())
    model.register_forward_hook(lambda module, args, output: log.append("own"))
    handles = [
        everywhere.register_module_forward_pre_hook(lambda module, args: log.append(("before", type(module).__name__))),
        everywhere.register_module_forward_hook(lambda module, args, output: log.append(type(module).__name__)),
        everywhere.register_module_full_backward_pre_hook(lambda module, grads: log.append(len(grads))),
        everywhere.register_module_full_backward_hook(lambda module, inputs, outputs: log.append(len(inputs))),
        everywhere.register_module_forward_hook(
            lambda module, args, kwargs, output: output * 2, with_kwargs=True, always_call=True
        ),
    ]
    try:
        x = torch.ones(1, 2, requires_grad=True)
        found = model(x)
        found.sum().backward()
        mixed = attempt(lambda: everywhere.register_module_backward_hook(lambda *args: None))
    finally:
        for handle in handles:
            handle.remove()
    return found.tolist(), x.grad, log, mixed, model(x).tolist(), len(log)


@same
def test_hooks_of_registration(torch):
    everywhere, log = torch.nn.modules.module, []
    handles = [
        everywhere.register_module_parameter_registration_hook(lambda module, name, value: log.append(name)),
        everywhere.register_module_buffer_registration_hook(lambda module, name, value: log.append(name)),
        everywhere.register_module_module_registration_hook(
            lambda module, name, value: torch.nn.Identity() if name == "old" else None
        ),
    ]
    try:
        model = torch.nn.Module()
        model.bn = torch.nn.BatchNorm1d(2)
        model.old = torch.nn.ReLU()
        model.add_module("other", torch.nn.ReLU())
    finally:
        for handle in handles:
            handle.remove()
    return log, repr(model), torch.nn.Linear(1, 1) is not None, len(log)


@same
def test_hooks_of_a_step_are_given_the_optimizer_among_the_arguments(torch):
    p = torch.nn.Parameter(torch.ones(1))
    optimizer, log = torch.optim.SGD([p], lr=0.1), []
    optimizer.register_step_pre_hook(lambda own, args, kwargs: log.append((len(args), args[0] is own, kwargs)))
    optimizer.register_step_post_hook(lambda own, args, kwargs: log.append((len(args), args[0] is own, kwargs)))
    optimizer.step()
    optimizer.step(lambda: 3)
    optimizer.register_step_pre_hook(lambda own, args, kwargs: (args[:1], {}))
    optimizer.step(lambda: log.append("called"))
    return log
