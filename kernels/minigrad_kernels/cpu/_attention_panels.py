"""Long attention, a head at a time, with keys and values in panels; see `minigrad_kernels.cpu._panels`.

A block of queries meets all keys, its scores become weights where they lie, and the weights meet all values: one
compiled loop, in which nothing is arranged twice. Rows of scores lie a little further apart than they are long, because
lines of memory a power of two apart would drive each other out of the cache.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu import _threads
from minigrad_kernels.cpu._kernel import SUMS, In, InInt64, Out, Real, kernel, subroutine
from minigrad_kernels.cpu._panels import IS_WIDE, lay_out, multiply_panel, panel_width
from minigrad_kernels.cpu.products import laid_out
from minigrad_kernels.scalar._bits import maximum, wide
from minigrad_kernels.scalar.exponential import exp_below

_LEAST_KEYS, _LEAST_QUERIES = 128, 32
_SCORES = 1 << 18  # of a block, which stay in the second-level cache
_APART = 16  # numbers between two rows of scores


def suits(query, key, mask, kept):
    """Whether these loops are for an attention, and for this machine."""
    is_long = key.shape[2] >= _LEAST_KEYS and query.shape[2] >= _LEAST_QUERIES
    return IS_WIDE and is_long and query.shape[3] > 0 and mask is None and kept is None and query.dtype == key.dtype


@subroutine
def _multiply_all(x, panels, out, from_x, row, step, rows, depth, room, columns, width, apart, is_more):
    """Multiply rows of x by all panels, which have room for `room` terms."""
    for column in range(0, columns, width):
        multiply_panel(x, panels, out, from_x, row, step, rows, column * room, depth, column, apart, is_more)


@subroutine
def _lay_out_all(y, start, row, step, depth, columns, width, panels):
    for column in range(0, columns, width):
        count = min(width, columns - column)
        lay_out(y, start + column * step, row, step, depth, count, width, panels, column * depth)


@subroutine
def _write(source, apart, rows, columns, out, start, row, step):
    """Write rows that lie `apart` to where they belong."""
    for i in range(rows):
        for j in range(columns):
            out[start + i * row + j * step] = source[i * apart + j]


@kernel(fastmath=SUMS)
def _attend_loop(
    query: In,
    query_at: InInt64,
    query_row: int,
    query_step: int,
    key: In,
    key_at: InInt64,
    key_row: int,
    key_step: int,
    value: In,
    value_at: InInt64,
    value_row: int,
    value_step: int,
    queries: int,
    keys: int,
    size: int,
    columns: int,
    width: int,
    block: int,
    scale: Real,
    causal: bool,
    key_panels: Out,
    value_panels: Out,
    scores: Out,
    product: Out,
    out: Out,
    out_at: InInt64,
    out_row: int,
    out_step: int,
    log_sums: Out,
):
    """Out = softmax(scale * query @ key.T) @ value for each head; `log_sums` is of the rows of exponentials."""
    wide()
    zero, lowest = query.dtype.type(0), query.dtype.type(-math.inf)
    apart, wide_columns = scores.size // block, product.size // block
    for head in range(query_at.size):
        _lay_out_all(key, key_at[head], key_step, key_row, size, keys, width, key_panels)
        _lay_out_all(value, value_at[head], value_row, value_step, keys, columns, width, value_panels)
        for first in range(0, queries, block):
            some, begin = min(block, queries - first), query_at[head] + first * query_row
            seen = min(keys, first + some) if causal else keys
            _multiply_all(
                query, key_panels, scores, begin, query_row, query_step, some, size, size, seen, width, apart, False
            )
            for i in range(some):
                own = min(keys, first + i + 1) if causal else keys
                row, hidden = scores[i * apart : i * apart + own], scores[i * apart + own : i * apart + seen]
                top, total = lowest, zero
                for j in range(row.size):
                    row[j] *= scale
                    top = maximum(top, row[j])
                top = zero if top == lowest else top
                for j in range(row.size):
                    e = exp_below(row[j] - top)
                    row[j] = e
                    total += e
                for j in range(hidden.size):
                    hidden[j] = zero
                is_empty, last = total == zero, i * apart + apart - 1  # beyond what the products read
                log_sums[head * queries + first + i] = lowest if is_empty else top + query.dtype.type(math.log(total))
                scores[last] = zero if is_empty else query.dtype.type(1) / total
            _multiply_all(
                scores, value_panels, product, 0, apart, 1, some, seen, keys, columns, width, wide_columns, False
            )
            for i in range(some):
                row, share = product[i * wide_columns : (i + 1) * wide_columns], scores[i * apart + apart - 1]
                for j in range(row.size):
                    row[j] *= share
            _write(product, wide_columns, some, columns, out, out_at[head] + first * out_row, out_row, out_step)


def attend(query, key, value, scale, causal):
    """Return what `minigrad_kernels.cpu.attention.attend` does, without a mask and without dropout."""
    queries, size = query.shape[2:]
    keys, columns = value.shape[2:]
    dtype, width = query.dtype, panel_width(query.dtype)
    out = np.empty_like(query, shape=(*query.shape[:3], columns))
    log_sums = np.empty(query.shape[:3], dtype)
    block = _block_of(queries, keys)
    heads = [laid_out(each, query.shape[:2]) for each in (query, key, value, out)]
    loop, sums = _attend_loop[dtype], log_sums.reshape(-1, queries)

    def run(first, last):
        inputs = [(memory, at[first:last], row, step) for memory, row, step, at in heads]
        room = [np.empty(n, dtype) for n in (_wide(keys, width) * size, _wide(columns, width) * keys)]
        work = [np.empty(block * n, dtype) for n in (_wide(keys, width) + _APART, _wide(columns, width))]
        numbers = queries, keys, size, columns, width, block, scale, causal
        loop(*inputs[0], *inputs[1], *inputs[2], *numbers, *room, *work, *inputs[3], sums[first:last])

    _threads.in_parts(run, len(sums), len(sums) * queries * keys * (size + columns))
    return out, log_sums


def _block_of(queries, keys):
    """Return how many queries to work on at a time."""
    return min(queries, max(16, min(64, _SCORES // keys // 8 * 8)))


def _wide(columns, width):
    """Return columns, rounded up to whole panels."""
    return -(-columns // width) * width


@kernel(fastmath=SUMS)
def _attend_backward_loop(
    grad: In,
    grad_at: InInt64,
    grad_row: int,
    grad_step: int,
    query: In,
    query_at: InInt64,
    query_row: int,
    query_step: int,
    key: In,
    key_at: InInt64,
    key_row: int,
    key_step: int,
    value: In,
    value_at: InInt64,
    value_row: int,
    value_step: int,
    log_sums: In,
    queries: int,
    keys: int,
    size: int,
    columns: int,
    width: int,
    block: int,
    scale: Real,
    causal: bool,
    turned_keys: Out,
    turned_values: Out,
    key_panels: Out,
    block_panels: Out,
    weights: Out,
    slopes: Out,
    product: Out,
    key_sums: Out,
    value_sums: Out,
    of_query: Out,
    of_query_at: InInt64,
    of_query_row: int,
    of_query_step: int,
    of_key: Out,
    of_key_at: InInt64,
    of_key_row: int,
    of_key_step: int,
    of_value: Out,
    of_value_at: InInt64,
    of_value_row: int,
    of_value_step: int,
):
    """The gradients of `_attend_loop` for each head."""
    wide()
    zero, lowest = query.dtype.type(0), query.dtype.type(-math.inf)
    apart = weights.size // block
    wide_size, wide_columns = key_sums.size // keys, value_sums.size // keys
    for head in range(query_at.size):
        _lay_out_all(key, key_at[head], key_step, key_row, size, keys, width, turned_keys)
        _lay_out_all(value, value_at[head], value_step, value_row, columns, keys, width, turned_values)
        _lay_out_all(key, key_at[head], key_row, key_step, keys, size, width, key_panels)
        key_sums[:] = zero
        value_sums[:] = zero
        for first in range(0, queries, block):
            some = min(block, queries - first)
            seen = min(keys, first + some) if causal else keys
            begin, start = query_at[head] + first * query_row, grad_at[head] + first * grad_row
            _multiply_all(
                query, turned_keys, weights, begin, query_row, query_step, some, size, size, seen, width, apart, False
            )
            _multiply_all(
                grad,
                turned_values,
                slopes,
                start,
                grad_row,
                grad_step,
                some,
                columns,
                columns,
                seen,
                width,
                apart,
                False,
            )
            for i in range(some):
                own = min(keys, first + i + 1) if causal else keys
                shift, total = log_sums[head * queries + first + i], zero
                shift = zero if shift == lowest else shift
                w, s = weights[i * apart : i * apart + own], slopes[i * apart : i * apart + own]
                for j in range(w.size):
                    e = exp_below(w[j] * scale - shift)
                    w[j] = e
                    total += e * s[j]
                for j in range(w.size):
                    s[j] = w[j] * (s[j] - total) * scale
                for j in range(i * apart + own, i * apart + seen):
                    weights[j] = zero
                    slopes[j] = zero
            _multiply_all(slopes, key_panels, product, 0, apart, 1, some, seen, keys, size, width, wide_size, False)
            place = of_query_at[head] + first * of_query_row
            _write(product, wide_size, some, size, of_query, place, of_query_row, of_query_step)
            _lay_out_all(grad, start, grad_row, grad_step, some, columns, width, block_panels)
            _multiply_all(
                weights, block_panels, value_sums, 0, 1, apart, seen, some, some, columns, width, wide_columns, True
            )
            _lay_out_all(query, begin, query_row, query_step, some, size, width, block_panels)
            _multiply_all(slopes, block_panels, key_sums, 0, 1, apart, seen, some, some, size, width, wide_size, True)
        _write(key_sums, wide_size, keys, size, of_key, of_key_at[head], of_key_row, of_key_step)
        _write(value_sums, wide_columns, keys, columns, of_value, of_value_at[head], of_value_row, of_value_step)


def attend_backward(grad, query, key, value, log_sums, scale, causal):
    """Return what `minigrad_kernels.cpu.attention.attend_backward` does, without a mask and without dropout."""
    queries, size = query.shape[2:]
    keys, columns = value.shape[2:]
    dtype, width = query.dtype, panel_width(query.dtype)
    gradients = [np.empty_like(each) for each in (query, key, value)]
    block = _block_of(queries, keys)
    heads = [laid_out(each, query.shape[:2]) for each in (grad, query, key, value, *gradients)]
    loop, sums = _attend_backward_loop[dtype], log_sums.reshape(-1, queries)
    wide_keys, wide_size, wide_columns = (_wide(each, width) for each in (keys, size, columns))
    rooms = [
        *(wide_keys * size, wide_keys * columns, wide_size * keys, max(wide_size, wide_columns) * block),
        *(block * (wide_keys + _APART), block * (wide_keys + _APART), block * wide_size),
        *(keys * wide_size, keys * wide_columns),
    ]

    def run(first, last):
        inputs = [each for memory, row, step, at in heads[:4] for each in (memory, at[first:last], row, step)]
        outputs = [each for memory, row, step, at in heads[4:] for each in (memory, at[first:last], row, step)]
        numbers = queries, keys, size, columns, width, block, scale, causal
        loop(*inputs, sums[first:last], *numbers, *[np.empty(room, dtype) for room in rooms], *outputs)

    _threads.in_parts(run, len(sums), len(sums) * queries * keys * (3 * size + 2 * columns))
    return tuple(gradients)
