"""`autograd.Function`, with everything that PyTorch lets its authors do."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, leaf, same


def mk(torch, forward, backward, setup_context=None, name="MyFn"):
    """Make a `Function` of its static methods."""
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    if setup_context:
        methods["setup_context"] = staticmethod(setup_context)
    return type(name, (torch.autograd.Function,), methods)


@same
def test_saves_tensors_and_numbers(torch):
    def f(ctx, x, c):
        ctx.save_for_backward(x)
        ctx.c = c
        return x * x * c

    def b(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x * ctx.c, None

    F = mk(torch, f, b)
    x = leaf(torch, 1.0, 2.0)
    y = F.apply(x, 3.0)
    n = y.grad_fn.name()
    r = repr(y)
    y.sum().backward()
    return y, x.grad, n, r, attempt(lambda: y.sum().backward())


@same
def test_without_saved_tensors_runs_twice(torch):
    F = mk(torch, lambda ctx, x: x * 2, lambda ctx, g: g * 2)
    x = leaf(torch, 1.0)
    y = F.apply(x)
    y.backward()
    y.backward()
    return x.grad


@same
def test_several_outputs(torch):
    log = []

    def f(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y, x + y

    def b(ctx, g, h):
        x, y = ctx.saved_tensors
        log.append((g.tolist(), h.tolist(), ctx.needs_input_grad))
        return g * y + h, g * x + h

    F = mk(torch, f, b)
    x = leaf(torch, 1.0, 2.0)
    y = torch.tensor([3.0, 4.0], dtype=torch.float64)
    a, c = F.apply(x, y)
    a.sum().backward()
    return x.grad, log, a.output_nr, c.output_nr, a.grad_fn is c.grad_fn


@same
def test_unmaterialized_gradients(torch):
    log = []

    def f(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 1, x * 2

    def b(ctx, g, h):
        log.append((g is None, h is None))
        return (g if g is not None else 0) + (2 * h if h is not None else 0)

    F = mk(torch, f, b)
    x = leaf(torch, 1.0, 2.0)
    _a, c = F.apply(x)
    c.sum().backward()
    return x.grad, log


@same
def test_output_marked_non_differentiable(torch):
    log = []

    def f(ctx, x):
        i = x > 1
        x * 2
        ctx.mark_non_differentiable(i)
        return x * 3, i

    def b(ctx, g, h):
        log.append((g.tolist(), None if h is None else (h.tolist(), str(h.dtype))))
        return g * 3

    F = mk(torch, f, b)
    x = leaf(torch, 1.0, 2.0)
    a, i = F.apply(x)
    a.sum().backward()
    return x.grad, log, i.requires_grad, a.requires_grad, i


@same
def test_floating_output_marked_non_differentiable(torch):
    def f(ctx, x):
        z = x * 2
        ctx.mark_non_differentiable(z)
        return x * 3, z

    F = mk(torch, f, lambda ctx, g, h: g * 3)
    x = leaf(torch, 1.0, 2.0)
    a, z = F.apply(x)
    return z.requires_grad, z.grad_fn, z.is_leaf, a.requires_grad


@same
def test_integer_output(torch):
    F = mk(torch, lambda ctx, x: x.argmax(), lambda ctx, g: None)
    x = leaf(torch, 1.0, 2.0)
    y = F.apply(x)
    return y.requires_grad


@same
def test_input_marked_dirty(torch):
    def f(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    F = mk(torch, f, lambda ctx, g: g * 2)
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    z = F.apply(y)
    same = z is y
    n = y.grad_fn.name()
    z.sum().backward()
    return same, n, x.grad, y, attempt(lambda: F.apply(x)), z._version


@same
def test_dirty_view(torch):
    def f(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    F = mk(torch, f, lambda ctx, g: g * 2)
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    v = y[0]
    F.apply(v)
    y.sum().backward()
    return x.grad, y


@same
def test_dirty_input_without_a_graph(torch):
    def f(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    F = mk(torch, f, lambda ctx, g: g * 2)
    x = torch.ones(2)
    return F.apply(x) is x


@same
def test_dirty_input_that_is_not_returned(torch):
    def f(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x * 1

    F = mk(torch, f, lambda ctx, g: g * 2)
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    return attempt(lambda: F.apply(y))


@same
def test_input_returned_as_it_is(torch):
    F = mk(torch, lambda ctx, x: x, lambda ctx, g: g * 7)
    x = leaf(torch, 1.0, 2.0)
    y = F.apply(x)
    y.sum().backward()
    return y is x, x.grad, y.grad_fn is not None, y.data_ptr() == x.data_ptr()


@same
def test_view_returned(torch):
    F = mk(torch, lambda ctx, x: x.view(2, 1), lambda ctx, g: g.view(2) * 7)
    x = leaf(torch, 1.0, 2.0)
    y = F.apply(x)
    y.sum().backward()
    return y, x.grad, attempt(lambda: y.mul_(2))


@same
def test_once_differentiable(torch):
    from importlib import import_module

    od = import_module(torch.__name__ + ".autograd.function").once_differentiable

    def f(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    def b(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x

    F = mk(torch, f, od(b))
    x = leaf(torch, 1.0, 2.0)
    y = F.apply(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return g.tolist(), g.requires_grad, attempt(lambda: g.sum().backward())


@same
def test_double_backward(torch):
    def f(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    def b(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2

    F = mk(torch, f, b)
    x = leaf(torch, 1.0, 2.0)
    y = F.apply(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    return g.tolist(), h


@same
def test_double_backward_through_a_saved_output(torch):
    def f(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    def b(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y

    F = mk(torch, f, b)
    x = leaf(torch, 1.0, 2.0)
    y = F.apply(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    (k,) = torch.autograd.grad(h.sum(), x)
    return g.tolist(), h.tolist(), k


@same
def test_wrong_gradients(torch):
    F = mk(torch, lambda ctx, x, y: x * y, lambda ctx, g: g)
    x = leaf(torch, 1.0)
    F2 = mk(torch, lambda ctx, x: x * 2, lambda ctx, g: (g, None, None))
    F3 = mk(torch, lambda ctx, x: x * 2, lambda ctx, g: (g, g))
    F4 = mk(torch, lambda ctx, x: x * 2, lambda ctx, g: (3,))
    F5 = mk(torch, lambda ctx, x: x * 2, lambda ctx, g: torch.ones(3, dtype=torch.float64))
    F6 = mk(torch, lambda ctx, x: x * 2, lambda ctx, g: None)
    F7 = mk(torch, lambda ctx, x: x * 2, lambda ctx, g: torch.ones((), dtype=torch.float32))
    F8 = mk(torch, lambda ctx, x: x * 2, lambda ctx, g: torch.ones(3, 1, dtype=torch.float64))

    def r(F, *a):
        def f():
            z = leaf(torch, 2.0, 3.0)
            F.apply(z, *a).sum().backward()
            return z.grad

        return attempt(f)

    return [r(F, x), r(F2), r(F3), r(F4), r(F5), r(F6), r(F7), r(F8)]


@same
def test_needs_input_grad(torch):
    log = []

    def b(
        ctx,
        g,
    ):
        log.append(ctx.needs_input_grad)
        return g, None, None, None

    F = mk(torch, lambda ctx, x, y, s, n: x * 1, b)
    F.apply(leaf(torch, 1.0), torch.ones(()), "a", None).backward()
    return log


@same
def test_odd_calls(torch):
    F = mk(torch, lambda ctx, x: x * 2, lambda ctx, g: g)
    return (
        attempt(lambda: F.apply(x=leaf(torch, 1.0))),
        attempt(lambda: F()),
        attempt(lambda: F.apply(3)),
        attempt(lambda: F.apply([leaf(torch, 1.0)])),
    )


@same
def test_setup_context(torch):
    def f(x, c):
        return x * c, x + 1

    def s(ctx, inputs, output):
        x, c = inputs
        ctx.save_for_backward(x, output[0])
        ctx.c = c

    def b(ctx, g, h):
        _x, o = ctx.saved_tensors
        return g * ctx.c + h * o, None

    F = mk(torch, f, b, s)
    x = leaf(torch, 1.0, 2.0)
    a, c = F.apply(x, 4.0)
    (a + c).sum().backward()
    return x.grad, a, c


@same
def test_missing_methods(torch):
    class G(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    class H(torch.autograd.Function):
        @staticmethod
        def backward(ctx, x):
            return x * 2

    def f():
        x = leaf(torch, 1.0)
        G.apply(x).backward()

    return attempt(f), attempt(lambda: H.apply(leaf(torch, 1.0)))


@same
def test_saving_no_tensors(torch):
    def f(ctx, x):
        ctx.save_for_backward(3)
        return x * 2

    F = mk(torch, f, lambda ctx, g: g)

    def f2(ctx, x):
        ctx.save_for_backward(x, None)
        return x * 2

    def b2(ctx, g):
        _x, n = ctx.saved_tensors
        return g if n is None else 0

    F2 = mk(torch, f2, b2)

    def g():
        x = leaf(torch, 1.0)
        F2.apply(x).backward()
        return x.grad

    return attempt(lambda: F.apply(leaf(torch, 1.0))), attempt(g)


@same
def test_saved_tensor_changed_in_place(torch):
    def f(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    def b(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x

    F = mk(torch, f, b)
    x = leaf(torch, 1.0, 2.0)
    y = x * 1
    z = F.apply(y)
    y.add_(1)
    return attempt(lambda: z.sum().backward())[:120]


@same
def test_saved_tensors_after_they_were_freed(torch):
    c = []

    def f(ctx, x):
        ctx.save_for_backward(x)
        c.append(ctx)
        return x * x

    def b(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x

    F = mk(torch, f, b)
    x = leaf(torch, 1.0, 2.0)
    y = F.apply(x)
    y.sum().backward()
    return attempt(lambda: y.grad_fn.saved_tensors), attempt(lambda: c[0].saved_tensors)


@same
def test_node_shows_what_ctx_holds(torch):

    def f(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    F = mk(torch, f, lambda ctx, g: g)
    x = leaf(torch, 1.0, 2.0)
    y = F.apply(x)
    return y.grad_fn.saved_tensors, y.grad_fn.needs_input_grad


@same
def test_grad_mode_inside(torch):
    log = []

    def f(ctx, x):
        log.append((torch.is_grad_enabled(), x.requires_grad))
        return x * 1

    def b(ctx, g):
        log.append((torch.is_grad_enabled(), g.requires_grad))
        return g

    F = mk(torch, f, b)
    x = leaf(torch, 1.0)
    F.apply(x).backward()
    torch.autograd.grad(F.apply(x), x, create_graph=True)
    return log


@same
def test_graph_inside_forward(torch):
    def f(ctx, x):
        with torch.enable_grad():
            z = x.detach().requires_grad_()
            y = (z * z).sum()
        ctx.z = z
        ctx.y = y
        return y.detach()

    def b(ctx, g):
        (r,) = torch.autograd.grad(ctx.y, ctx.z)
        return g * r

    F = mk(torch, f, b)
    x = leaf(torch, 1.0, 2.0)
    F.apply(x).backward()
    return x.grad


@same
def test_outputs_that_are_no_tensors(torch):
    F = mk(torch, lambda ctx, x: (x * 2, 5, "a", None), lambda ctx, g, a, b, c: g * 2)
    x = leaf(torch, 1.0)
    r = F.apply(x)
    F1 = mk(torch, lambda ctx, x: 5, lambda ctx, g: g)
    r[0].backward()
    return list(r), x.grad, attempt(lambda: F1.apply(x))


@same
def test_list_of_outputs(torch):
    F = mk(torch, lambda ctx, x: [x * 2, x * 3], lambda ctx, a, b: a + b)
    x = leaf(torch, 1.0)
    r = attempt(lambda: type(F.apply(x)).__name__)
    return r


@same
def test_straight_through_estimator(torch):
    class STE(torch.autograd.Function):
        @staticmethod
        def forward(ctx, i):
            return torch.sign(i)

        @staticmethod
        def backward(ctx, g):
            return torch.clamp(g, -1, 1)

    x = leaf(torch, -0.5, 2.0)
    STE.apply(x).mul(3).sum().backward()
    return x.grad


@same
def test_parameter_as_input(torch):
    F = mk(torch, lambda ctx, x, w: x @ w, lambda ctx, g: (g, g))
    p = torch.nn.Parameter(torch.ones(2, 2))
    y = F.apply(torch.ones(2, 2), p)
    y.sum().backward()
    return p.grad, y


@same
def test_one_tensor_as_two_arguments(torch):
    F = mk(torch, lambda ctx, x, y: x * y, lambda ctx, g: (g * 2, g * 3))
    x = leaf(torch, 1.0)
    F.apply(x, x).backward()
    return x.grad


@same
def test_names(torch):
    F = mk(torch, lambda ctx, x: x * 1, lambda ctx, g: g, name="LinearFunction")
    y = F.apply(leaf(torch, 1.0))
    return y.grad_fn.name(), repr(y), F.__name__
