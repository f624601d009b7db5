"""Attention on the simulator, where 32 scores are held at a time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cuda.twins import check

SHAPES = [(1, 1, 3, 3), (2, 2, 5, 7), (1, 3, 9, 4), (2, 1, 1, 6), (1, 2, 4, 0), (0, 2, 3, 3)]


@pytest.fixture
def rng():
    return np.random.default_rng(6)


def _inputs(rng, dtype, batch, heads, queries, keys):
    sizes = (queries, 3), (keys, 3), (keys, 2)
    return [rng.normal(size=(batch, heads, *size)).astype(dtype) for size in sizes]


def _run(rng, dtype, shape, mask=None, kept=None, causal=False):
    """Compare the forward and the backward pass."""
    arrays = _inputs(rng, dtype, *shape)
    out, log_sums = check("attend", *arrays, mask, kept, 1.25, 0.5, causal)
    grad = rng.normal(size=out.shape).astype(dtype)
    check("attend_backward", grad, *arrays, mask, kept, log_sums, 1.25, 0.5, causal)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_queries_and_keys_of_any_number(shape, causal, dtype, rng):
    _run(rng, dtype, shape, causal=causal)


@pytest.mark.parametrize("causal", [False, True])
def test_masks_and_dropout(causal, rng):
    shape = 2, 2, 5, 6
    booleans = rng.random(shape) < 0.6
    booleans[0, :, 2] = False  # a query that may attend to no key
    _run(rng, np.float32, shape, mask=booleans, causal=causal)
    _run(rng, np.float32, shape, mask=rng.normal(size=shape).astype(np.float32), causal=causal)
    _run(rng, np.float32, shape, kept=rng.random(shape) < 0.5, causal=causal)


def test_heads_that_are_views(rng):
    query, key, value = (np.moveaxis(each, 1, 2) for each in _inputs(rng, np.float64, 2, 5, 3, 3))
    check("attend", query, key, value, None, None, 1.0, 0.5, False)
