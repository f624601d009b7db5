"""A second backward pass through one graph: which operations allow it, and how the others refuse."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, leaf, same


@same
def test_second_backward_raises(torch):
    x = leaf(torch, 2.0)
    y = x * x
    y.backward()
    return attempt(lambda: y.backward())


@same
def test_second_backward_works_where_nothing_was_saved(torch):
    x = leaf(torch, 2.0)
    y = x + x
    y.backward()
    return attempt(lambda: y.backward()), x.grad


@same
def test_second_backward_raises_after_a_product_with_a_number(torch):
    x = leaf(torch, 2.0)
    y = x * 3
    y.backward()
    return attempt(lambda: y.backward()), x.grad


@same
def test_second_backward_raises_for_the_operations_for_which_pytorch_raises(torch):
    out = []
    fs = {
        "add": lambda x: x + 1,
        "mul": lambda x: x * 2,
        "sub": lambda x: x - 1,
        "rsub": lambda x: 1 - x,
        "neg": lambda x: -x,
        "exp": lambda x: x.exp(),
        "sum": lambda x: x.sum(),
        "mean": lambda x: x.mean(),
        "view": lambda x: x.view(4),
        "t": lambda x: x.t(),
        "index": lambda x: x[0],
        "adv": lambda x: x[torch.tensor([0, 1])],
        "mask": lambda x: x[torch.tensor([True, False])],
        "cat": lambda x: torch.cat([x, x]),
        "stack": lambda x: torch.stack([x, x]),
        "relu": lambda x: x.relu(),
        "sig": lambda x: x.sigmoid(),
        "pow": lambda x: x**2,
        "pow1": lambda x: x**1,
        "pow3": lambda x: x**3.0,
        "div": lambda x: x / 2,
        "rdiv": lambda x: 1 / x,
        "mm": lambda x: x @ torch.ones(2, 2, dtype=torch.float64),
        "clone": lambda x: x.clone(),
        "expand": lambda x: x[None].expand(3, 2, 2),
        "max": lambda x: x.max(),
        "maxd": lambda x: x.max(0)[0],
        "sort": lambda x: x.sort()[0],
        "where": lambda x: torch.where(x > 0, x, x * 0),
        "clamp": lambda x: x.clamp(0, 1),
        "abs": lambda x: x.abs(),
        "softmax": lambda x: x.softmax(0),
        "logsm": lambda x: x.log_softmax(0),
        "cumsum": lambda x: x.cumsum(0),
        "std": lambda x: x.std(),
        "var": lambda x: x.var(),
        "norm": lambda x: x.norm(),
        "prod": lambda x: x.prod(),
        "sqrt": lambda x: x.sqrt(),
        "flip": lambda x: x.flip(0),
        "roll": lambda x: x.roll(1),
        "permute": lambda x: x.permute(1, 0),
        "sq": lambda x: x.unsqueeze(0),
        "chunk": lambda x: x.chunk(2)[0],
        "unbind": lambda x: x.unbind()[0],
        "repeat": lambda x: x.repeat(2, 2),
        "gather": lambda x: x.gather(0, torch.tensor([[0, 1]])),
        "mf": lambda x: x.masked_fill(torch.tensor([True, False]), 0.0),
        "outer": lambda x: torch.outer(x[0], x[0]),
        "tril": lambda x: x.tril(),
        "float": lambda x: x.float(),
        "sigmul": lambda x: x * x,
        "add2": lambda x: x + x,
        "logsumexp": lambda x: x.logsumexp(0),
        "tanh": lambda x: x.tanh(),
        "log": lambda x: x.log(),
        "sin": lambda x: x.sin(),
        "atan2": lambda x: torch.atan2(x, x),
        "maximum": lambda x: torch.maximum(x, x * 2),
        "addm": lambda x: torch.addmm(x, x, x),
        "lin": lambda x: torch.nn.functional.linear(x, x),
        "mse": lambda x: torch.nn.functional.mse_loss(x, x * 2),
        "gelu": lambda x: torch.nn.functional.gelu(x),
        "drop": lambda x: torch.nn.functional.dropout(x, 0.5),
        "emb": lambda x: torch.nn.functional.embedding(torch.tensor([0, 1]), x),
        "square": lambda x: x.square(),
        "reciprocal": lambda x: x.reciprocal(),
        "floor": lambda x: x.floor(),
        "sign": lambda x: x.sign(),
        "cos": lambda x: x.cos(),
        "einsum": lambda x: torch.einsum("ij,jk->ik", x, x),
    }
    out = {}
    for k, f in fs.items():
        x = torch.tensor([[0.5, 0.25], [0.75, 0.1]], dtype=torch.float64, requires_grad=True)
        try:
            y = f(x)
            g = torch.ones_like(y.detach())
            y.backward(g)
        except Exception as e:
            out[k] = repr(e)
            continue
        try:
            y.backward(g)
            out[k] = "again"
        except RuntimeError as e:
            out[k] = str(e)[:200]
    return out


@same
def test_retain_graph_allows_a_second_backward(torch):
    x = leaf(torch, 2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    return x.grad, attempt(lambda: y.backward())
