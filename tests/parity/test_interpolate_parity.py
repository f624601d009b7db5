"""Interpolation beside PyTorch's where a length stays, doubles or has a scale factor of its own, and dtypes."""

from __future__ import annotations

import itertools
import math

import pytest

pytest.importorskip("torch")

from tests.parity.both import attempt, same

BYTES = (
    ("nearest", False),
    ("bilinear", False),
    ("bilinear", True),
    ("bicubic", False),
    ("bicubic", True),
    ("lanczos", True),
)
FACTORS = ([1.6, 1.1], [1.1, 1.6], [1.3, 1.3], [2.1, 2.2])


def squares(torch, shape, dtype):
    return (torch.arange(float(math.prod(shape))) ** 2 % 200).reshape(shape).to(dtype)


def resized(torch, shape, dtype=None, **options):
    x = squares(torch, shape, dtype or torch.float64)
    return attempt(lambda: torch.nn.functional.interpolate(x, **options))


@same
def test_lengths_that_stay_or_double(torch):
    found = []
    for factors, mode in itertools.product(FACTORS, ("nearest", "nearest-exact", "bilinear", "bicubic")):
        for antialias in (False, True) if mode.startswith("bi") else (False,):
            found.append(resized(torch, (1, 2, 2, 3), scale_factor=factors, mode=mode, antialias=antialias))
    for factors, mode in itertools.product(FACTORS, ("nearest", "nearest-exact", "trilinear")):
        found.append(resized(torch, (1, 1, 2, 2, 3), scale_factor=[1.1, *factors], mode=mode))
    for factor, mode in itertools.product((1.1, 1.6, 2.2), ("nearest", "nearest-exact", "linear")):
        found.append(resized(torch, (1, 2, 3), scale_factor=factor, mode=mode))
    return found


@same
def test_gradients_where_a_length_stays(torch):
    found = []
    for shape, factors, mode in (
        ((1, 2, 3), [1.3], "linear"),
        ((1, 1, 2, 3), [1.6, 1.1], "bilinear"),
        ((1, 1, 2, 3), [2.1, 1.3], "nearest"),
        ((1, 1, 2, 2, 3), [1.6, 1.1, 1.3], "trilinear"),
    ):
        x = squares(torch, shape, torch.float64).requires_grad_()
        out = torch.nn.functional.interpolate(x, scale_factor=factors, mode=mode)
        found += torch.autograd.grad((out**2).sum(), x)
    return found


@same
def test_dtypes_that_are_refused(torch):
    found = [
        resized(torch, (1, 1, *(3,) * rank), torch.uint8, size=5, mode=mode)
        for rank, mode in ((1, "linear"), (3, "trilinear"), (1, "nearest"), (2, "nearest-exact"))
    ]
    for mode in ("bilinear", "bicubic"):
        found.append(resized(torch, (1, 1, 3, 3), torch.float16, size=5, mode=mode, antialias=True))
        found.append(resized(torch, (1, 1, 3, 3), torch.int64, size=5, mode=mode))
    return found


@same
def test_bytes_are_rounded_alike(torch):
    found = []
    for channels, (mode, antialias) in itertools.product((3, 6), BYTES):
        for options in (
            {"size": (13, 4)},
            {"scale_factor": (0.43, 1.7)},
            {"scale_factor": (2.2, 0.6)},
            {"size": (9, 11)},
        ):
            if mode in ("bilinear", "bicubic"):
                options["align_corners"] = channels == 6
            image = (torch.arange(2 * channels * 99) * 89 % 256).reshape(2, channels, 9, 11).to(torch.uint8)
            found.append(torch.nn.functional.interpolate(image, mode=mode, antialias=antialias, **options))
    return found


@same
def test_sizes_as_lists_and_tuples_are_the_same(torch):
    x = squares(torch, (1, 1, 3, 4), torch.float32)
    resize = torch.nn.functional.interpolate
    sizes = [resize(x, size=size, mode="bilinear") for size in ((5, 6), [5, 6], torch.Size((5, 6)))]
    return [*sizes, *(resize(x, scale_factor=factor) for factor in (2, 2.0, [2, 2], (2.0, 2)))]
