"""Pooling layers beside PyTorch's, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
import minigrad.nn
from tests.parity.test_conv_parity import outcome
from tests.parity.test_layers_parity import assert_same

torch = pytest.importorskip("torch")

SIGNALS, IMAGES, VOLUMES = [(2, 4, 7)], [(2, 4, 7, 6)], [(2, 2, 4, 5, 6)]

LAYERS = {
    "MaxPool1d": (lambda nn: nn.MaxPool1d(2), SIGNALS),
    "MaxPool2d": (lambda nn: nn.MaxPool2d(2), IMAGES),
    "MaxPool2d, all": (lambda nn: nn.MaxPool2d((3, 2), 2, 1, (1, 2), ceil_mode=True), IMAGES),
    "MaxPool2d, three": (lambda nn: nn.MaxPool2d(3, stride=2, padding=1), [(2, 3, 32, 17)]),
    "MaxPool3d": (lambda nn: nn.MaxPool3d(2, (1, 2, 2)), VOLUMES),
    "AvgPool1d": (lambda nn: nn.AvgPool1d(3, 2, 1), SIGNALS),
    "AvgPool2d": (lambda nn: nn.AvgPool2d(2), IMAGES),
    "AvgPool2d, all": (lambda nn: nn.AvgPool2d((3, 2), 2, 1, True, False), IMAGES),
    "AvgPool2d, divisor": (lambda nn: nn.AvgPool2d(2, divisor_override=3), IMAGES),
    "AvgPool3d": (lambda nn: nn.AvgPool3d(2, padding=1), VOLUMES),
    "LPPool1d": (lambda nn: nn.LPPool1d(2, 3), SIGNALS),
    "LPPool2d": (lambda nn: nn.LPPool2d(2, (2, 3), 2, True), IMAGES),
    "LPPool3d": (lambda nn: nn.LPPool3d(4, 2), VOLUMES),
    "AdaptiveAvgPool1d": (lambda nn: nn.AdaptiveAvgPool1d(3), SIGNALS),
    "AdaptiveAvgPool2d": (lambda nn: nn.AdaptiveAvgPool2d(1), IMAGES),
    "AdaptiveAvgPool2d, uneven": (lambda nn: nn.AdaptiveAvgPool2d((4, None)), IMAGES),
    "AdaptiveAvgPool3d": (lambda nn: nn.AdaptiveAvgPool3d((2, 3, 4)), VOLUMES),
    "AdaptiveMaxPool1d": (lambda nn: nn.AdaptiveMaxPool1d(3), SIGNALS),
    "AdaptiveMaxPool2d": (lambda nn: nn.AdaptiveMaxPool2d((3, 4)), IMAGES),
    "AdaptiveMaxPool3d": (lambda nn: nn.AdaptiveMaxPool3d((2, 3, 4)), VOLUMES),
}


@pytest.mark.parametrize(("make", "inputs"), LAYERS.values(), ids=LAYERS)
def test_layers(make, inputs):
    assert_same(make, inputs)


@pytest.mark.parametrize(("rank", "size"), [(1, (7,)), (2, (5, 6)), (3, (4, 4, 5))])
def test_unpooling_puts_the_maxima_back(rank, size):
    found = []
    x = np.random.default_rng(0).permutation(2 * 3 * int(np.prod(size))).reshape(2, 3, *size).astype(np.float32)
    for library in (torch, minigrad):
        nn = library.nn
        pool = getattr(nn, f"MaxPool{rank}d")(2, return_indices=True)
        unpool = getattr(nn, f"MaxUnpool{rank}d")(2)
        leaf = library.tensor(x, requires_grad=True)
        values, indices = pool(leaf)
        out = unpool(values, indices, output_size=list(size))
        (out * library.arange(out.numel()).reshape(out.shape)).sum().backward()
        found.append([repr(unpool), *(each.detach().numpy() for each in (indices, out, leaf.grad))])
    assert found[0][0] == found[1][0]
    for theirs, ours in zip(found[0][1:], found[1][1:], strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d", "adaptive_max_pool2d"])
def test_nan_and_infinities(name):
    x = np.full((1, 4, 5), -np.inf, np.float32)
    x[0, 1, 2] = np.nan
    x[0, 3, 3] = 7
    theirs, ours = (getattr(library.nn.functional, name)(library.tensor(x), 2).numpy() for library in (torch, minigrad))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kernel", [2, 3, 12])
def test_indices_of_equal_elements_are_the_first(kernel):
    x = np.zeros((1, 13, 14), np.float32)
    x[0, 3:5] = -np.inf
    theirs, ours = (
        library.nn.functional.max_pool2d(library.tensor(x), kernel, 2, 1, return_indices=True)[1].numpy()
        for library in (torch, minigrad)
    )
    np.testing.assert_array_equal(ours, theirs)


REFUSED = {
    "border": lambda F, x: F.max_pool2d(x, 2, padding=2),
    "negative border": lambda F, x: F.max_pool2d(x, 2, padding=-1),
    "stride": lambda F, x: F.max_pool2d(x, 2, stride=0),
    "kernel": lambda F, x: F.max_pool2d(x, (2, 2, 2)),
    "too large": lambda F, x: F.max_pool2d(x, 7),
    "mean, too large": lambda F, x: F.avg_pool2d(x, 7),
    "mean, border": lambda F, x: F.avg_pool2d(x, 2, padding=2),
    "mean, divisor": lambda F, x: F.avg_pool2d(x, 2, divisor_override=0),
    "even, sizes": lambda F, x: F.adaptive_avg_pool2d(x, (2, 2, 2)),
    "even, negative": lambda F, x: F.adaptive_avg_pool2d(x, -1),
    "even max, negative": lambda F, x: F.adaptive_max_pool2d(x, -1),
    "even, integers": lambda F, x: F.adaptive_avg_pool2d(x.long(), 2),
    "bools": lambda F, x: F.max_pool2d(x.bool(), 2),
    "unpooling, size": lambda F, x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2, output_size=(8, 7)),
    "unpooling, dtype": lambda F, x: F.max_unpool2d(x, x.int(), 2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    expected, given = (
        outcome(lambda lib: REFUSED[name](lib.nn.functional, lib.ones(2, 3, 6, 6)), library)
        for library in (torch, minigrad)
    )
    assert given == expected
