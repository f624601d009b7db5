"""Normalisation of groups, instances, root mean squares and neighbourhoods beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
import minigrad.nn
from tests.parity.test_conv_parity import outcome
from tests.parity.test_layers_parity import assert_same

torch = pytest.importorskip("torch")

SIGNALS, IMAGES, VOLUMES = [(3, 4, 5)], [(2, 4, 3, 5)], [(2, 4, 2, 3, 2)]

LAYERS = {
    "GroupNorm": (lambda nn: nn.GroupNorm(2, 4), IMAGES),
    "GroupNorm, vectors": (lambda nn: nn.GroupNorm(2, 16, affine=False), [(4, 16)]),
    "GroupNorm, no bias": (lambda nn: nn.GroupNorm(4, 4, eps=1e-3, bias=False), SIGNALS),
    "InstanceNorm1d": (lambda nn: nn.InstanceNorm1d(4), SIGNALS),
    "InstanceNorm2d": (lambda nn: nn.InstanceNorm2d(4, affine=True), IMAGES),
    "InstanceNorm2d, unbatched": (lambda nn: nn.InstanceNorm2d(4), [(4, 3, 5)]),
    "InstanceNorm2d, tracking": (lambda nn: nn.InstanceNorm2d(4, affine=True, track_running_stats=True), IMAGES),
    "InstanceNorm2d, eval": (lambda nn: nn.InstanceNorm2d(4, track_running_stats=True).eval(), IMAGES),
    "InstanceNorm2d, other size": (lambda nn: nn.InstanceNorm2d(5), IMAGES),
    "InstanceNorm3d": (lambda nn: nn.InstanceNorm3d(4, 1e-3, affine=True, bias=False), VOLUMES),
    "RMSNorm": (lambda nn: nn.RMSNorm(5), SIGNALS),
    "RMSNorm, two": (lambda nn: nn.RMSNorm((4, 5), 1e-2, False), SIGNALS),
    "LocalResponseNorm": (lambda nn: nn.LocalResponseNorm(2), IMAGES),
    "LocalResponseNorm, signals": (lambda nn: nn.LocalResponseNorm(3, 0.1, 0.5, 2.0), SIGNALS),
}


@pytest.mark.parametrize(("make", "inputs"), LAYERS.values(), ids=LAYERS)
def test_layers(make, inputs):
    assert_same(make, inputs)


@pytest.mark.parametrize("name", ["group_norm", "instance_norm", "rms_norm", "local_response_norm"])
def test_second_gradients(name):
    arguments = {"group_norm": (2,), "instance_norm": (), "rms_norm": ((5,),), "local_response_norm": (3,)}[name]
    x = np.random.default_rng(0).standard_normal((2, 4, 3, 5))
    found = []
    for library in (torch, minigrad):
        leaf = library.tensor(x, requires_grad=True)
        out = getattr(library.nn.functional, name)(leaf, *arguments)
        (first,) = library.autograd.grad((out**3).sum(), leaf, create_graph=True)
        (first**2).sum().backward()
        found.append(leaf.grad.numpy())
    np.testing.assert_allclose(found[1], found[0], rtol=1e-7, atol=1e-8)


REFUSED = {
    "groups": lambda F, x: F.group_norm(x, 3),
    "weight": lambda F, x: F.group_norm(x, 2, x[0, 0, 0]),
    "rank": lambda F, x: F.group_norm(x[:, 0, 0, 0], 1),
    "one value": lambda F, x: F.group_norm(x[:1, :, 0, 0], 4),
    "no averages": lambda F, x: F.instance_norm(x, use_input_stats=False),
    "one element": lambda F, x: F.instance_norm(x[..., :1, :1]),
    "trailing": lambda F, x: F.rms_norm(x, (3,)),
    "nothing trailing": lambda F, x: F.rms_norm(x, ()),
    "rms weight": lambda F, x: F.rms_norm(x, (6,), x[0, 0, 0, :5]),
    "integers": lambda F, x: F.rms_norm(x.long(), (6,)),
    "neighbours": lambda F, x: F.local_response_norm(x[0, 0], 2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    expected, given = (
        outcome(lambda lib: REFUSED[name](lib.nn.functional, lib.ones(2, 4, 6, 6)), library)
        for library in (torch, minigrad)
    )
    assert given == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda nn, x: nn.GroupNorm(3, 4),
        lambda nn, x: nn.InstanceNorm2d(5, affine=True)(x),
        lambda nn, x: nn.InstanceNorm2d(4)(x[0, 0]),
        lambda nn, x: nn.InstanceNorm1d(4)(x),
    ],
)
def test_constructors_and_sizes(make):
    expected, given = (
        outcome(lambda library: make(library.nn, library.ones(2, 4, 6, 6)), library) for library in (torch, minigrad)
    )
    assert given == expected
