"""Scaled dot-product attention, forward and backward, in blocks of queries that fit in the memory that scores may take.

The products are cuBLAS's, of all heads at once; between them a kernel turns scores into weights in place. Only the
logarithm of each row's sum is kept for the backward pass, which computes the weights again.

Shapes: query (batch, heads, queries, size), key (batch, heads, keys, size), value (batch, heads, keys, width), mask
(batch, heads, queries, keys).
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cuda._block import blocks_for_rows, lanes_for
from minigrad_kernels.cuda._kernel import In, Out, empty, kernel
from minigrad_kernels.cuda._math import exp, log
from minigrad_kernels.cuda._memory import SIMULATED, module
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda.activation import masked_scale
from minigrad_kernels.cuda.rows import mass_of, softmax_backward, top_of

_ROOM = 1 << 5 if SIMULATED else 1 << 26  # scores that are held at a time
_INFINITY = math.inf


@kernel
def _weights_loop(scores: Out, width: int, queries: int, first: int, causal: bool, lanes: int, log_sums: Out):
    """Turn each row of `width` scores into its softmax, and write the logarithm of the sum of its exponentials.

    There are `queries` rows a head, of which the first belongs to query `first`; where `causal`, a query attends to no
    later key. A row of nothing but -inf becomes 0.
    """
    shared = cuda.shared.array(THREADS, scores.dtype)
    groups, lane, rows = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), log_sums.size
    zero, lowest = scores.dtype.type(0), scores.dtype.type(-_INFINITY)
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        attended = min(width, first + row % queries + 1) if causal else width
        begin, end, attended = row * width, row * width + width, row * width + attended
        if row >= rows:
            begin, end, attended = 0, 0, 0
        top = top_of(shared, scores, begin + lane, attended, lanes, lanes)
        shift = zero if top == lowest else top
        total = mass_of(shared, scores, shift, begin + lane, attended, lanes, lanes)
        for i in range(begin + lane, end, lanes):
            scores[i] = exp(scores[i] - shift) / total if i < attended and total != zero else zero
        if lane == 0 and row < rows:
            log_sums[row] = lowest if total == zero else shift + log(total)


@kernel
def _weights_again_loop(log_sums: In, width: int, queries: int, first: int, causal: bool, scores: Out):
    """Turn each row of scores into its softmax, of which the logarithm of the sum is known; see `_weights_loop`."""
    zero, lowest = scores.dtype.type(0), scores.dtype.type(-_INFINITY)
    for i in range(cuda.grid(1), scores.size, cuda.gridsize(1)):
        row, key = i // width, i % width
        is_attended = not causal or key <= first + row % queries
        scores[i] = exp(scores[i] - log_sums[row]) if is_attended and log_sums[row] != lowest else zero


def attend(query, key, value, mask, kept, boost, scale, causal):
    """Return ``softmax(scale * query @ key.T + mask) @ value``, and the logarithm of each row's sum of exponentials.

    Parameters
    ----------
    mask : array, optional
        Booleans say which keys take part; numbers are added to the scores.
    kept : array of bool, shape (batch, heads, queries, keys), optional
        The weights that dropout keeps, to be multiplied by `boost`.
    boost, scale : float
    causal : bool
        Whether a query attends only to the keys up to its own place.

    Returns
    -------
    out : array, shape (batch, heads, queries, width), in the memory order of the query
    log_sums : array, shape (batch, heads, queries)
    """
    keys, width = value.shape[2:]
    out = module().empty_like(query, shape=(*query.shape[:3], width))
    log_sums = empty(query.shape[:3], query.dtype)
    for rows, others in _blocks(query.shape, keys, causal):
        _, weights = _scores(query[:, :, rows], key[:, :, others], mask, (rows, others), scale)
        sums = empty(weights.shape[:3], query.dtype)
        lanes = lanes_for(weights.shape[-1])
        _weights_loop[query.dtype](
            weights, *_row_of(weights, rows, causal), lanes, sums, blocks=blocks_for_rows(sums.size, lanes)
        )
        log_sums[:, :, rows] = sums
        if kept is not None:
            weights = masked_scale(weights, kept[:, :, rows, others], boost)
        out[:, :, rows] = module().matmul(weights, value[:, :, others])
    return out, log_sums


def attend_backward(grad, query, key, value, mask, kept, log_sums, boost, scale, causal):
    """Return the gradients of `attend` for query, key and value.

    Parameters
    ----------
    grad : array, shape (batch, heads, queries, width)
    log_sums : array
        From `attend`.
    """
    of_query, of_key, of_value = map(module().zeros_like, (query, key, value))
    for rows, others in _blocks(query.shape, key.shape[2], causal):
        part, their_keys, their_values = query[:, :, rows], key[:, :, others], value[:, :, others]
        scaled, weights = _scores(part, their_keys, mask, (rows, others), scale)
        _weights_again_loop[query.dtype](log_sums[:, :, rows], *_row_of(weights, rows, causal), weights)
        incoming, used = grad[:, :, rows], weights
        slopes = module().matmul(incoming, their_values.swapaxes(-1, -2))
        if kept is not None:
            slopes, used = (masked_scale(each, kept[:, :, rows, others], boost) for each in (slopes, weights))
        slopes = softmax_backward(slopes, weights)
        of_value[:, :, others] += module().matmul(used.swapaxes(-1, -2), incoming)
        of_key[:, :, others] += module().matmul(slopes.swapaxes(-1, -2), scaled)
        of_query[:, :, rows] = module().matmul(slopes, their_keys) * query.dtype.type(scale)
    return of_query, of_key, of_value


def _blocks(shape, keys, causal):
    """Yield blocks: their queries, of all heads, and the keys that these attend to."""
    batch, heads, queries, _ = shape
    step = max(_ROOM // max(batch * heads * keys, 1), 1)
    for start in range(0, queries if batch * heads else 0, step):
        yield slice(start, min(start + step, queries)), slice(min(start + step, keys) if causal else keys)


def _row_of(weights, rows, causal):
    """Return what the loops need to know of rows: their width, how many a head has, the first one's query, `causal`."""
    return weights.shape[-1], weights.shape[-2], rows.start, causal


def _scores(query, key, mask, where, scale):
    """Return the scaled queries of a block, and its scores; `where` is the block's place among all pairs."""
    scaled = query * query.dtype.type(scale)
    scores = module().matmul(scaled, key.swapaxes(-1, -2))
    if mask is not None:
        rows, others = where
        part = mask[:, :, rows, others]
        if part.dtype == bool:
            part = module().where(part, scores.dtype.type(0), scores.dtype.type(-np.inf))
        scores += part
    return scaled, scores
