"""Resampling on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels._resampling import Resampling
from tests.cuda.twins import DTYPES, check
from tests.kernels.test_interpolate import random_taps


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_weighted_sums_along_the_last_dimensions_are_those_of_the_cpu(rank, dtype):
    rng = np.random.default_rng(0)
    lengths, counts = (2, 3, 4)[-rank:], (3, 2, 5)[-rank:]
    for each in (0, 2):
        plan = Resampling([random_taps(rng, n, count, each) for n, count in zip(lengths, counts, strict=True)])
        out = check("resample", rng.normal(size=(2, *lengths)).astype(dtype), plan)
        check("resample", out, plan.back)


def test_bytes_are_those_of_the_cpu():
    rng = np.random.default_rng(2)
    plan = Resampling([random_taps(rng, n, count, 3) for n, count in ((3, 4), (5, 2))])
    check("resample_bytes", rng.integers(0, 256, (2, 3, 5), dtype=np.uint8), plan)
    check("resample_bytes", np.ones((0, 3, 5), np.uint8), plan)


def test_strided_and_empty_arrays_are_taken():
    plan = Resampling([random_taps(np.random.default_rng(1), 4, 3, 2)])
    check("resample", np.arange(12.0).reshape(4, 3).T, plan)
    check("resample", np.ones((0, 4)), plan)
