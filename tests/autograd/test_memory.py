"""Dropping the result frees the graph at once, without the garbage collector."""

from __future__ import annotations

import gc
import weakref

import pytest

import minigrad as torch
import minigrad.nn.functional as F


class Exponential(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y, x)
        return y, x * 2

    @staticmethod
    def backward(ctx, grad, other):
        y, _ = ctx.saved_tensors
        return grad * y + other * 2


def with_hooks(x):
    y = x * 2
    y.register_hook(lambda grad: grad * 2)
    y.retain_grad()
    return y * y


def with_views(x):
    y = x * 2
    row = y[0]
    row.mul_(3)
    y[1] = row
    return y * row


def anomalous(x):
    with torch.autograd.set_detect_anomaly(True):
        return (x * x).exp()


GRAPHS = {
    "chain": lambda x: ((x * x).exp() + x.sigmoid()).sum(),
    "several outputs": lambda x: x.sort().values[0] + x.max(0).values,
    "parts": lambda x: x.unbind()[0] * x.split(1)[1],
    "joined": lambda x: torch.cat([x * 2, torch.stack([x[0], x[1]])]),
    "views and writes": with_views,
    "function": lambda x: Exponential.apply(x)[0],
    "hooks": with_hooks,
    "loss": lambda x: F.cross_entropy(F.linear(x, x), torch.tensor([0, 1])),
    "anomaly": anomalous,
}


@pytest.fixture
def _no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def watched(out):
    """Return weak references to all nodes behind a result."""
    found, waiting = {}, [out.grad_fn]
    while waiting:
        node = waiting.pop()
        if isinstance(node, torch.autograd.graph.Node) and node not in found:
            found[node] = weakref.ref(node)
            waiting.extend(each for each, _ in node.next_functions)
    return list(found.values())


@pytest.mark.parametrize("run", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.usefixtures("_no_collector")
def test_dropping_the_result_frees_the_graph(run):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    run(x)  # Numba may keep the frames from which it compiled a kernel, until the collector runs
    out = run(x)
    nodes = watched(out)
    assert nodes
    assert all(each() is not None for each in nodes)
    del out
    assert all(each() is None for each in nodes)


@pytest.mark.parametrize("run", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.usefixtures("_no_collector")
def test_dropping_the_result_after_backward_frees_the_graph(run):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    run(x)  # as above
    out = run(x).sum()
    nodes = watched(out)
    out.backward()
    del out
    assert all(each() is None for each in nodes)


@pytest.mark.usefixtures("_no_collector")
def test_backward_frees_what_was_saved_while_the_result_lives():
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    saved = weakref.ref(y._array)
    z = (y * y).sum()
    del y
    assert saved() is not None
    z.backward()
    assert saved() is None
    assert z.grad_fn is not None


@pytest.mark.usefixtures("_no_collector")
def test_gradients_with_a_graph_are_freed_with_it():
    x = torch.ones(3, requires_grad=True)
    (slope,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    nodes = watched(slope)
    del slope
    assert all(each() is None for each in nodes)
