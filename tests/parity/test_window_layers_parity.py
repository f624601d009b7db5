"""Layers that pad, unfold, shuffle and resample beside PyTorch's, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
import minigrad.nn
from tests.parity.test_conv_parity import outcome
from tests.parity.test_layers_parity import assert_same

torch = pytest.importorskip("torch")

SIGNALS, IMAGES, VOLUMES = [(2, 4, 7)], [(2, 4, 6, 5)], [(1, 2, 3, 4, 5)]

LAYERS = {
    "ConstantPad1d": (lambda nn: nn.ConstantPad1d(2, 3.5), SIGNALS),
    "ConstantPad2d": (lambda nn: nn.ConstantPad2d((1, 0, -1, 2), -1), IMAGES),
    "ConstantPad3d": (lambda nn: nn.ConstantPad3d(1, 2), VOLUMES),
    "ZeroPad1d": (lambda nn: nn.ZeroPad1d((1, 2)), SIGNALS),
    "ZeroPad2d": (lambda nn: nn.ZeroPad2d(2), IMAGES),
    "ZeroPad3d": (lambda nn: nn.ZeroPad3d(1), VOLUMES),
    "ReflectionPad1d": (lambda nn: nn.ReflectionPad1d(2), SIGNALS),
    "ReflectionPad2d": (lambda nn: nn.ReflectionPad2d((1, 2, 3, 0)), IMAGES),
    "ReflectionPad3d": (lambda nn: nn.ReflectionPad3d(1), VOLUMES),
    "ReplicationPad1d": (lambda nn: nn.ReplicationPad1d((0, 3)), SIGNALS),
    "ReplicationPad2d": (lambda nn: nn.ReplicationPad2d(2), IMAGES),
    "ReplicationPad3d": (lambda nn: nn.ReplicationPad3d(1), VOLUMES),
    "CircularPad1d": (lambda nn: nn.CircularPad1d(3), SIGNALS),
    "CircularPad2d": (lambda nn: nn.CircularPad2d((1, 2, 3, 0)), IMAGES),
    "CircularPad3d": (lambda nn: nn.CircularPad3d(1), VOLUMES),
    "Unfold": (lambda nn: nn.Unfold((2, 3), padding=1, stride=2), IMAGES),
    "Fold": (lambda nn: nn.Fold((4, 5), 2), [(2, 8, 12)]),
    "PixelShuffle": (lambda nn: nn.PixelShuffle(2), IMAGES),
    "PixelUnshuffle": (lambda nn: nn.PixelUnshuffle(2), [(2, 3, 4, 6)]),
    "ChannelShuffle": (lambda nn: nn.ChannelShuffle(2), IMAGES),
    "Upsample": (lambda nn: nn.Upsample(scale_factor=2), IMAGES),
    "Upsample, size": (lambda nn: nn.Upsample(9, mode="linear"), SIGNALS),
    "Upsample, factors": (lambda nn: nn.Upsample(scale_factor=(2, 1.5), mode="bilinear"), IMAGES),
    "UpsamplingNearest2d": (lambda nn: nn.UpsamplingNearest2d((3, 9)), IMAGES),
    "UpsamplingBilinear2d": (lambda nn: nn.UpsamplingBilinear2d(scale_factor=2), IMAGES),
}


@pytest.mark.parametrize(("make", "inputs"), LAYERS.values(), ids=LAYERS)
def test_layers(make, inputs):
    assert_same(make, inputs)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
def test_positions_in_single_precision(mode):
    x = np.random.default_rng(0).standard_normal((1, 1, 13, 29)).astype(np.float32)
    for keywords in ({"size": (31, 17)}, {"scale_factor": 2.3}, {"scale_factor": (0.61, 1.9)}):
        theirs, ours = (
            library.nn.functional.interpolate(library.tensor(x), mode=mode, **keywords).numpy()
            for library in (torch, minigrad)
        )
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


REFUSED = {
    "unfold, size": lambda F, x: F.unfold(x, 7),
    "unfold, dilation": lambda F, x: F.unfold(x, 2, 0),
    "unfold, stride": lambda F, x: F.unfold(x, 2, stride=0),
    "unfold, padding": lambda F, x: F.unfold(x, 2, padding=-1),
    "unfold, integers": lambda F, x: F.unfold(x.long(), 2),
    "fold, windows": lambda F, x: F.fold(x.reshape(2, 12, 12), (6, 6), 2),
    "fold, taps": lambda F, x: F.fold(x.reshape(2, 9, 16), (6, 6), 2),
    "pixel_shuffle": lambda F, x: F.pixel_shuffle(x, 3),
    "pixel_shuffle, factor": lambda F, x: F.pixel_shuffle(x, 0),
    "pixel_shuffle, rank": lambda F, x: F.pixel_shuffle(x[0, 0], 2),
    "pixel_unshuffle": lambda F, x: F.pixel_unshuffle(x, 4),
    "channel_shuffle": lambda F, x: F.channel_shuffle(x, 3),
    "interpolate": lambda F, x: F.interpolate(x),
    "interpolate, both": lambda F, x: F.interpolate(x, 4, 2),
    "interpolate, size": lambda F, x: F.interpolate(x, (4,)),
    "interpolate, factor": lambda F, x: F.interpolate(x, scale_factor=(4,)),
    "interpolate, rank": lambda F, x: F.interpolate(x[0, 0], 4),
    "interpolate, mode": lambda F, x: F.interpolate(x, 4, mode="round"),
    "interpolate, linear": lambda F, x: F.interpolate(x, 4, mode="linear"),
    "interpolate, corners": lambda F, x: F.interpolate(x, 4, align_corners=True),
    "interpolate, antialias": lambda F, x: F.interpolate(x, 4, antialias=True),
    "upsample": lambda F, x: F.upsample(x, 4).tolist(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_and_warnings(name):
    expected, given = (
        outcome(lambda lib: REFUSED[name](lib.nn.functional, lib.ones(2, 4, 6, 3)), library)
        for library in (torch, minigrad)
    )
    assert given == expected
