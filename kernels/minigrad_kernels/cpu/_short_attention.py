"""Attention of short sequences, a query at a time: their products are too small for BLAS to be worth its calls."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import SUMS, In, Out, Real, borrower, kernel
from minigrad_kernels.scalar._bits import maximum, wide
from minigrad_kernels.scalar.exponential import exp_below

_MOST = 1 << 15  # multiplications


def suits(query, key, value, mask, kept):
    """Whether these loops are for an attention."""
    batch, heads, queries, size = query.shape
    keys, columns = value.shape[2:]
    is_small = size > 0 and 0 < batch * heads * queries * keys * (size + columns) <= _MOST
    return is_small and mask is None and kept is None and query.dtype == key.dtype == value.dtype


@borrower
def _add_times(out, factor, x):
    """Add a multiple of one vector to another."""
    for j in range(out.size):
        out[j] += factor * x[j]


@borrower
def _dot(x, y):
    """Return the product of two vectors."""
    total = x.dtype.type(0)
    for j in range(x.size):
        total += x[j] * y[j]
    return total


@kernel(fastmath=SUMS)
def _attend_loop(
    query: In, key: In, value: In, queries: int, keys: int, scale: Real, causal: bool, out: Out, log_sums: Out
):
    """Out = softmax(scale * query @ key.T) @ value for each head; `log_sums` is of the rows of exponentials."""
    wide()
    zero, lowest = query.dtype.type(0), query.dtype.type(-math.inf)
    size, columns = query.size // log_sums.size, out.size // log_sums.size
    weights = np.empty(keys, query.dtype)
    for i in range(log_sums.size):
        first = i // queries * keys
        row = weights[: min(keys, i % queries + 1) if causal else keys]
        top, total = lowest, zero
        for j in range(row.size):
            start = (first + j) * size
            row[j] = scale * _dot(query[i * size : (i + 1) * size], key[start : start + size])
            top = maximum(top, row[j])
        top = zero if top == lowest else top
        for j in range(row.size):
            row[j] = exp_below(row[j] - top)
            total += row[j]
        result = out[i * columns : (i + 1) * columns]
        result[:] = zero
        share = zero if total == zero else query.dtype.type(1) / total
        for j in range(row.size):
            start = (first + j) * columns
            _add_times(result, row[j] * share, value[start : start + columns])
        log_sums[i] = top + query.dtype.type(math.log(total))


def attend(query, key, value, scale, causal):
    """Return what `minigrad_kernels.cpu.attention.attend` does, without a mask and without dropout."""
    queries, (keys, columns) = query.shape[2], value.shape[2:]
    out = np.empty_like(query, shape=(*query.shape[:3], columns))
    log_sums = np.empty(query.shape[:3], query.dtype)
    _attend_loop[query.dtype](query, key, value, queries, keys, scale, causal, out, log_sums)
    return out, log_sums


@kernel(fastmath=SUMS)
def _attend_backward_loop(
    grad: In,
    query: In,
    key: In,
    value: In,
    log_sums: In,
    queries: int,
    keys: int,
    scale: Real,
    causal: bool,
    of_query: Out,
    of_key: Out,
    of_value: Out,
):
    """The gradients of `_attend_loop`."""
    wide()
    zero, lowest = query.dtype.type(0), query.dtype.type(-math.inf)
    size, columns = query.size // log_sums.size, grad.size // log_sums.size
    weights, slopes = np.empty(keys, query.dtype), np.empty(keys, query.dtype)
    for of_input in (of_query, of_key, of_value):
        of_input[:] = zero
    for i in range(log_sums.size):
        first, own = i // queries * keys, slice(i * size, (i + 1) * size)
        incoming = grad[i * columns : (i + 1) * columns]
        row = weights[: min(keys, i % queries + 1) if causal else keys]
        shift, total = zero if log_sums[i] == lowest else log_sums[i], zero
        for j in range(row.size):
            start, place = (first + j) * size, (first + j) * columns
            row[j] = exp_below(scale * _dot(query[own], key[start : start + size]) - shift)
            slopes[j] = _dot(incoming, value[place : place + columns])
            total += row[j] * slopes[j]
        for j in range(row.size):
            there = slice((first + j) * size, (first + j + 1) * size)
            slope = scale * row[j] * (slopes[j] - total)
            _add_times(of_value[(first + j) * columns : (first + j + 1) * columns], row[j], incoming)
            _add_times(of_query[own], slope, key[there])
            _add_times(of_key[there], slope, query[own])


def attend_backward(grad, query, key, value, log_sums, scale, causal):
    """Return what `minigrad_kernels.cpu.attention.attend_backward` does, without a mask and without dropout."""
    queries, keys = query.shape[2], key.shape[2]
    of_inputs = [np.empty_like(each) for each in (query, key, value)]
    loop = _attend_backward_loop[query.dtype]
    loop(grad, query, key, value, log_sums, queries, keys, scale, causal, *of_inputs)
    return tuple(of_inputs)
