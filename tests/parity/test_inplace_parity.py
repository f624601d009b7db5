"""Writing into tensors of the graph and their views, as PyTorch allows, records and refuses it."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, leaf, same


@same
def test_a_comparison_in_place_passes_no_gradient_on(torch):
    def compare(name):
        x, bound = leaf(torch, 1.0, 2.0, 3.0), leaf(torch, 2.0)
        y = x * 2
        getattr(y, name)(bound)
        (y * x).sum().backward()
        return type(y.grad_fn).__name__, y, x.grad, bound.grad

    return [compare(name) for name in ("eq_", "ne_", "lt_", "le_", "gt_", "ge_")]


@same
def test_writing_into_a_leaf_or_a_view_of_one(torch):
    x = leaf(torch, 1.0, 2.0)

    def assigned():
        x[0] = 1

    def assigned_in_a_part():
        x[0][...] = 1

    def assigned_at_an_index_tensor():
        x[torch.tensor([0])] = 1

    def added():
        y = x
        y += 1

    def written_while_nothing_is_recorded():
        with torch.no_grad():
            x.add_(1)
            x[0] = 5
            x[1:].mul_(3)
        return x, x.is_leaf

    writes = (
        lambda: x.add_(1),
        assigned,
        lambda: x[:1].add_(1),
        lambda: x.view(2, 1).zero_(),
        added,
        assigned_in_a_part,
        lambda: x.copy_(x.detach()),
        lambda: [x.detach().add_(1), x],
        lambda: [x.data.add_(1), x],
        written_while_nothing_is_recorded,
        lambda: x.zero_(),
        lambda: x.fill_(1),
        lambda: x.normal_(),
        lambda: x.t_(),
        lambda: x.unsqueeze_(0),
        assigned_at_an_index_tensor,
        lambda: x.clamp_(0, 1),
        lambda: x.index_fill_(0, torch.tensor([0]), 1.0),
        lambda: x.uniform_(),
        lambda: [x.detach_(), x.requires_grad],
    )
    return [attempt(write) for write in writes]


@same
def test_writes_into_a_result_are_differentiable(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    y = x * 2
    y += x
    y.mul_(x)
    y[0] = 10.0
    y[1:] *= 2
    y.sum().backward()
    return y, x.grad


@same
def test_gradient_reaches_an_assigned_value(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    v = leaf(torch, 5.0)
    y = torch.zeros(3, dtype=torch.float64)
    y[1] = v
    y[2] = v * x[0]
    (y * x).sum().backward()
    return y, x.grad, v.grad


@same
def test_writes_through_views_of_views(torch):
    x = leaf(torch, 1.0, 2.0, 3.0, 4.0)
    y = x * 1
    v = y.view(2, 2)
    w = v[0]
    w.mul_(3)
    v[1] += w
    y.add_(1)
    o = (v * v).sum() + w.sum()
    o.backward()
    return y, v, w, x.grad


@same
def test_write_into_a_view_whose_base_requires_grad(torch):
    x = leaf(torch, 1.0, 2.0, 3.0, 4.0)
    y = x * 1
    v = y[1:3]
    y.mul_(x)
    v2 = v * v
    v2.sum().backward()
    return v, x.grad


@same
def test_write_of_a_tracked_value_into_an_untracked_base(torch):
    y = torch.zeros(4, dtype=torch.float64)
    v = y[:2]
    x = leaf(torch, 1.0, 2.0)
    v.copy_(x)
    r = y.requires_grad
    (y * y).sum().backward()
    return r, y, v, x.grad, y.is_leaf, v.is_leaf


@same
def test_view_made_under_no_grad_refuses_a_recorded_write(torch):
    x = leaf(torch, 1.0, 2.0, 3.0, 4.0)
    y = x * 1
    with torch.no_grad():
        v = y[:2]

    def f():
        v.mul_(2)
        return v, y

    return attempt(f)


@same
def test_one_of_several_views_refuses_a_recorded_write(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    a, _b = y.unbind()
    return attempt(lambda: a.mul_(2))


@same
def test_parts_refuse_a_recorded_write(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    a, _b = y.split(1)
    return attempt(lambda: a.mul_(2)), attempt(lambda: y.chunk(2)[0].add_(1))


@same
def test_version_counts_the_writes(torch):
    x = torch.zeros(3)
    a = x._version
    x.add_(1)
    b = x._version
    v = x[1:]
    v.add_(1)
    c = x._version
    d = x.detach()
    d.zero_()
    e = x._version
    x.data.add_(1)
    f = x._version
    x[0] = 1
    g = x._version
    with torch.no_grad():
        x.add_(1)
    h = x._version
    n = x.numpy()
    n[0] = 4
    i = x._version
    x.requires_grad_()
    y = x * 1
    z = y.view(3)
    z.add_(1)
    x2 = x.detach().clone()
    return a, b, c, e, f, g, h, i, y._version, z._version, x2._version, x.zero_.__name__


@same
def test_every_kind_of_write_counts(torch):
    x = torch.zeros(3)
    out = []
    for f in (
        lambda: x.fill_(1),
        lambda: x.copy_(torch.ones(3)),
        lambda: x.normal_(),
        lambda: x.uniform_(),
        lambda: x.unsqueeze_(0),
        lambda: x.squeeze_(0),
        lambda: x.exp_(),
        lambda: x.clamp_(0, 1),
        lambda: x.index_add_(0, torch.tensor([0]), torch.ones(1)),
        lambda: x.masked_fill_(torch.tensor([True, False, True]), 0.0),
        lambda: x.scatter_(0, torch.tensor([0]), 1.0),
        lambda: torch.add(x, 1, out=x),
    ):
        f()
        out.append(x._version)
    return out


@same
def test_changing_a_saved_input_raises_where_pytorch_raises(torch):
    x = leaf(torch, 1.0, 2.0)

    def f(fn):
        def g():
            y = x * 1
            z = fn(y)
            y.add_(1)
            z.sum().backward()
            return x.grad

        x.grad = None
        return attempt(g)

    fs = {
        "mul": lambda y: y * y,
        "exp": lambda y: y.exp(),
        "add": lambda y: y + 1,
        "sum": lambda y: y.sum(),
        "sig": lambda y: y.sigmoid(),
        "mm": lambda y: y @ y,
        "pow": lambda y: y**2,
        "log": lambda y: y.log(),
        "cat": lambda y: torch.cat([y, y]),
        "relu": lambda y: y.relu(),
        "abs": lambda y: y.abs(),
        "idx": lambda y: y[torch.tensor([0])],
        "softmax": lambda y: y.softmax(0),
        "mul2": lambda y: y * 2,
        "max": lambda y: y.max(),
        "where": lambda y: torch.where(y > 0, y, y),
        "norm": lambda y: y.norm(),
        "var": lambda y: y.var(),
    }
    return {k: f(v) for k, v in fs.items()}


@same
def test_changing_a_saved_output_raises_where_pytorch_raises(torch):
    x = leaf(torch, 1.0, 2.0)

    def f(fn):
        def g():
            z = fn(x)
            z.add_(1)
            z.sum().backward()
            return x.grad

        x.grad = None
        return attempt(g)

    fs = {
        "exp": lambda y: y.exp(),
        "sig": lambda y: y.sigmoid(),
        "relu": lambda y: y.relu(),
        "tanh": lambda y: y.tanh(),
        "sqrt": lambda y: y.sqrt(),
        "softmax": lambda y: y.softmax(0),
        "rec": lambda y: 1 / y,
        "add": lambda y: y + 1,
    }
    return {k: f(v) for k, v in fs.items()}


@same
def test_changing_an_index_tensor_raises(torch):
    x = leaf(torch, 1.0, 2.0)
    i = torch.tensor([0, 1])
    y = x[i]
    i.zero_()
    return attempt(lambda: y.sum().backward()), x.grad


@same
def test_multiplying_a_tensor_by_itself_in_place_raises(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    y.mul_(y)
    return attempt(lambda: y.sum().backward()), x.grad


@same
def test_operation_that_saves_its_output(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    y.exp_()
    y.sum().backward()
    return x.grad


@same
def test_chain_of_operations_that_save_their_outputs(torch):
    x = leaf(torch, 1.0, -2.0)
    y = x * 1
    y.relu_()
    z = y * 3
    z.sigmoid_()
    z.tanh_()
    z.sum().backward()
    return x.grad


@same
def test_gradient_through_a_write_has_the_dtype_of_its_input(torch):
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    y = torch.zeros(2)
    y += x
    y.sum().backward()
    return y, x.grad


@same
def test_gradient_through_a_broadcast_write(torch):
    x = torch.ones(1, dtype=torch.float64, requires_grad=True)
    y = torch.zeros(2, dtype=torch.float64)
    y += x
    y.sum().backward()
    z = torch.zeros(2)
    return y, x.grad, attempt(lambda: z.add_(torch.ones(3, 2)))


@same
def test_retained_gradient_follows_the_tensor_through_a_write(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.mul_(5)
    y.sum().backward()
    return y.grad, x.grad


@same
def test_hook_stays_with_the_value_it_was_registered_on(torch):
    x = leaf(torch, 1.0, 2.0)
    n = []
    y = x * 2
    y.register_hook(lambda g: n.append(g.tolist()))
    y.mul_(5)
    y.register_hook(lambda g: n.append(("b", g.tolist())))
    y.sum().backward()
    return n


@same
def test_view_of_a_parameter_updated_since(torch):
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    v = w.t()
    with torch.no_grad():
        w -= 1
    y = (v @ v).sum()
    y.backward()
    return w.grad, v


@same
def test_assignment_into_a_view_made_under_no_grad(torch):
    y = leaf(torch, 1.0, 2.0) * 1
    with torch.no_grad():
        v = y[:1]

    def f():
        v[0] = 3

    def g():
        with torch.no_grad():
            v[0] = 3
        return y

    return attempt(f).partition(":")[0], attempt(g)


@same
def test_writes_where_a_mask_is_true(torch):
    x = leaf(torch, 1.0, -2.0, 3.0)
    y = x * 2
    y[y < 0] = 0
    y[y > 5] *= 10
    y.sum().backward()
    return y, x.grad


@same
def test_augmented_assignment_at_an_index(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    y = x * 1
    y[[0, 2]] += x[1]
    y[1:] -= 1
    y[..., 0] /= 2
    y.sum().backward()
    return y, x.grad


@same
def test_copies_of_a_tracked_tensor(torch):
    a = torch.zeros(2, 3, dtype=torch.float64)
    x = leaf(torch, 1.0, 2.0, 3.0)
    a.copy_(x)
    a[0].copy_(x * 2)
    a.sum().backward()
    return x.grad, a


@same
def test_out_argument(torch):
    a = torch.empty(2)
    b = torch.ones(2, requires_grad=True)
    return attempt(lambda: torch.add(b, 1, out=a)), attempt(lambda: torch.add(torch.ones(2), 1, out=b))


@same
def test_scattered_writes(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    y = x * 1
    y.index_add_(0, torch.tensor([0, 0]), x[:2])
    y.scatter_(0, torch.tensor([2]), x[:1])
    y.masked_fill_(torch.tensor([False, True, False]), 9.0)
    y.index_fill_(0, torch.tensor([1]), 2.0)
    (y * y).sum().backward()
    return y, x.grad


@same
def test_results_that_do_not_fit(torch):
    i = torch.tensor([1, 2])
    return (
        attempt(lambda: i.add_(1.5)),
        attempt(lambda: i.div_(2)),
        attempt(lambda: i.mul_(torch.ones(2))),
        attempt(lambda: torch.tensor(1.0).add_(torch.ones(2))),
    )


@same
def test_swapping_elements(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    y[0], y[1] = y[1].clone(), y[0].clone()
    (y * torch.tensor([1.0, 10.0], dtype=torch.float64)).sum().backward()
    return x.grad


@same
def test_power_of_an_element_written_back(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    y[0] = y[0] ** 3
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    return g.tolist(), h


@same
def test_view_used_after_a_write_elsewhere(torch):
    x = leaf(torch, *range(1, 7))
    y = (x * 1).view(2, 3)
    y[0] += y[1]
    y[:, 1] *= 2
    y[1, 2] = y[0, 0] * y[1, 1]
    y.t()[0].mul_(3)
    (y * y).sum().backward()
    return y, x.grad


@same
def test_a_scale_is_looked_at_even_where_it_equals_one(torch):
    def scaled(name, make, alpha):
        x = make()
        return attempt(lambda: getattr(x, name)(make(), alpha=alpha))

    makes = (lambda: torch.ones(2), lambda: torch.ones(2).int(), lambda: torch.tensor([True, False]))
    return [
        scaled(name, make, alpha) for name in ("add_", "sub_") for make in makes for alpha in (1, 1.0, True, 0.5, 2)
    ]
