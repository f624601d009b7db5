"""Lazy layers beside PyTorch's: before the first call, at it, and what they become; their state dicts and refusals."""

from __future__ import annotations

import copy
import io
import pickle

import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")

LAYERS = {
    "LazyLinear": ((3,), (2, 5)),
    "LazyConv1d": ((4, 3), (2, 3, 8)),
    "LazyConv2d": ((4, 3), (3, 8, 8)),
    "LazyConv3d": ((4, 2), (2, 3, 4, 4, 4)),
    "LazyConvTranspose1d": ((4, 3), (2, 3, 8)),
    "LazyConvTranspose2d": ((4, 3, 2, 1, 1), (2, 3, 5, 6)),
    "LazyConvTranspose3d": ((4, 2), (2, 3, 4, 4, 4)),
    "LazyBatchNorm1d": ((), (3, 4)),
    "LazyBatchNorm2d": ((), (2, 3, 4, 4)),
    "LazyBatchNorm3d": ((), (2, 3, 4, 4, 2)),
    "LazyInstanceNorm1d": ((), (2, 3, 4)),
    "LazyInstanceNorm2d": ((1e-5, 0.1, True, True), (2, 3, 4, 4)),
    "LazyInstanceNorm3d": ((), (2, 3, 4, 2, 2)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_first_call(name):
    arguments, shape = LAYERS[name]

    @same
    def script(torch):
        layer = getattr(torch.nn, name)(*arguments)
        before = [repr(layer), [repr(each) for each in layer.state_dict().values()], list(layer.state_dict())]
        x = torch.rand(shape)
        out = layer(x)
        hooks = [len(layer._forward_pre_hooks), len(layer._load_state_dict_pre_hooks)]
        return [before, out, repr(layer), type(layer).__name__, layer.state_dict(), hooks, layer(x)]

    script()


@same
def test_in_a_model(torch):
    nn = torch.nn
    model = nn.Sequential(nn.LazyConv2d(2, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3)).double()
    kinds = [str(each.dtype) for each in model.state_dict().values()]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.arange(50, dtype=torch.float64).sin().reshape(2, 1, 5, 5)).square().sum().backward()
        optimizer.step()
    return [kinds, repr(model), model.state_dict()]


@same
def test_what_has_no_elements(torch):
    parameter, buffer = torch.nn.UninitializedParameter(), torch.nn.UninitializedBuffer(dtype=torch.float64)
    found = [
        repr(parameter),
        repr(buffer),
        parameter.requires_grad,
        str(buffer.dtype),
        parameter.is_floating_point(),
        parameter.is_leaf,
        torch.nn.parameter.is_lazy(parameter),
        attempt(lambda: parameter.shape),
        attempt(lambda: parameter + 1),
        attempt(lambda: parameter.numel()),
        attempt(lambda: torch.nn.init.zeros_(parameter)),
        attempt(lambda: torch.nn.Linear(2, 3)(parameter)),
    ]
    parameter.materialize((2, 3))
    buffer.materialize((2,), dtype=torch.float32)
    return [*found, list(parameter.shape), type(parameter).__name__, list(buffer.shape), type(buffer).__name__]


@same
def test_state_dicts(torch):
    lazy, other, ready = torch.nn.LazyLinear(3), torch.nn.LazyLinear(3), torch.nn.Linear(2, 3)
    file = io.BytesIO()
    torch.save(lazy.state_dict(), file)
    file.seek(0)
    found = [
        repr(torch.load(file, weights_only=False)),
        repr(other.load_state_dict(lazy.state_dict())),
        attempt(lambda: ready.load_state_dict(lazy.state_dict())),
        repr(other.load_state_dict(ready.state_dict())),
        repr(other),
    ]
    return [*found, other(torch.ones(1, 2)), repr(other), attempt(lambda: lazy(torch.ones(2)[0]))]


@same
def test_copies_wait_for_their_own_first_call(torch):
    lazy = torch.nn.LazyLinear(3)
    twins = [copy.deepcopy(lazy), pickle.loads(pickle.dumps(lazy))]
    for twin in twins:
        twin(torch.rand(3, 2))
    return [repr(lazy), *[repr(twin) for twin in twins], len(lazy._forward_pre_hooks), twins[0].in_features]


@same
def test_refusals(torch):
    nn = torch.nn
    return [
        attempt(lambda: nn.LazyConv2d(4, 3)(torch.ones(2, 2))),
        attempt(lambda: nn.LazyConv2d(4, 3, groups=2)(torch.ones(1, 3, 8, 8))),
        repr(nn.LazyConv1d(4, 3, bias=False)),
        repr(nn.LazyLinear(3, False)),
        nn.LazyBatchNorm1d(affine=False)(torch.ones(2, 3)),
        repr(nn.LazyBatchNorm1d(bias=False)),
    ]
