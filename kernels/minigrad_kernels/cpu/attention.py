"""Scaled dot-product attention, forward and backward, in blocks of queries, so that no whole matrix of scores is held.

The products of a block are BLAS's; between them a kernel turns scores into weights where they lie, in the processor's
cache. Only the logarithm of each row's sum is kept for the backward pass, which computes the weights again, as in
FlashAttention (Dao, Fu, Ermon, Rudra, Ré. FlashAttention: Fast and Memory-Efficient Exact Attention. 2022).

Shapes: query (batch, heads, queries, size), key (batch, heads, keys, size), value (batch, heads, keys, width), mask
broadcastable to (batch, heads, queries, keys).
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu import _attention_panels as panels
from minigrad_kernels.cpu import _short_attention
from minigrad_kernels.cpu._kernel import SUMS, In, Out, kernel
from minigrad_kernels.cpu.activation import masked_scale
from minigrad_kernels.scalar._bits import maximum, wide
from minigrad_kernels.scalar.exponential import exp_below

empty = np.empty
_BLOCK = 128  # queries
_ROOM = 1 << 17  # scores of several small heads that are worked on together
_AT_ONCE = 2048  # scores in the first-level cache


@kernel(fastmath=SUMS)
def _weights_loop(scores: Out, width: int, queries: int, first: int, causal: bool, tops: Out, totals: Out):
    """Turn each row of `width` scores into its softmax; write its maximum, and the sum of its exponentials.

    There are `queries` rows a head, of which the first belongs to query `first`; where `causal`, a query attends to no
    later key. A row of nothing but -inf becomes 0. Exponentials are taken of some rows at once, because a short row
    does not fill the processor's vectors.
    """
    wide()
    lowest, zero, one = scores.dtype.type(-math.inf), scores.dtype.type(0), scores.dtype.type(1)
    group, query = max(1, _AT_ONCE // max(width, 1)), 0
    for start in range(0, tops.size, group):
        stop = min(start + group, tops.size)
        for i in range(start, stop):
            row = scores[i * width : (i + 1) * width]
            if causal:
                for j in range(row.size):
                    row[j] = row[j] if j <= first + query else lowest
                query = 0 if query + 1 == queries else query + 1
            top = lowest
            for j in range(row.size):
                top = maximum(top, row[j])
            top = zero if top == lowest else top
            for j in range(row.size):
                row[j] -= top
            tops[i] = top
        block = scores[start * width : stop * width]
        for j in range(block.size):
            block[j] = exp_below(block[j])
        for i in range(start, stop):
            row = scores[i * width : (i + 1) * width]
            total = zero
            for j in range(row.size):
                total += row[j]
            share = zero if total == zero else one / total
            for j in range(row.size):
                row[j] *= share
            totals[i] = total


@kernel(fastmath=SUMS)
def _weights_again_loop(scores: Out, width: int, queries: int, first: int, causal: bool, log_sums: In):
    """Turn each row of scores into its softmax, of which the logarithm of the sum is known; see `_weights_loop`."""
    wide()
    lowest, zero = scores.dtype.type(-math.inf), scores.dtype.type(0)
    group, query = max(1, _AT_ONCE // max(width, 1)), 0
    for start in range(0, log_sums.size, group):
        stop = min(start + group, log_sums.size)
        for i in range(start, stop):
            row = scores[i * width : (i + 1) * width]
            if causal:
                for j in range(row.size):
                    row[j] = row[j] if j <= first + query else lowest
                query = 0 if query + 1 == queries else query + 1
            shift = zero if log_sums[i] == lowest else log_sums[i]
            for j in range(row.size):
                row[j] -= shift
        block = scores[start * width : stop * width]
        for j in range(block.size):
            block[j] = exp_below(block[j])


@kernel(fastmath=SUMS)
def _slopes_loop(weights: In, width: int, slopes: Out):
    """Turn gradients of weights into those of scores, each row slopes = weights * (slopes - sum(weights * slopes))."""
    wide()
    for start in range(0, weights.size, max(width, 1)):
        w, s = weights[start : start + width], slopes[start : start + width]
        total = weights.dtype.type(0)
        for j in range(w.size):
            total += w[j] * s[j]
        for j in range(w.size):
            s[j] = w[j] * (s[j] - total)


def attend(query, key, value, mask, kept, boost, scale, causal):
    """Return ``softmax(scale * query @ key.T + mask) @ value``, and the logarithm of each row's sum of exponentials.

    Parameters
    ----------
    mask : ndarray, optional
        Booleans say which keys take part; numbers are added to the scores.
    kept : ndarray of bool, shape (batch, heads, queries, keys), optional
        The weights that dropout keeps, to be multiplied by `boost`.
    boost, scale : float
    causal : bool
        Whether a query attends only to the keys up to its own place.

    Returns
    -------
    out : ndarray, shape (batch, heads, queries, width), in the memory order of the query
    log_sums : ndarray, shape (batch, heads, queries)
    """
    if _short_attention.suits(query, key, value, mask, kept):
        return _short_attention.attend(query, key, value, scale, causal)
    if panels.suits(query, key, mask, kept):
        return panels.attend(query, key, value, scale, causal)
    keys, width = value.shape[2:]
    out = np.empty_like(query, shape=(*query.shape[:3], width))
    tops, totals = empty(query.shape[:3], query.dtype), empty(query.shape[:3], query.dtype)
    loop = _weights_loop[query.dtype]
    turned, value = _turned(key, scale), _prepared(query, value)
    for heads, rows, others in _blocks(query.shape, keys, causal):
        own = (*heads, rows)
        weights = _scores(query[own], turned[(*heads, slice(None), others)], mask, (*own, others))
        loop(weights, weights.shape[-1], weights.shape[-2], rows.start or 0, causal, tops[own], totals[own])
        if kept is not None:
            weights = masked_scale(weights, kept[(*own, others)], boost)
        np.matmul(weights, value[(*heads, others)], out=out[own])
    if mask is None and keys:
        return out, np.add(tops, np.log(totals, totals), tops)
    with np.errstate(divide="ignore"):  # of rows that are masked out
        return out, np.add(tops, np.log(totals, totals), tops)


def attend_backward(grad, query, key, value, mask, kept, log_sums, boost, scale, causal):
    """Return the gradients of `attend` for query, key and value.

    Parameters
    ----------
    grad : ndarray, shape (batch, heads, queries, width)
    log_sums : ndarray
        From `attend`.
    """
    if _short_attention.suits(query, key, value, mask, kept):
        return _short_attention.attend_backward(grad, query, key, value, log_sums, scale, causal)
    if panels.suits(query, key, mask, kept):
        return panels.attend_backward(grad, query, key, value, log_sums, scale, causal)
    turned, turned_value = _turned(key, scale), _turned(value, 1)
    key = _prepared(query, key)
    is_sum = query.shape[2] > _BLOCK  # over the blocks of queries
    make = np.zeros_like if is_sum or (causal and key.shape[2] > query.shape[2]) else np.empty_like
    of_query, of_key = np.empty_like(query), make(key)
    of_value = make(value, order="C") if key.flags.c_contiguous else make(value)
    loop, slopes_loop = _weights_again_loop[query.dtype], _slopes_loop[query.dtype]
    for heads, rows, others in _blocks(query.shape, key.shape[2], causal):
        own, there, pairs = (*heads, rows), (*heads, others), (*heads, rows, others)
        weights = _scores(query[own], turned[(*heads, slice(None), others)], mask, pairs)
        loop(weights, weights.shape[-1], weights.shape[-2], rows.start or 0, causal, log_sums[own])
        incoming, used = grad[own], weights
        slopes = np.matmul(incoming, turned_value[(*heads, slice(None), others)])
        if kept is not None:
            slopes, used = (masked_scale(each, kept[pairs], boost) for each in (slopes, weights))
        slopes_loop(weights, weights.shape[-1], slopes)
        _put_product(used.swapaxes(-1, -2), incoming, of_value[there], is_sum)
        _put_product(slopes.swapaxes(-1, -2), query[own], of_key[there], is_sum)
        np.matmul(slopes, key[there], out=of_query[own])
    for each in (of_query, of_key):
        np.multiply(each, each.dtype.type(scale), each)
    return of_query, of_key, of_value


def _blocks(shape, keys, causal):
    """Yield the blocks of a problem: the index of their heads, their queries, and the keys that these attend to.

    A block is several small heads, or up to 128 queries of one head.
    """
    batch, heads, queries, _ = shape
    size = heads * queries * keys
    if queries <= _BLOCK and size <= _ROOM:
        step = _ROOM // max(size, 1)
        for start in range(0, batch, step):
            yield (slice(start, start + step), slice(None)), slice(None), slice(None)
        return
    for head in np.ndindex(batch, heads):
        for start in range(0, queries, _BLOCK):
            stop = start + _BLOCK
            yield head, slice(start, stop), slice(stop if causal else None)


def _prepared(query, array):
    """Return keys or values, each head in one piece if it is used with many queries."""
    return array if query.shape[2] < _BLOCK else np.ascontiguousarray(array)


def _turned(array, factor):
    """Return keys or values times a factor, each head transposed: BLAS is faster with them on the right."""
    batch, heads, length, size = array.shape
    out = empty((batch, heads, size, length), array.dtype)
    return np.multiply(array.swapaxes(-1, -2), array.dtype.type(factor), out)


def _scores(query, turned, mask, where):
    """Return the scores of a block; `where` is the block's place among all pairs."""
    scores = np.matmul(query, turned)
    if mask is not None:
        part = mask[where]
        if part.dtype == bool:
            part = np.where(part, scores.dtype.type(0), scores.dtype.type(-np.inf))
        np.add(scores, part, scores)
    return scores


def _put_product(left, right, out, is_sum):
    """Write the product of two matrices, or add it to what is there."""
    if is_sum:
        np.add(out, np.matmul(left, right), out)
    else:
        np.matmul(left, right, out=out)
