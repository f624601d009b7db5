"""Reading at a grid beside PyTorch's: every mode and padding with its gradients of both orders, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minigrad
import minigrad.nn.functional

from .both import attempt, same

torch = pytest.importorskip("torch")

MODES = [("bilinear", 2), ("bilinear", 3), ("nearest", 2), ("nearest", 3), ("bicubic", 2)]


def _results(library, x, grid, *options):
    inputs = [library.tensor(each, requires_grad=True) for each in (x, grid)]
    out = library.nn.functional.grid_sample(*inputs, *options)
    weights = library.arange(out.numel()).reshape(out.shape).to(out.dtype) / 50
    first = library.autograd.grad(out, inputs, weights, create_graph=True)
    second = library.autograd.grad(sum((each**2).sum() for each in first), inputs, allow_unused=True)
    zeros = [library.zeros_like(each) for each in inputs]
    found = [out, *first, *(zero if each is None else each for zero, each in zip(zeros, second, strict=True))]
    return [each.detach().numpy() for each in found]


@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize(("mode", "rank"), MODES)
def test_values_and_gradients(mode, rank, padding_mode):
    random = np.random.default_rng(0)
    for align_corners, sizes in itertools.product((False, True), ((5, 7, 4), (1, 3, 2))):
        x = random.standard_normal((2, 3, *sizes[:rank]))
        grid = random.uniform(-3, 3, (2, *(3, 2, 2)[:rank], rank))
        grid[0, 0, 0] = [(-1, -1, -1), (0, 1, 0.5)][align_corners][:rank]  # where the pieces meet
        options = (mode, padding_mode, align_corners)
        ours, theirs = _results(minigrad, x, grid, *options), _results(torch, x, grid, *options)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, 1e-9, 1e-9, err_msg=f"{options}, {sizes}")


@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_elements_are_taken_where_rounding_decides(dtype, padding_mode):
    random = np.random.default_rng(0)
    ranks = [((28, 33), (40, 50)), ((6, 28, 33), (2, 20, 50))]
    cases = itertools.product(ranks, ("bilinear", "nearest"), (False, True))
    for (lengths, points), mode, align_corners in cases:
        x = random.standard_normal((2, 3, *lengths)).astype(dtype)
        halves = random.integers(-60, 120, (2, *points, len(lengths))) / 2
        sizes = np.array(lengths[::-1])
        grid = (2 * halves / (sizes - 1) - 1 if align_corners else (2 * halves + 1) / sizes - 1).astype(dtype)
        found = []
        for library in (minigrad, torch):
            inputs = [library.tensor(each, requires_grad=True) for each in (x, grid)]
            out = library.nn.functional.grid_sample(*inputs, mode, padding_mode, align_corners)
            out.sum().backward()
            found.append([each.detach().numpy() for each in (out, *(each.grad for each in inputs))])
        for ours, theirs in zip(*found, strict=True):
            limit = 1e-3 if dtype == "float32" else 1e-9
            np.testing.assert_allclose(ours, theirs, limit, limit, err_msg=f"{mode}, {align_corners}")


@same
def test_positions_that_are_not_finite(torch):
    nan, inf = float("nan"), float("inf")
    grid = torch.tensor([[nan, 0.0], [0.0, nan], [inf, 0.0], [-inf, 0.0], [1e20, 0.0]]).reshape(1, 1, 5, 2)
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    sample = torch.nn.functional.grid_sample
    modes = list(itertools.product(("bilinear", "nearest"), ("zeros", "border")))
    volume, places = torch.arange(27.0).reshape(1, 1, 3, 3, 3), torch.nn.functional.pad(grid, (0, 1))[None]
    of_volumes = [sample(volume, places, *mode, False) for mode in modes]
    return [*(sample(image, grid, *mode, False) for mode in [*modes, ("bicubic", "border")]), *of_volumes]


@same
def test_refusals_of_grid_sample(torch):
    sample, image, grid = torch.nn.functional.grid_sample, torch.ones(1, 1, 3, 3), torch.zeros(1, 2, 2, 2)
    return [
        attempt(lambda: sample(image, grid[..., :1], align_corners=True)),
        attempt(lambda: sample(image[0], grid, align_corners=True)),
        attempt(lambda: sample(image, grid.double(), align_corners=True)),
        attempt(lambda: sample(image, grid, "cubic", align_corners=True)),
        attempt(lambda: sample(image, grid, padding_mode="circular", align_corners=True)),
        attempt(lambda: sample(image, torch.cat([grid, grid]), align_corners=True)),
        attempt(lambda: sample(image[:, :, :0], grid, align_corners=True)),
        attempt(lambda: sample(image.long(), grid.long(), align_corners=True)),
        attempt(lambda: sample(image[None], torch.zeros(1, 1, 1, 1, 3), "bicubic", align_corners=True)),
        sample(image, grid),
    ]


@same
def test_refusals_of_affine_grid(torch):
    affine_grid, theta = torch.nn.functional.affine_grid, torch.ones(1, 2, 3)
    return [
        attempt(lambda: affine_grid(theta, (1, 1, 2, 2, 2), False)),
        attempt(lambda: affine_grid(theta, (1, 1, 2), False)),
        attempt(lambda: affine_grid(theta.long(), (1, 1, 2, 2), False)),
        attempt(lambda: affine_grid(theta, (1, 1, 0, 2), False)),
        attempt(lambda: affine_grid(theta, (2, 1, 2, 2), False)),
        affine_grid(theta, (1, 1, 1, 2), True),
        affine_grid(theta.requires_grad_(), torch.Size((1, 1, 2, 2))),
    ]


@same
def test_shapes_that_broadcast(torch):
    return [
        list(torch.broadcast_shapes((2, 1), (3,), (1, 1, 1))),
        list(torch.broadcast_shapes()),
        list(torch.broadcast_shapes(3, (2, 1))),
        attempt(lambda: torch.broadcast_shapes((2, 1), (3,), 4)),
        attempt(lambda: torch.broadcast_shapes((-1,), (2,))),
        attempt(lambda: torch.broadcast_shapes((2, 3), (3, 2))),
    ]


@same
def test_refusals_of_split_with_sizes_and_pdist(torch):
    x = torch.ones(3, 4, requires_grad=True)
    return [
        torch.split_with_sizes(x, [1, 2]),
        attempt(lambda: torch.split_with_sizes(x, [1, 1])),
        attempt(lambda: torch.split_with_sizes(x, (-1, 4))),
        attempt(lambda: torch.split_with_sizes(torch.tensor(1.0), [1])),
        attempt(lambda: torch.pdist(torch.ones(3))),
        attempt(lambda: torch.pdist(torch.ones(3, 2).long())),
        attempt(lambda: torch.pdist(x, -1)),
        attempt(lambda: torch.logcumsumexp(torch.arange(3), 0)),
    ]
