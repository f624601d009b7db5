"""Convolutions beside PyTorch's: layers, double backward, refusals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import minigrad
import minigrad.nn
from tests.parity.test_layers_parity import assert_same

torch = pytest.importorskip("torch")

SIGNALS, IMAGES, VOLUMES = [(2, 4, 7)], [(2, 4, 6, 5)], [(2, 4, 3, 4, 5)]

LAYERS = {
    "Conv1d": (lambda nn: nn.Conv1d(4, 6, 3, padding=1), SIGNALS),
    "Conv1d, unbatched": (lambda nn: nn.Conv1d(4, 6, 3, stride=2, bias=False), [(4, 7)]),
    "Conv1d, circular": (lambda nn: nn.Conv1d(4, 2, 3, padding=2, padding_mode="circular"), SIGNALS),
    "Conv2d": (lambda nn: nn.Conv2d(4, 6, 3), IMAGES),
    "Conv2d, all": (lambda nn: nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), groups=2), IMAGES),
    "Conv2d, same": (lambda nn: nn.Conv2d(4, 6, (3, 5), padding="same", dilation=(1, 2)), IMAGES),
    "Conv2d, valid": (lambda nn: nn.Conv2d(4, 6, 1, padding="valid"), IMAGES),
    "Conv2d, depthwise": (lambda nn: nn.Conv2d(4, 8, 3, padding=1, groups=4), IMAGES),
    "Conv2d, reflect": (lambda nn: nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"), IMAGES),
    "Conv2d, same replicate": (lambda nn: nn.Conv2d(4, 2, 3, padding="same", padding_mode="replicate"), IMAGES),
    "Conv3d": (lambda nn: nn.Conv3d(4, 2, (2, 3, 3), padding=(0, 1, 1)), VOLUMES),
    "Conv3d, unbatched": (lambda nn: nn.Conv3d(4, 2, 2, stride=(1, 2, 2)), [(4, 3, 4, 5)]),
    "ConvTranspose1d": (lambda nn: nn.ConvTranspose1d(4, 6, 3, 2, 1, 1), SIGNALS),
    "ConvTranspose2d": (lambda nn: nn.ConvTranspose2d(4, 6, 4, 2, 1), IMAGES),
    "ConvTranspose2d, all": (
        lambda nn: nn.ConvTranspose2d(4, 6, 3, (2, 1), (1, 0), (1, 0), groups=2, bias=False, dilation=2),
        IMAGES,
    ),
    "ConvTranspose2d, unbatched": (lambda nn: nn.ConvTranspose2d(4, 6, 2), [(4, 3, 3)]),
    "ConvTranspose3d": (lambda nn: nn.ConvTranspose3d(4, 2, 2, 2), VOLUMES),
}


@pytest.mark.parametrize(("make", "inputs"), LAYERS.values(), ids=LAYERS)
def test_layers(make, inputs):
    assert_same(make, inputs)


def tensors(library, *shapes):
    random = np.random.default_rng(0)
    return [library.tensor(random.standard_normal(shape).astype(np.float32), requires_grad=True) for shape in shapes]


def outcome(call, library):
    """Return what a call gives, or its error, and its warnings."""
    library.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call(library)
        except Exception as error:
            result = next(each.__name__ for each in type(error).__mro__ if each.__module__ == "builtins"), str(error)
    return result, [str(each.message) for each in caught]


@pytest.mark.parametrize(("stride", "groups"), [(1, 1), (2, 2)])
@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_second_gradients(name, stride, groups):
    found = []
    for library in (torch, minigrad):
        x, w = tensors(library, (2, 4, 5, 5), (4, 4 // groups, 3, 3))
        out = getattr(library.nn.functional, name)(x, w, stride=stride, padding=1, groups=groups)
        first = library.autograd.grad((out**3).sum(), [x, w], create_graph=True)
        sum((each**2).sum() for each in first).backward()
        found.append([x.grad.numpy(), w.grad.numpy()])
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=1e-4 * abs(theirs).max())


REFUSED = {
    "rank": lambda F, x, w, b: F.conv2d(x[0, 0], w),
    "channels": lambda F, x, w, b: F.conv2d(x[:, :3], w),
    "bias": lambda F, x, w, b: F.conv2d(x, w, b[:5]).numel() and F.conv2d(x, w, b[:5][None]),
    "weight's dtype": lambda F, x, w, b: F.conv2d(x, w.double()),
    "bias's dtype": lambda F, x, w, b: F.conv2d(x, w, b.double()),
    "stride": lambda F, x, w, b: F.conv2d(x, w, stride=0),
    "dilation": lambda F, x, w, b: F.conv2d(x, w, dilation=0),
    "negative padding": lambda F, x, w, b: F.conv2d(x, w, padding=-1),
    "padding's length": lambda F, x, w, b: F.conv2d(x, w, padding=(1, 2, 3)),
    "padding's name": lambda F, x, w, b: F.conv2d(x, w, padding="full"),
    "same with strides": lambda F, x, w, b: F.conv2d(x, w, padding="same", stride=2),
    "groups": lambda F, x, w, b: F.conv2d(x, w, groups=2),
    "groups of filters": lambda F, x, w, b: F.conv2d(x, w[:5, :2], groups=2),
    "kernel": lambda F, x, w, b: F.conv2d(x, w, dilation=4),
    "transposed channels": lambda F, x, w, b: F.conv_transpose2d(x, w),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    expected, given = (
        outcome(lambda lib: REFUSED[name](lib.nn.functional, *tensors(lib, (2, 4, 6, 6), (6, 4, 3, 3), (6,))), library)
        for library in (torch, minigrad)
    )
    if name in ("bias",):
        assert given[0][0] == expected[0][0]
    else:
        assert given == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda nn: nn.Conv2d(3, 4, 3, groups=2),
        lambda nn: nn.Conv2d(4, 3, 3, groups=2),
        lambda nn: nn.Conv2d(4, 4, 3, groups=0),
        lambda nn: nn.Conv2d(4, 4, 3, padding="same", stride=2),
        lambda nn: nn.ConvTranspose2d(4, 4, 3, padding_mode="reflect"),
        lambda nn: repr(nn.ConvTranspose2d(4, 3, 3, 2, 1, 1, bias=False, dilation=2)),
        lambda nn: repr(nn.Conv2d(4, 3, 3, padding="same", padding_mode="circular")),
        lambda nn: repr(nn.Conv2d(3, 0, 3)),
        lambda nn: nn.Conv2d(4, 3, (3, 2), padding=(1, 2), padding_mode="reflect")._reversed_padding_repeated_twice,
        lambda nn: nn.Conv1d(4, 3, 4, padding="same", dilation=3)._reversed_padding_repeated_twice,
        lambda nn: tuple(nn.ConvTranspose2d(3, 4, 3, stride=2)(nn.Parameter(ones(nn)), [14, 13]).shape),
        lambda nn: nn.ConvTranspose2d(3, 4, 3, stride=2)(ones(nn), [15, 14]),
        lambda nn: nn.ConvTranspose2d(3, 4, 3, stride=2)(ones(nn), [14]),
    ],
)
def test_constructors(make):
    expected, given = (outcome(lambda library: make(library.nn), library) for library in (torch, minigrad))
    assert given == expected


def ones(nn):
    return (torch if nn is torch.nn else minigrad).ones(2, 3, 6, 6)
