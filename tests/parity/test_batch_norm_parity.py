"""Batch normalisation beside PyTorch's: running averages, dtypes, gradients of both modes, refusals."""

from __future__ import annotations

import itertools

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same

SHAPES = ((6, 3), (4, 3, 5), (4, 3, 2, 3), (2, 3, 1, 1, 2))


def numbers(torch, *shape, dtype="float64"):
    count = 1
    for length in shape:
        count *= length
    return (torch.arange(count, dtype=torch.float64) * 0.7).sin().reshape(shape).to(getattr(torch, dtype))


@same
def test_running_averages_are_pytorchs(torch):
    found = []
    for momentum, dtype in itertools.product((0.1, None, 1.0), ("float32", "float64")):
        layer = torch.nn.BatchNorm1d(3, momentum=momentum, dtype=getattr(torch, dtype))
        for shape in SHAPES[:2]:
            layer(numbers(torch, *shape, dtype=dtype) * 3 + 1)
        layer.eval()(numbers(torch, 6, 3, dtype=dtype))
        found += [dict(layer.state_dict()), layer.running_mean._version]
    return found


@same
def test_gradients_in_both_modes_and_of_gradients(torch):
    found = []
    for shape, training, affine in itertools.product(SHAPES, (True, False), (True, False)):
        x = numbers(torch, *shape).requires_grad_()
        weight, bias = (numbers(torch, 3).add(k).requires_grad_() for k in (1, 2)) if affine else (None, None)
        mean, var = numbers(torch, 3), numbers(torch, 3).abs() + 0.5
        out = torch.nn.functional.batch_norm(x, mean, var, weight, bias, training)
        leaves = [x, weight, bias] if affine else [x]
        first = torch.autograd.grad((out**3).sum(), leaves, create_graph=True)
        second = torch.autograd.grad(sum((each**2).sum() for each in first), leaves, allow_unused=True)
        found += [out.detach(), [each.detach() for each in first], second, mean, var, out.grad_fn.name()]
    return found


@same
def test_dtypes_that_do_not_go_together_are_refused(torch):
    kinds, found = (torch.float16, torch.float32, torch.float64), []
    for kind, other, training in itertools.product((*kinds, torch.int64), kinds, (True, False)):

        def run(kind=kind, other=other, training=training):
            ones = torch.ones(3, dtype=other)
            averages = torch.zeros(3, dtype=other), torch.ones(3, dtype=other)
            x = torch.ones(2, 3, 2).to(kind)
            return torch.nn.functional.batch_norm(x, *averages, ones, ones, training), averages

        found.append(attempt(run))
    for odd, training in itertools.product(range(4), (True, False)):

        def run(odd=odd, training=training):
            given = [torch.ones(3, dtype=torch.float64 if k == odd else torch.float32) for k in range(4)]
            return torch.nn.functional.batch_norm(torch.ones(2, 3, 2), *given, training)

        found.append(attempt(run))
    return found


@same
def test_refusals(torch):
    norm, x = torch.nn.functional.batch_norm, torch.ones(2, 3, 2)
    zero, one = torch.zeros(3), torch.ones(3)
    return [
        attempt(lambda: norm(x, zero, None, training=True)),
        attempt(lambda: norm(x, None, one, training=True)),
        attempt(lambda: norm(x, zero, None)),
        attempt(lambda: norm(x, zero.clone().requires_grad_(), one)),
        attempt(lambda: norm(x, zero, one.clone().requires_grad_(), training=True)),
        attempt(lambda: norm(x[:1, :, :1], None, None, training=True)),
        attempt(lambda: norm(x, zero, one, eps=-1.0)),
        attempt(lambda: norm(x[:1, :, :1], None, None, training=True, eps=-1.0)),
        attempt(lambda: norm(torch.ones(0, 3, 2), zero, one, one, one, True)),
        attempt(lambda: norm(torch.ones(2, 0, 2), zero[:0], one[:0], training=True)),
        zero,
    ]


@same
def test_under_vmap(torch):
    x = numbers(torch, 5, 4, 3, 2, dtype="float32")
    layer, untracked = torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3, track_running_stats=False)
    refused = attempt(lambda: torch.func.vmap(layer)(x))
    layer.eval()
    return [refused, torch.func.vmap(layer)(x).detach(), torch.func.vmap(untracked)(x).detach()]
