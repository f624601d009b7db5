"""Attention in blocks beside the formula."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from minigrad_kernels import cpu

TOLERANCE = {np.float32: {"rtol": 2e-4, "atol": 2e-5}, np.float64: {"rtol": 1e-11, "atol": 1e-12}}
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)

# batch, heads, queries, keys, size, width: several heads at once, one head, several blocks of queries
SHAPES = [(2, 3, 5, 4, 3, 2), (1, 1, 1, 1, 1, 1), (1, 2, 130, 140, 4, 5), (1, 1, 300, 7, 2, 2), (1, 4, 100, 400, 2, 3)]


def weights_by_hand(query, key, mask, scale, causal):
    """Return the weights, and which rows have any."""
    scores = scale * query @ key.swapaxes(-1, -2)
    if causal:
        scores = np.where(np.tri(*scores.shape[-2:]), scores, -np.inf)
    if mask is not None:
        scores = scores + (np.where(mask, 0, -np.inf) if mask.dtype == bool else mask)
    exponentials = np.exp(scores)
    sums = exponentials.sum(-1, keepdims=True)
    return exponentials / np.where(sums == 0, 1, sums), np.log(sums[..., 0])


def gradients_by_hand(grad, query, key, value, weights, factors, scale):
    of_weights = grad @ value.swapaxes(-1, -2) * factors
    slopes = weights * (of_weights - (weights * of_weights).sum(-1, keepdims=True))
    return (
        scale * slopes @ key,
        scale * slopes.swapaxes(-1, -2) @ query,
        (weights * factors).swapaxes(-1, -2) @ grad,
    )


def arrays(shape, dtype):
    batch, heads, queries, keys, size, width = shape
    rng = np.random.default_rng(0)
    lengths = ((queries, size), (keys, size), (keys, width), (queries, width))
    return [rng.normal(size=(batch, heads, *each)).astype(dtype) for each in lengths]


@dtypes
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", ["no", "bool", "numbers", "dropout"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_attention_and_its_gradients_match_the_formulas(dtype, shape, masked, causal):
    query, key, value, grad = arrays(shape, dtype)
    rng = np.random.default_rng(1)
    pairs = (*query.shape[:3], key.shape[2])
    mask = {"bool": rng.random(pairs) < 0.5, "numbers": rng.normal(size=pairs).astype(dtype)}.get(masked)
    if masked == "bool":
        mask[0, 0, 0] = False
    kept = rng.random(pairs) < 0.7 if masked == "dropout" else None
    factors = 1 if kept is None else kept / 0.7
    weights, sums = weights_by_hand(query, key, mask, 0.5, causal)
    out, log_sums = cpu.attend(query, key, value, mask, kept, 1 / 0.7, 0.5, causal)
    np.testing.assert_allclose(out, weights * factors @ value, **TOLERANCE[dtype])
    np.testing.assert_allclose(log_sums, sums, **TOLERANCE[dtype])
    found = cpu.attend_backward(grad, query, key, value, mask, kept, log_sums, 1 / 0.7, 0.5, causal)
    by_hand = gradients_by_hand(grad, query, key, value, weights, factors, 0.5)
    for got, want in zip(found, by_hand, strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, **TOLERANCE[dtype])


def test_the_result_lies_in_memory_as_the_query_does():
    query = np.zeros((2, 5, 3, 4), np.float32).swapaxes(1, 2)
    out, _ = cpu.attend(query, query, query, None, None, 1.0, 1.0, False)
    assert out.strides == query.strides


def test_no_matrix_of_scores_is_held():
    length = 2048
    query, key, value, grad = arrays((1, 2, length, length, 8, 8), np.float32)
    arguments = query, key, value, None, None
    cpu.attend(*(array[:, :, :9] for array in arguments[:3]), None, None, 1.0, 1.0, False)  # compile
    tracemalloc.start()
    try:
        _, log_sums = cpu.attend(*arguments, 1.0, 1.0, False)
        cpu.attend_backward(grad, *arguments, log_sums, 1.0, 1.0, False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < length * length * 4 / 3


def test_large_scores_do_not_overflow():
    query, key, value, _ = arrays((1, 1, 3, 4, 2, 2), np.float32)
    out, _ = cpu.attend(query * 1e4, key * 1e4, value, None, None, 1.0, 1.0, False)
    best = (query @ key.swapaxes(-1, -2)).argmax(-1)[0, 0]
    np.testing.assert_array_equal(out[0, 0], value[0, 0, best])


@pytest.mark.parametrize("shape", [(0, 2, 3, 3, 2, 2), (1, 2, 0, 3, 2, 2), (1, 2, 3, 0, 2, 2), (1, 2, 3, 3, 0, 2)])
def test_empty_arrays(shape):
    query, key, value, grad = arrays(shape, np.float32)
    out, log_sums = cpu.attend(query, key, value, None, None, 1.0, 1.0, False)
    mean = value.mean(-2, keepdims=True) if value.size else np.zeros((), np.float32)
    np.testing.assert_allclose(out, np.broadcast_to(mean, out.shape), rtol=1e-5)
    found = cpu.attend_backward(grad, query, key, value, None, None, log_sums, 1.0, 1.0, False)
    assert [each.shape for each in found] == [query.shape, key.shape, value.shape]
    assert all(np.isfinite(each).all() for each in found)


@dtypes
@pytest.mark.parametrize("causal", [False, True])
def test_long_attention_of_heads_that_lie_between_the_rows(dtype, causal):
    made = arrays((2, 3, 150, 170, 20, 33), dtype)
    turned = [each.transpose(0, 2, 1, 3).copy().transpose(0, 2, 1, 3) for each in made]
    query, key, value, grad = turned
    scale = -0.3  # of the other sign
    out, log_sums = cpu.attend(query, key, value, None, None, 1.0, scale, causal)
    weights, sums = weights_by_hand(query, key, None, scale, causal)
    np.testing.assert_allclose(out, weights @ value, **TOLERANCE[dtype])
    np.testing.assert_allclose(log_sums, sums, **TOLERANCE[dtype])
    assert out.transpose(0, 2, 1, 3).flags.c_contiguous
    got = cpu.attend_backward(grad, query, key, value, None, None, log_sums, 1.0, scale, causal)
    for one, other in zip(got, gradients_by_hand(grad, query, key, value, weights, 1, scale), strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE[dtype])


def test_keys_that_are_infinitely_far_away_have_no_part():
    query, key = np.ones((1, 1, 40, 4)), np.full((1, 1, 130, 4), -np.inf)
    out, log_sums = cpu.attend(query, key, np.ones_like(key), None, None, 1.0, 1.0, False)
    assert (out == 0).all()
    assert (log_sums == -np.inf).all()
