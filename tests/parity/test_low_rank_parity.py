"""Random projections and equations between tensors beside PyTorch's, and small questions about the process."""

from __future__ import annotations

import pytest

from .both import attempt, same

torch = pytest.importorskip("torch")


def _data(torch):
    return torch.arange(40.0, dtype=torch.float64).sin().reshape(8, 5) + torch.arange(5.0)


@same
def test_low_rank(torch):
    x, found = _data(torch), []
    for results in (
        torch.svd_lowrank(x, 3),
        torch.svd_lowrank(x.T, 2, niter=1),
        torch.svd_lowrank(x, 2, M=x.mean(0)),
        torch.pca_lowrank(x),
        torch.pca_lowrank(x, 2, center=False),
    ):
        U, S, V = results
        found += [S, list(U.shape), list(V.shape), (U * S) @ V.T]
    return [
        *found,
        torch.rand(1),
        attempt(lambda: torch.pca_lowrank(x, 9)),
        attempt(lambda: torch.pca_lowrank(x, 2, niter=-1)),
    ]


@same
def test_refusals_of_equations_between_tensors(torch):
    linalg = torch.linalg
    return [
        attempt(lambda: linalg.tensorinv(torch.ones(2, 3, 5, 6))),
        attempt(lambda: linalg.tensorinv(torch.ones(2, 2), ind=0)),
        attempt(lambda: linalg.tensorsolve(torch.ones(2, 3, 6), torch.ones(2, 2))),
        torch.ones(2, 3).sum_to_size(3),
        torch.ones(2, 3).sum_to_size((1, 3)),
        attempt(lambda: torch.ones(2, 3).sum_to_size(2)),
    ]


@same
def test_determinism_and_memory_formats(torch):
    found = [repr(torch.channels_last), repr(torch.channels_last_3d), torch.get_deterministic_debug_mode()]
    for mode in ("warn", 2, "default"):
        torch.set_deterministic_debug_mode(mode)
        warns = torch.is_deterministic_algorithms_warn_only_enabled()
        found += [torch.get_deterministic_debug_mode(), warns, torch.are_deterministic_algorithms_enabled()]
    refused = [
        attempt(lambda: torch.set_deterministic_debug_mode("all")),
        attempt(lambda: torch.set_deterministic_debug_mode(3)),
    ]
    x = torch.ones(1, 2, 3, 3)
    layer = torch.nn.Conv2d(2, 1, 2).to(memory_format=torch.channels_last)
    return [*found, *refused, layer(x.to(memory_format=torch.channels_last)), x.contiguous().shape == x.shape]


@same
def test_pools_that_return_places(torch):
    functional = torch.nn.functional
    x = torch.arange(64.0).sin().reshape(1, 1, 4, 4, 4)
    return [
        functional.max_pool1d_with_indices(x[0, 0], 2),
        functional.max_pool2d_with_indices(x[0], 2, stride=1),
        functional.max_pool3d_with_indices(x, 3),
        functional.adaptive_max_pool1d_with_indices(x[0, 0], 3),
        functional.adaptive_max_pool2d_with_indices(x[0], (2, 1)),
        functional.adaptive_max_pool3d_with_indices(x, 2),
        functional.fractional_max_pool2d_with_indices(x[0], 2, 2),
        functional.fractional_max_pool3d_with_indices(x, 2, output_size=2),
    ]
