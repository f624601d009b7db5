"""Pooling over windows at drawn places beside PyTorch's: the same draws, the same windows."""

from __future__ import annotations

import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")


@same
def test_same_windows_after_the_same_seed(torch):
    found = []
    for dtype in (torch.float16, torch.float32, torch.float64):
        image = torch.arange(252.0, dtype=dtype).sin().reshape(2, 3, 6, 7).requires_grad_()
        volume = torch.arange(252.0, dtype=dtype).cos().reshape(1, 2, 6, 3, 7).requires_grad_()
        functional = torch.nn.functional
        for out in (
            functional.fractional_max_pool2d(image, (2, 3), (4, 5)),
            functional.fractional_max_pool2d(image[0], 2, output_ratio=(0.5, 0.7)),
            functional.fractional_max_pool2d(image, 3, 1),
            functional.fractional_max_pool3d(volume, (2, 1, 2), (4, 2, 5)),
            functional.fractional_max_pool3d(volume[0], 1, output_ratio=0.6),
        ):
            found += [out, *torch.autograd.grad((out**2).sum(), (image, volume), allow_unused=True)]
    return found


@same
def test_given_samples_and_indices(torch):
    image = torch.arange(60.0).cos().reshape(1, 2, 5, 6)
    samples = torch.tensor([[[0.1, 0.9], [0.5, 0.3]]])
    equal = torch.zeros(1, 1, 4, 4)
    broken = image.clone()
    broken[0, 0, 1:3] = float("nan")
    broken[0, 1] = -float("inf")
    halves = image.half().repeat(1, 1, 4, 5), torch.full((1, 2, 2), 0.7).half()
    return [
        torch.nn.functional.fractional_max_pool2d(broken, (2, 3), [3, 2], None, True, samples),
        torch.nn.functional.fractional_max_pool2d(halves[0], 2, 13, None, True, halves[1]),
        torch.nn.functional.fractional_max_pool2d(image, 2, 3, None, True, samples),
        torch.nn.functional.fractional_max_pool2d(equal, 2, 2, return_indices=True),
        torch.nn.functional.fractional_max_pool2d(image[:0], 2, 3),
    ]


@same
def test_layers(torch):
    layer = torch.nn.FractionalMaxPool2d(2, (3, 4), return_indices=True)
    fixed = torch.nn.FractionalMaxPool3d((1, 2, 2), output_ratio=0.5, _random_samples=torch.full((1, 1, 3), 0.25))
    return [
        layer(torch.arange(60.0).sin().reshape(1, 2, 5, 6)),
        fixed(torch.arange(120.0).sin().reshape(1, 1, 4, 5, 6)),
        repr(layer),
        layer.state_dict(),
        fixed.state_dict(),
    ]


@same
def test_refusals(torch):
    image, volume = torch.ones(2, 3, 6, 7), torch.ones(2, 3, 4, 6, 7)
    two, three = torch.nn.functional.fractional_max_pool2d, torch.nn.functional.fractional_max_pool3d
    return [
        attempt(lambda: two(image, 3)),
        attempt(lambda: two(image, 3, 5)),
        attempt(lambda: two(image, 3, (4, 6))),
        attempt(lambda: two(image, 2, (3, 2, 1))),
        attempt(lambda: two(image.long(), 2, 3)),
        attempt(lambda: two(image[:, :0], 2, 3)),
        attempt(lambda: two(image, 2, 3, _random_samples=torch.rand(2, 3, 1))),
        attempt(lambda: two(image, 2, 3, _random_samples=torch.rand(2, 3, 2).double())),
        attempt(lambda: two(image, 2, 3, _random_samples=torch.rand(1, 3, 2))),
        attempt(lambda: two(image, 2, 3, _random_samples=torch.rand(2, 2, 2))),
        attempt(lambda: two(image, 2, 3, _random_samples=torch.rand(6, 2))),
        attempt(lambda: two(image, 2, 9, _random_samples=torch.rand(1, 2, 2))),
        attempt(lambda: two(image[0, 0], 2, 3, _random_samples=torch.rand(1, 2, 2))),
        attempt(lambda: three(volume[:, :, :, :0], 2, 3, _random_samples=torch.rand(2, 3, 3))),
        attempt(lambda: three(volume, 3)),
        attempt(lambda: three(volume, 2, 3)),
        attempt(lambda: torch.nn.FractionalMaxPool2d(3)),
        attempt(lambda: torch.nn.FractionalMaxPool2d(3, output_ratio=2)),
        attempt(lambda: torch.nn.FractionalMaxPool3d(3, 2, 0.5)),
    ]
