"""Pooling at drawn places against windows looked at one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad_kernels import cpu
from minigrad_kernels._pool_windows import drawn_starts

CASES = [((2, 3), (3, 4), (5, 7)), ((2, 2, 2), (2, 1, 3), (4, 3, 6)), ((1, 1), (2, 3), (3, 4))]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("size", "out", "lengths"), CASES)
def test_largest_elements_and_their_places(dtype, size, out, lengths):
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 9, (2, 3, *lengths)).astype(dtype)
    samples = rng.uniform(size=(2, 3, len(size))).astype(dtype)
    values, places = cpu.fractional_max_pool(x, samples, size, out)
    order = (1, 0) if len(size) == 2 else (0, 1, 2)
    draws = samples.reshape(6, -1)
    numbers = list(zip(order, lengths, size, out, strict=True))
    starts = [drawn_starts(np, draws[:, k], *each) for k, *each in numbers]
    for plane, row in enumerate(x.reshape(6, *lengths)):
        for at in itertools.product(*map(range, out)):
            corner = [each[plane, k] for each, k in zip(starts, at, strict=True)]
            window = tuple(slice(a, a + n) for a, n in zip(corner, size, strict=True))
            inside = np.unravel_index(row[window].argmax(), size)
            place = np.ravel_multi_index([a + b for a, b in zip(corner, inside, strict=True)], lengths)
            here = (*divmod(plane, 3), *at)
            assert (values[here], places[here]) == (row[window].max(), place)
