"""Pruning beside PyTorch's: every method, one after another, over several layers, made final, refused."""

from __future__ import annotations

import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")


def _state(layer):
    return [layer.state_dict(), layer.weight.detach(), len(layer._forward_pre_hooks), repr(layer)]


@same
def test_each_method(torch):
    prune = torch.nn.utils.prune
    found = []
    for act in (
        lambda layer: prune.identity(layer, "weight"),
        lambda layer: prune.random_unstructured(layer, "weight", 0.4),
        lambda layer: prune.random_unstructured(layer, "weight", 3),
        lambda layer: prune.l1_unstructured(layer, "weight", 0.3),
        lambda layer: prune.l1_unstructured(layer, "weight", 2, torch.arange(20.0).reshape(5, 4)),
        lambda layer: prune.random_structured(layer, "weight", 2, 0),
        lambda layer: prune.ln_structured(layer, "weight", 0.5, 2, dim=1),
        lambda layer: prune.ln_structured(layer, "weight", 0.5, float("inf"), -1),
        lambda layer: prune.ln_structured(layer, "weight", 0.0, 1, 0),
        lambda layer: prune.custom_from_mask(layer, "weight", torch.tensor([[1.0, 0.0, 1.0, 1.0]] * 5)),
    ):
        layer = torch.nn.Linear(4, 5)
        act(layer)
        layer(torch.ones(1, 4)).sum().backward()
        found.append([_state(layer), layer.weight_orig.grad, prune.is_pruned(layer)])
    return found


@same
def test_one_after_another_and_for_good(torch):
    prune = torch.nn.utils.prune
    layer = torch.nn.Conv2d(2, 4, 3)
    prune.random_unstructured(layer, "weight", 0.2)
    prune.ln_structured(layer, "weight", 0.5, n=2, dim=0)
    prune.l1_unstructured(layer, "weight", 0.25)
    prune.l1_unstructured(layer, "bias", 1)
    container = next(iter(layer._forward_pre_hooks.values()))
    found = [_state(layer), len(container), [type(each).__name__ for each in container]]
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
    layer(torch.ones(1, 2, 3, 3)).sum().backward()
    optimizer.step()
    layer(torch.ones(1, 2, 3, 3))
    found.append(_state(layer))
    for name in ("weight", "bias"):
        prune.remove(layer, name)
    return [*found, _state(layer), prune.is_pruned(layer), type(layer.weight).__name__]


@same
def test_several_layers_as_one(torch):
    prune = torch.nn.utils.prune
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    places = [(model[0], "weight"), (model[2], "weight"), (model[0], "bias")]
    prune.global_unstructured(places, pruning_method=prune.L1Unstructured, amount=0.4)
    once = model.state_dict()
    prune.global_unstructured(places[:2], prune.RandomUnstructured, amount=3)
    return [once, model.state_dict(), model(torch.ones(1, 3))]


@same
def test_methods_of_ones_own(torch):
    prune = torch.nn.utils.prune

    class EveryOther(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    layer = torch.nn.Linear(3, 2)
    EveryOther.apply(layer, "weight")
    return [_state(layer), EveryOther().prune(torch.arange(4.0)), prune.L1Unstructured(2).prune(torch.arange(4.0))]


@same
def test_refusals(torch):
    prune = torch.nn.utils.prune
    layer = torch.nn.Linear(3, 2)
    return [
        attempt(lambda: prune.l1_unstructured(layer, "weight", 1.5)),
        attempt(lambda: prune.l1_unstructured(layer, "weight", -1)),
        attempt(lambda: prune.l1_unstructured(layer, "weight", "all")),
        attempt(lambda: prune.l1_unstructured(layer, "weight", 7)),
        attempt(lambda: prune.ln_structured(layer, "bias", 1, 2, 0)),
        attempt(lambda: prune.ln_structured(layer, "weight", 1, 2, 2)),
        attempt(lambda: prune.l1_unstructured(layer, "weight", 1, torch.ones(2))),
        attempt(lambda: prune.remove(layer, "weight")),
        attempt(lambda: prune.global_unstructured(3, prune.L1Unstructured)),
        attempt(lambda: prune.global_unstructured([(layer, "weight")], prune.LnStructured, amount=1, n=2)),
        attempt(lambda: prune.PruningContainer().add_pruning_method(3)),
        layer.state_dict(),
    ]
