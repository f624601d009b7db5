"""Warnings that hint at likely mistakes beside PyTorch's: their texts, their kinds, and where none is given."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import minigrad
import minigrad.nn
import minigrad.ops.hints

from .both import same

torch = pytest.importorskip("torch")


@same
def test_copies_of_tensors(torch):
    x = torch.ones(2)
    return [torch.tensor(x), torch.tensor([x.sum()]), x.new_tensor(x), torch.as_tensor(x) is x, torch.range(0, 2)]


@same
def test_spreads_of_too_few_elements(torch):
    one = torch.ones(1)
    return [
        *[getattr(torch, name)(one) for name in ("std", "var", "std_mean", "var_mean")],
        torch.ones(2, 1).var(1),
        torch.ones(2).std(correction=2),
        torch.ones(0, 3).var(1),
        torch.ones(0).std(correction=0),
        one.var(unbiased=False),
        torch.ones(2).std(),
    ]


@same
def test_former_names_of_initialisers(torch):
    init, found = torch.nn.init, []
    for name in ("uniform", "normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "eye"):
        found.append(getattr(init, name)(torch.empty(3, 2)))
    return [*found, init.constant(torch.empty(2), 3.0), init.orthogonal(torch.empty(3, 3))]


ONCE = {
    "x.T": lambda torch: torch.ones(2, 2, 2).T,
    "number.T": lambda torch: torch.ones(()).T,
    "meshgrid": lambda torch: torch.meshgrid(torch.ones(2), torch.ones(2)),
    "a list of arrays": lambda torch: torch.tensor([np.ones(2), np.ones(2)]),
    "an array that is read-only": lambda torch: torch.from_numpy(np.broadcast_to(1.0, (2,))),
    "a number that requires grad": lambda torch: float(torch.ones(1, requires_grad=True)),
    "bytes as an index": lambda torch: torch.ones(2)[torch.tensor([1, 0], dtype=torch.uint8)],
    "bytes as a condition": lambda torch: torch.where(torch.tensor([1], dtype=torch.uint8), 1.0, 2.0),
}


@pytest.mark.parametrize("act", ONCE.values(), ids=ONCE)
def test_hints_given_once_a_process(act, monkeypatch):
    monkeypatch.setattr(minigrad.ops.hints, "_given", set())
    texts = []
    for library in (minigrad, minigrad, torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            act(library)
        texts.append([str(each.message) for each in caught])
    ours, again, theirs = texts
    assert len(ours) == 1
    assert not again
    if theirs:  # an earlier test may have had it
        assert theirs[0].startswith(ours[0])


@same
def test_no_hint_where_nothing_is_amiss(torch):
    x = torch.arange(4.0).reshape(2, 2)
    return [x.T, x[0].T, torch.meshgrid(x[0], x[1], indexing="ij"), torch.tensor(np.ones(2)), float(x.sum())]


HINTS = (
    *("torch.tensor(x)", "x.new_tensor(x)", "y.T", "torch.std(x[:1, 0])", "x[:1, 0].var()", "torch.range(0, 3)"),
    *(
        "F.mse_loss(x, x[0])",
        "F.smooth_l1_loss(x, x[0])",
        "F.huber_loss(x, x[0])",
        "F.l1_loss(x, x[0])",
        "F.kl_div(x, x)",
    ),
    *("nn.MSELoss()(x, x[0])", "nn.SmoothL1Loss()(x, x[0])", "F.mse_loss(x, x, size_average=False)", "F.softmax(x)"),
    *("x[torch.ones(2, dtype=torch.uint8)]", "torch.where(torch.ones(2, dtype=torch.uint8), 1, 0)", "F.dropout2d(y)"),
    *(
        "torch.tensor([np.ones(2), np.ones(2)])",
        "torch.meshgrid(x[0], x[0])",
        "float(x.clone().requires_grad_().sum())",
    ),
)


@pytest.mark.parametrize("expression", HINTS)
def test_hints_name_the_line_of_the_program(expression, monkeypatch):
    monkeypatch.setattr(minigrad.ops.hints, "_given", set())
    scope = {"x": minigrad.ones(2, 3), "y": minigrad.ones(2, 3, 4), "torch": minigrad, "nn": minigrad.nn, "np": np}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        eval(compile(expression, "program.py", "eval"), {**scope, "F": minigrad.nn.functional, "__name__": "program"})
    assert [each.filename for each in caught] == ["program.py"]
