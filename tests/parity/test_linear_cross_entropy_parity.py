"""The loss of a linear map's logits, at once and part by part."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same


def _loss(torch, more=(), biased=True, batch=6, **settings):
    torch.manual_seed(0)
    weight = torch.randn(4, *more, 3, requires_grad=True)
    bias = torch.randn(4, *more, requires_grad=True) if biased else None
    x = torch.randn(*((batch,) if batch else ()), 3, requires_grad=True)
    target = torch.randint(0, 4, ((batch,) if batch else ()) + more)
    if settings.pop("probabilities", False):
        target = torch.randn(*x.shape[:-1], 4, *more).softmax(1)
    loss = torch.nn.functional.linear_cross_entropy(x, weight, target, linear_bias=bias, **settings)
    loss.sum().backward()
    return loss.detach(), x.grad, weight.grad, bias.grad if biased else None


@same
def test_losses_and_gradients(torch):
    classes = torch.tensor([1.0, 0.5, 2.0, 1.0])
    calls = (
        {},
        {"biased": False},
        {"batch": 0},
        {"more": (2,)},
        {"more": (2, 3), "reduction": "sum"},
        {"reduction": "none"},
        {"weight": classes, "ignore_index": 1},
        {"label_smoothing": 0.2},
        {"probabilities": True},
        {"probabilities": True, "ignore_index": 1},
        {"batch": 0, "more": (2,)},
    )
    return [attempt(lambda call=call: _loss(torch, **call)) for call in calls]


@same
def test_parts_of_the_batch(torch):
    options = torch.nn.LinearCrossEntropyOptions
    classes = torch.tensor([1.0, 0.5, 2.0, 1.0])
    calls = [
        {"options": each, "reduction": reduction, **more}
        for each in (options(batch_chunk_size=2), options(batch_chunk_size=4), options(), options(chunking_method=None))
        for reduction in ("mean", "sum", "none")
        for more in ({}, {"weight": classes, "ignore_index": 1}, {"batch": 0})
    ]
    ignored = ({"label_smoothing": 0.2}, {"more": (2,)}, {"probabilities": True})
    calls += [{"options": options(), **each} for each in ignored]
    return [
        attempt(lambda call=call: [each is None or each.tolist() for each in _loss(torch, **call)]) for call in calls
    ]


@same
def test_what_is_refused(torch):
    options, loss = torch.nn.LinearCrossEntropyOptions, torch.nn.functional.linear_cross_entropy
    x, w, t = torch.ones(2, 3), torch.ones(4, 3), torch.tensor([0, 1])
    calls = (
        lambda: loss(torch.ones(2, 2, 3), w, t),
        lambda: loss(x, torch.ones(3), t),
        lambda: loss(x, torch.ones(4, 2), t),
        lambda: loss(x, w, t, linear_bias=torch.ones(3)),
        lambda: options(acc_policy="x"),
        lambda: options(chunking_method="x"),
        lambda: options(chunking_method="aspect_ratio:0"),
        lambda: options(batch_chunk_size=0),
        lambda: options(acc_dtype=torch.int64),
        lambda: loss(x, w, t, options=options(batch_chunk_size=2, chunking_method="aspect_ratio:2")),
        lambda: torch.nn.LinearCrossEntropyLoss(3, 4, weight=torch.ones(3)),
        lambda: torch.nn.LinearCrossEntropyLoss(3, 4, label_smoothing=2),
    )
    return [attempt(call) for call in calls]


@same
def test_the_layer(torch):
    layers = (
        torch.nn.LinearCrossEntropyLoss(3, 4),
        torch.nn.LinearCrossEntropyLoss(3, 4, out_features=(2,), bias=True, weight=torch.ones(4), reduction="sum"),
        torch.nn.LinearCrossEntropyLoss(3, 4, options=torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2)),
    )
    found = []
    for layer in layers:
        target = torch.randint(0, 4, (5, *layer.out_features))
        loss = layer(torch.randn(5, 3), target)
        loss.backward()
        found.append([repr(layer), list(layer.state_dict()), float(loss), layer.linear.weight.grad])
    return found
