"""Resampling kernels against dense matrices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad_kernels import cpu
from minigrad_kernels._resampling import Resampling, Taps


def random_taps(rng, length, count, each):
    """Return taps at random places with small weights, `each` a place or, for 0, up to 4."""
    counts = np.full(count, each) if each else rng.integers(0, 5, count)
    starts = np.append(0, counts.cumsum())
    return Taps(starts, rng.integers(0, length, starts[-1]), rng.integers(-2, 3, starts[-1]).astype(float), length)


def matrix_of(taps):
    matrix = np.zeros((taps.count, taps.length))
    np.add.at(matrix, (np.repeat(np.arange(taps.count), np.diff(taps.starts)), taps.places), taps.weights)
    return matrix


def resampled(x, matrices):
    for axis, matrix in zip(range(x.ndim - len(matrices), x.ndim), matrices, strict=True):
        x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    return x


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_weighted_sums_along_the_last_dimensions_and_their_gradients(rank, dtype):
    rng = np.random.default_rng(0)
    for counts, each in itertools.product(((2, 3, 2), (6, 7, 5)), (0, 1, 2, 3)):
        taps = [random_taps(rng, n, count, each) for n, count in zip((3, 4, 5)[-rank:], counts[-rank:], strict=True)]
        plan, matrices = Resampling(taps), [matrix_of(one) for one in taps]
        x = rng.integers(-3, 4, (2, 3, *(one.length for one in taps))).astype(dtype)
        got = cpu.resample(x, plan)
        assert got.dtype == dtype
        limit = 1e-3 if dtype == np.float16 else 0
        np.testing.assert_allclose(got, resampled(x, matrices), limit)
        back, wanted = cpu.resample(got, plan.back), resampled(got.astype(float), [each.T for each in matrices])
        np.testing.assert_allclose(back, wanted, limit)
        assert plan.back.back is plan


def test_bytes_are_rounded_and_clipped_after_each_dimension_the_last_first():
    rng = np.random.default_rng(0)
    linear = Taps(np.arange(6) * 2, np.array([0, 0, 0, 1, 1, 2, 2, 3, 3, 3]), np.tile([0.3125, 0.6875], 5), 4)
    sharp = Taps(np.array([0, 3, 4]), np.array([0, 1, 2, 1]), np.array([-0.75, 2.5, -0.75, 1]), 3)
    x = rng.integers(0, 256, (2, 3, 4), dtype=np.uint8)
    across = np.floor(x @ matrix_of(linear).T + 0.5).clip(0, 255)
    wanted = np.floor(matrix_of(sharp) @ across + 0.5).clip(0, 255)
    got = cpu.resample_bytes(x, Resampling([sharp, linear]))
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, wanted)
    np.testing.assert_array_equal(
        cpu.resample_bytes(x[..., ::2].swapaxes(1, 2), Resampling([sharp])),
        np.floor(x[..., ::2].swapaxes(1, 2) @ matrix_of(sharp).T + 0.5).clip(0, 255),
    )


def test_strided_and_empty_arrays():
    plan = Resampling([Taps(np.array([0, 2, 3]), np.array([0, 2, 1]), np.ones(3), 3)])
    np.testing.assert_array_equal(cpu.resample(np.arange(6.0).reshape(3, 2).T, plan), [[4, 2], [6, 3]])
    assert cpu.resample(np.ones((0, 3)), plan).shape == (0, 2)


def test_what_nothing_takes_gets_no_gradient_whatever_the_others_get():
    plan = Resampling([Taps(np.arange(3), np.array([0, 2]), np.ones(2), 3)])
    np.testing.assert_array_equal(cpu.resample(np.array([[np.inf, 1.0]]), plan.back), [[np.inf, 0, 1]])


def test_selections_in_runs_repeated_and_at_random():
    x = np.random.default_rng(2).normal(size=(2, 3, 4, 5)).astype(np.float32)
    lines = {
        "mirrored": [2, 1, 0, 1, 2, 3, 4, 3],
        "twice": [0, 0, 1, 1, 2, 2, 3, 3, 4, 4],
        "thrice": np.repeat(np.arange(5), 3),
        "backwards": [4, 3, 2, 1, 0],
        "cut": [1, 2, 3],
        "one": [2],
    }
    for across, down, deep in itertools.product(lines.values(), ([3, 3, 0, 1], [0, 1, 2, 3], [2]), ([1, 1, 0], [2])):
        places = [np.array(each) for each in (deep, down, across)]
        taps = [
            Taps(np.arange(len(each) + 1), each, np.ones(len(each)), length)
            for each, length in zip(places, (3, 4, 5), strict=True)
        ]
        wanted = x[:, places[0]][:, :, places[1]][..., places[2]]
        for rank in (1, 2, 3):
            plan = Resampling(taps[-rank:])
            assert plan.selects
            got = cpu.resample(x, plan)
            np.testing.assert_array_equal(got, wanted if rank == 3 else _part(x, places, rank))
            back = resampled(got, [matrix_of(one).T for one in taps[-rank:]])
            np.testing.assert_allclose(cpu.resample(got, plan.back), back, 1e-5, 1e-5)


def _part(x, places, rank):
    return x[..., places[2]] if rank == 1 else x[:, :, places[1]][..., places[2]]
