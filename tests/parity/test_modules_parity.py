"""``nn.modules`` beside PyTorch's: the same layers at the same addresses, and the base classes that code asks for."""

from __future__ import annotations

import importlib
import inspect

import pytest

import minigrad.nn

from .both import attempt, same

torch = pytest.importorskip("torch")

ADDRESSES = sorted(
    (name, layer)
    for name in (
        "activation",
        "batchnorm",
        "container",
        "conv",
        "dropout",
        "linear",
        "loss",
        "pooling",
        "rnn",
        "sparse",
    )
    for layer in importlib.import_module(f"torch.nn.modules.{name}").__all__
    if hasattr(minigrad.nn, layer)
)


@pytest.mark.parametrize(("name", "layer"), ADDRESSES)
def test_layers_are_where_pytorch_has_them(name, layer):
    module = importlib.import_module(f"minigrad.nn.modules.{name}")
    assert module is getattr(minigrad.nn.modules, name)
    if inspect.isclass(getattr(minigrad.nn, layer)) and not layer.startswith("Lazy"):
        assert getattr(module, layer) is getattr(minigrad.nn, layer) is getattr(minigrad.nn.modules, layer)


@same
def test_base_classes(torch):
    nn, modules = torch.nn, torch.nn.modules
    layers = [nn.BatchNorm2d(3), nn.InstanceNorm2d(3), nn.Conv1d(3, 4, 2), nn.ConvTranspose2d(3, 4, 2), nn.MSELoss()]
    layers += [nn.NLLLoss(), nn.Dropout(0.5), nn.MaxPool2d(2), nn.Linear(2, 2)]
    bases = [modules.batchnorm._BatchNorm, modules.batchnorm._NormBase, modules.instancenorm._InstanceNorm]
    bases += [modules.conv._ConvNd, modules.loss._Loss, modules.loss._WeightedLoss, modules.dropout._DropoutNd]
    bases += [modules.pooling._MaxPoolNd, modules.Module, modules.module.Module]
    return [[isinstance(layer, base) for base in bases] for layer in layers]


@same
def test_helpers(torch):
    utils = torch.nn.modules.utils
    wrapped = torch.nn.DataParallel(torch.nn.Linear(3, 2))
    state = wrapped.state_dict()
    utils.consume_prefix_in_state_dict_if_present(state, "module.")
    found = [list(state), sorted(state._metadata), utils._pair(3), utils._triple((1, 2)), utils._single(2)]
    return [*found, utils._reverse_repeat_tuple((1, 2), 2), str(torch.nn.Linear(3, 2).load_state_dict(state))]


@same
def test_a_module_that_looks_names_up_itself_is_asked_for_parameters_too(torch):
    asked = []

    class Asked(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(2))
            self.inner = torch.nn.Linear(1, 1)
            self.register_buffer("count", torch.zeros(1))

        def __getattr__(self, name):
            asked.append(name)
            return super().__getattr__(name)

    module = Asked()
    asked.clear()
    found = [module.weight, module.count, type(module.inner).__name__, attempt(lambda: module.nothing)]
    module.load_state_dict(module.state_dict())
    return found, asked[:4], [name for name, _ in module.named_parameters()], "weight" in vars(module)
