"""Bags of embeddings beside PyTorch's: reductions, gradients, refusals and the layer."""

from __future__ import annotations

import itertools

import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")

ROWS = [0, 1, 1, 5, 5, 2, 4]
STARTS = [[0, 2, 2, 3], [0], [0, 3, 7], [0, 0, 6]]


@same
def test_reductions_and_gradients(torch):
    found = []
    for mode, padding_idx, starts in itertools.product(("sum", "mean", "max"), (None, 1, -1), STARTS):
        weight = torch.arange(12.0).reshape(6, 2).sin().requires_grad_()
        out = torch.nn.functional.embedding_bag(
            torch.tensor(ROWS), weight, torch.tensor(starts), mode=mode, padding_idx=padding_idx
        )
        (out * torch.arange(out.numel()).reshape(out.shape)).sum().backward()
        found.append([out, weight.grad])
    return found


@same
def test_weights_of_samples_and_frequencies(torch):
    found = []
    for scale, last in itertools.product((False, True), (False, True)):
        weight = torch.arange(12.0).reshape(6, 2).cos().requires_grad_()
        factors = torch.arange(6.0).add(1).requires_grad_()
        out = torch.nn.functional.embedding_bag(
            torch.tensor([0, 1, 1, 5, 5, 0]),  # each as often: PyTorch takes the number of another row
            weight,
            torch.tensor([0, 2, 5, 6]),
            None,
            2,
            scale,
            "sum",
            per_sample_weights=factors,
            include_last_offset=last,
        )
        (out * torch.arange(out.numel()).reshape(out.shape)).sum().backward()
        found.append([out, weight.grad, factors.grad])
    return found


@same
def test_two_dimensions_small_integers_and_empty_bags(torch):
    weight, bag = torch.arange(12.0).reshape(6, 2), torch.nn.functional.embedding_bag
    rows = torch.tensor([[0, 1, 5], [2, 2, 2]])
    empty = torch.tensor([], dtype=torch.int64)
    return [
        *[bag(rows, weight, mode=mode) for mode in ("sum", "mean", "max")],
        bag(rows, weight, mode="sum", per_sample_weights=torch.ones(2, 3) / 2),
        bag(rows[0].int(), weight, torch.tensor([0, 1], dtype=torch.int32)),
        bag(empty, weight, torch.tensor([0, 0])),
        bag(empty, weight, empty),
        bag(empty, weight.requires_grad_(), torch.tensor([0, 0]), mode="max"),
        bag(weight.detach(), torch.tensor([0, 1]), torch.tensor([0])),
    ]


@same
def test_refusals(torch):
    weight, rows, starts = torch.ones(6, 2), torch.tensor([0, 1, 1, 5]), torch.tensor([0, 2])
    bag = torch.nn.functional.embedding_bag
    return [
        attempt(lambda: bag(rows, weight)),
        attempt(lambda: bag(rows, weight, starts.reshape(1, 2))),
        attempt(lambda: bag(rows.reshape(2, 2), weight, starts)),
        attempt(lambda: bag(rows.reshape(1, 2, 2), weight)),
        attempt(lambda: bag(rows, weight[0], starts)),
        attempt(lambda: bag(rows, weight, torch.tensor([1, 2]))),
        attempt(lambda: bag(rows, weight, torch.tensor([0, 7]))),
        attempt(lambda: bag(rows + 3, weight, starts)),
        attempt(lambda: bag(rows, weight.long(), starts)),
        attempt(lambda: bag(rows.float(), weight, starts)),
        attempt(lambda: bag(rows, weight, starts, mode="min")),
        attempt(lambda: bag(rows, weight, starts, mode="max", scale_grad_by_freq=True)),
        attempt(lambda: bag(rows, weight, starts, mode="max", sparse=True)),
        attempt(lambda: bag(rows, weight, starts, padding_idx=9)),
        attempt(lambda: bag(rows, weight, starts, per_sample_weights=torch.ones(4))),
        attempt(lambda: bag(rows, weight, starts, mode="sum", per_sample_weights=torch.ones(3))),
        attempt(lambda: bag(rows, weight, starts, mode="sum", per_sample_weights=torch.ones(4).double())),
        attempt(lambda: torch.nn.EmbeddingBag(3, 2, padding_idx=3)),
        attempt(lambda: torch.nn.EmbeddingBag(3, 2, _weight=weight)),
        attempt(lambda: torch.nn.EmbeddingBag.from_pretrained(weight[0])),
    ]


@same
def test_layer(torch):
    layer = torch.nn.EmbeddingBag(6, 3, 1.5, mode="sum", padding_idx=-2, scale_grad_by_freq=True)
    out = layer(torch.tensor([0, 1, 1, 4]), torch.tensor([0, 2]))
    out.sum().backward()
    ready = torch.nn.EmbeddingBag.from_pretrained(torch.ones(4, 2), mode="max", norm_type=1.0, max_norm=0.5)
    return [
        out,
        layer.weight.grad,
        layer.state_dict(),
        repr(layer),
        repr(ready),
        ready.weight.requires_grad,
        ready(torch.tensor([[0, 1]])),
        repr(torch.nn.EmbeddingBag(5, 3)),
    ]
