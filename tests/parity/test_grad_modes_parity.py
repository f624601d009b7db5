"""Grad modes and anomaly mode, as in PyTorch."""

from __future__ import annotations

import threading
import warnings

import pytest

pytest.importorskip("torch")

import minigrad
from tests.parity.both import attempt, leaf, same


def mk(torch, forward, backward, setup_context=None, name="MyFn"):
    """Make a `Function` of its static methods."""
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    if setup_context:
        methods["setup_context"] = staticmethod(setup_context)
    return type(name, (torch.autograd.Function,), methods)


@same
def test_contexts_and_decorators(torch):
    x = leaf(torch, 1.0)
    out = []
    with torch.no_grad():
        out.append((x * 2).requires_grad)
        with torch.enable_grad():
            out.append((x * 2).requires_grad)
        out.append(torch.is_grad_enabled())
    out.append(torch.is_grad_enabled())

    @torch.no_grad()
    def f():
        return torch.is_grad_enabled()

    @torch.no_grad
    def g():
        return torch.is_grad_enabled()

    @torch.enable_grad()
    def h():
        return torch.is_grad_enabled()

    @torch.set_grad_enabled(False)
    def k():
        return torch.is_grad_enabled()

    out += [f(), g(), torch.is_grad_enabled(), k(), torch.is_grad_enabled()]
    with torch.no_grad():
        out.append(h())

    @torch.inference_mode()
    def i():
        return torch.is_grad_enabled(), torch.is_inference_mode_enabled()

    @torch.inference_mode
    def j():
        return torch.is_grad_enabled(), torch.is_inference_mode_enabled()

    out += [i(), j(), torch.is_inference_mode_enabled()]
    with torch.inference_mode(False):
        out.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled()))
    with torch.set_grad_enabled(False):
        out.append(torch.is_grad_enabled())
    out.append(torch.is_grad_enabled())
    torch.set_grad_enabled(False)
    out.append(torch.is_grad_enabled())
    torch.set_grad_enabled(True)
    out.append(f.__name__)
    try:
        with torch.no_grad():
            raise ValueError
    except ValueError:
        out.append(torch.is_grad_enabled())
    ng = torch.no_grad()
    with ng:
        out.append(torch.is_grad_enabled())
    with ng:
        out.append(torch.is_grad_enabled())
    out.append(torch.is_grad_enabled())
    with torch.set_grad_enabled(mode=False):
        out.append(torch.is_grad_enabled())
    with torch.inference_mode(mode=True):
        out.append(torch.is_grad_enabled())
    with torch.no_grad(), torch.inference_mode(False):
        out.append(torch.is_grad_enabled())
    return out


@same
def test_wrong_arguments(torch):
    return [
        attempt(f)
        for f in (
            lambda: torch.set_grad_enabled(),
            lambda: torch.set_grad_enabled("a"),
            lambda: torch.set_grad_enabled("b"),
            lambda: torch.inference_mode(3),
            lambda: torch.no_grad(3),
        )
    ]


@same
def test_decorated_class(torch):
    @torch.no_grad()
    class A:
        def __init__(self):
            self.e = torch.is_grad_enabled()

    return A().e


@same
def test_decorated_generator(torch):
    @torch.no_grad()
    def f():
        a = yield torch.is_grad_enabled()
        try:
            b = yield (a, torch.is_grad_enabled())
        except KeyError:
            b = "k"
        yield b, torch.is_grad_enabled()
        return 5

    g = f()
    out = [
        next(g),
        torch.is_grad_enabled(),
        g.send(7),
        torch.is_grad_enabled(),
        g.throw(KeyError),
        torch.is_grad_enabled(),
    ]
    try:
        next(g)
    except StopIteration as s:
        out.append(s.value)
    closed = []

    @torch.no_grad()
    def h():
        try:
            yield 1
        finally:
            closed.append(torch.is_grad_enabled())

    g = h()
    next(g)
    g.close()
    return out, closed, torch.is_grad_enabled()


@same
def test_decorated_generator_leaves_the_caller_alone(torch):
    @torch.enable_grad()
    def f():
        for _ in range(2):
            yield torch.is_grad_enabled()

    with torch.no_grad():
        return [(a, torch.is_grad_enabled()) for a in f()]


@same
def test_modes_are_local_to_a_thread(torch):
    out = []
    with torch.no_grad():
        th = threading.Thread(target=lambda: out.append(torch.is_grad_enabled()))
        th.start()
        th.join()
    return out


@same
def test_decorated_methods(torch):
    class A:
        @torch.no_grad()
        def f(self, x):
            return (x * 2).requires_grad

        @torch.inference_mode()
        def g(self, x):
            return torch.is_inference_mode_enabled(), (x * 2).requires_grad

        @staticmethod
        @torch.no_grad()
        def h(x):
            return (x * 2).requires_grad

    x = leaf(torch, 1.0)
    return A().f(x), A().g(x), A.h(x)


@same
def test_leaves_made_under_no_grad(torch):
    with torch.no_grad():
        x = torch.ones(2, requires_grad=True)
        p = torch.nn.Parameter(torch.ones(2))
        return x.requires_grad, p.requires_grad, x.is_leaf


@same
def test_anomaly_names_the_node_of_a_nan(torch):

    x = leaf(torch, -1.0)
    with torch.autograd.detect_anomaly():
        y = x.sqrt()
        return attempt(lambda: y.backward())


@same
def test_anomaly_shows_the_forward_line(torch):
    x = leaf(torch, 0.0)
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        with torch.autograd.set_detect_anomaly(True):
            y = x.sqrt() * 0  # the forward line
            r = attempt(lambda: y.backward())
    texts = [str(i.message) for i in w]
    return r, [("the forward line" in s, s.split(".")[0], i.category.__name__) for s, i in zip(texts, w, strict=False)]


@same
def test_anomaly_shows_the_line_of_a_failing_backward(torch):
    def b(ctx, g):
        raise ValueError("boom")

    F = mk(torch, lambda ctx, x: x * 1, b)
    x = leaf(torch, 0.0)
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        with torch.autograd.set_detect_anomaly(True):
            y = F.apply(x)
            r = attempt(lambda: y.backward())
    return r, [(str(i.message).split(".")[0]) for i in w]


@same
def test_anomaly_without_the_check_for_nan(torch):
    x = leaf(torch, -1.0)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        y = x.sqrt()
        y.backward()
    return (
        str(x.grad.item()),
        torch.is_anomaly_enabled(),
        torch.is_anomaly_check_nan_enabled(),
        torch.autograd.is_anomaly_enabled() if hasattr(torch.autograd, "is_anomaly_enabled") else False,
    )


@same
def test_anomaly_as_a_function(torch):
    torch.autograd.set_detect_anomaly(True)
    a = torch.is_anomaly_enabled()
    torch.autograd.set_detect_anomaly(False)
    with torch.autograd.detect_anomaly(check_nan=False):
        b = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
    return a, b, torch.is_anomaly_enabled()


@same
def test_exception_in_backward_restores_the_mode(torch):
    def b(ctx, g):
        raise ValueError("boom")

    F = mk(torch, lambda ctx, x: x * 1, b)
    x = leaf(torch, 0.0)
    y = F.apply(x)
    r = attempt(lambda: y.backward())
    return r, torch.is_grad_enabled()


@same
def test_tensors_of_inference_mode_are_marked(torch):
    w = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        a, b, made = torch.ones(2), torch.tensor([1.0, 2.0]), torch.nn.Linear(2, 2).weight
        of_normal, result = w.view(2), w * 2
        with torch.inference_mode(False):
            normal = torch.ones(2)
        a.add_(1)
        a[0] = 5.0
    tensors = [a, b, made, of_normal, result, normal, a[0], a.view(2), a.detach(), a.data, a.clone(), a * 2, w]
    tensors += [a.double(), a.float(), a.contiguous(), w.detach(), a.unsqueeze(0)[0]]
    return (
        [each.is_inference() for each in tensors],
        torch.is_inference(a),
        a,
        a + w,
        torch.stack([a, w]),
        w.data.copy_(a),
    )


@same
def test_tensors_of_inference_mode_are_not_changed_or_saved_outside(torch):
    w = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        a, b = torch.ones(2), torch.ones(2)

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx, grad):
            return grad, grad

    def assign():
        a[0] = 1.0

    calls = [
        lambda: a.add_(1),
        lambda: a.copy_(b),
        lambda: a * w,
        lambda: w * a,
        lambda: a.view(2).add_(1),
        lambda: b.clone().add_(1),
        lambda: a.requires_grad_(),
        lambda: a.normal_(),
        lambda: a.zero_(),
        lambda: a.relu_(),
        lambda: a._version,
        lambda: torch.nn.functional.linear(a[None], w[None]),
        lambda: torch.nn.Parameter(a),
        lambda: Square.apply(w, a),
        assign,
    ]
    found = [attempt(call) for call in calls]
    with torch.no_grad():
        found += [attempt(lambda: a.add_(1)), attempt(lambda: b * w)]
    with torch.inference_mode():
        found += [attempt(lambda: b.add_(1)), attempt(lambda: w.add_(1)), w._version]
    return found


def test_inference_mode_of_another_thread_marks_nothing_here():
    entered, leave = threading.Event(), threading.Event()

    def infer():
        with minigrad.inference_mode():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=infer)
    thread.start()
    entered.wait(10)
    made = minigrad.ones(2)
    leave.set()
    thread.join()
    assert not made.is_inference()
    assert not (made * 2).is_inference()
