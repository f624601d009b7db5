"""Recurrences over the steps of a batch of sequences: Elman's, the LSTM's and the GRU's, forward and backward.

The rows of all sequences lie step by step in one matrix, as in a packed sequence. The step ``(start, rows, before,
known)`` takes `rows` rows from `start` on. The state that its row ``i`` starts from is row ``before + i`` of what the
steps have written where ``i < known``, else row ``i`` of the initial state. A step's rows belong to the first
sequences of the batch, so states of the whole batch (`h`, `c` and their gradients) are carried along in place, and are
the final ones after the last step.

A step is one matrix product and one loop. What does not depend on the step before is done for all steps at once: the
products of the inputs here, the gradients of the inputs and the weights by the caller, who has what they are made of.
Letters: n rows altogether, b sequences, k units, p units of the projected state.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._factor import Factor
from minigrad_kernels.cpu._kernel import In, Out, kernel
from minigrad_kernels.scalar._bits import wide
from minigrad_kernels.scalar.activation import sigmoid
from minigrad_kernels.scalar.exponential import tanh

empty = np.empty
_FEW = 64  # rows that BLAS multiplies as fast


def _multiply_inputs(x, w_ih):
    """Return the products of all inputs, shape (n, gates)."""
    if len(x) < _FEW:
        return np.dot(x, w_ih.T)
    out = empty((len(x), len(w_ih)), x.dtype)
    Factor(w_ih.T, len(x), 1).multiply(np.ascontiguousarray(x), 0, len(x), out)
    return out


@kernel
def _lstm_loop(gates: Out, product: In, bias: In, c: Out, cells: Out, h: Out, out: Out, start: int, rows: int, k: int):
    """Turn `rows` rows of the inputs' products, from `start` on, into gates, and write the states that follow."""
    wide()
    one = bias.dtype.type(1)
    low, high, offset = bias[: 2 * k], bias[3 * k : 4 * k], bias[2 * k : 3 * k]
    for i in range(rows):
        row, x = gates[(start + i) * 4 * k : (start + i + 1) * 4 * k], product[i * 4 * k : (i + 1) * 4 * k]
        first, inner, last = row[: 2 * k], row[2 * k : 3 * k], row[3 * k :]
        x_first, x_inner, x_last = x[: 2 * k], x[2 * k : 3 * k], x[3 * k :]
        for j in range(first.size):
            first[j] = sigmoid(first[j] + x_first[j] + low[j], one)
        for j in range(inner.size):
            inner[j] = tanh(inner[j] + x_inner[j] + offset[j])
        for j in range(last.size):
            last[j] = sigmoid(last[j] + x_last[j] + high[j], one)
        enter, keep = row[:k], row[k : 2 * k]
        state, written = c[i * k : (i + 1) * k], cells[(start + i) * k : (start + i + 1) * k]
        for j in range(state.size):
            state[j] = keep[j] * state[j] + enter[j] * inner[j]
            written[j] = state[j]
        hidden, result = h[i * k : (i + 1) * k], out[(start + i) * k : (start + i + 1) * k]
        for j in range(hidden.size):
            hidden[j] = last[j] * tanh(state[j])
            result[j] = hidden[j]


def lstm(x, w_ih, bias, w_hh, w_hr, h, c, steps):
    """Run an LSTM.

    Parameters
    ----------
    x : ndarray, shape (n, inputs)
    w_ih : ndarray, shape (4 k, inputs)
        The gates' rows are in the order in, forget, cell, out.
    bias : ndarray, shape (4 k,)
    w_hh : ndarray, shape (4 k, p)
    w_hr : ndarray, shape (p, k), or None
        Projects the state that is put out.
    h, c : ndarray, shape (b, p) and (b, k)
        Initial states, overwritten by the final ones.
    steps : sequence of (start, rows, before, known)

    Returns
    -------
    out, cells, gates : ndarray, shapes (n, p), (n, k) and (n, 4 k)
    """
    (count, width), dtype = c.shape, x.dtype
    gates = _multiply_inputs(x, w_ih)
    cells, raw = empty((len(x), width), dtype), empty((len(x), width), dtype)
    weight, product = Factor(w_hh.T, count, len(steps)), empty((count, 4 * width), dtype)
    hidden = h if w_hr is None else empty((count, width), dtype)
    out = raw if w_hr is None else empty((len(x), h.shape[1]), dtype)
    loop = _lstm_loop[dtype]
    for start, rows, _, _ in steps:
        weight.multiply(h, 0, rows, product)
        loop(gates, product, bias, c, cells, hidden, raw, start, rows, width)
        if w_hr is not None:
            out[start : start + rows] = h[:rows] = np.dot(hidden[:rows], w_hr.T)
    return out, cells, gates


@kernel
def _lstm_backward_loop(
    grad: In, dh: In, dc: Out, gates: In, cells: In, c: In, result: Out,
    start: int, rows: int, before: int, known: int, k: int,
):  # fmt: skip
    """Write the gradients of `rows` rows of the gates' arguments, and turn `dc` into the step before's."""
    wide()
    one = dc.dtype.type(1)
    for i in range(rows):
        place, row = start + i, gates[(start + i) * 4 * k : (start + i + 1) * 4 * k]
        g, gh, gc = grad[place * k : (place + 1) * k], dh[i * k : (i + 1) * k], dc[i * k : (i + 1) * k]
        enter, keep, inner, last = row[:k], row[k : 2 * k], row[2 * k : 3 * k], row[3 * k :]
        cell = cells[place * k : (place + 1) * k]
        old = cells[(before + i) * k : (before + i + 1) * k] if i < known else c[i * k : (i + 1) * k]
        r = result[place * 4 * k : (place + 1) * 4 * k]
        r_enter, r_keep, r_inner, r_last = r[:k], r[k : 2 * k], r[2 * k : 3 * k], r[3 * k :]
        for j in range(gc.size):
            t = tanh(cell[j])
            total = g[j] + gh[j]
            r_last[j] = total * t * last[j] * (one - last[j])
            gc[j] += total * last[j] * (one - t * t)
        for j in range(gc.size):
            r_enter[j] = gc[j] * inner[j] * enter[j] * (one - enter[j])
            r_inner[j] = gc[j] * enter[j] * (one - inner[j] * inner[j])
        for j in range(gc.size):
            r_keep[j] = gc[j] * old[j] * keep[j] * (one - keep[j])
            gc[j] *= keep[j]


def lstm_backward(grad, grad_cells, dh, dc, gates, cells, c, w_hh, w_hr, steps):
    """Return the gradients of the gates' arguments in `lstm`.

    Parameters
    ----------
    grad : ndarray, shape (n, p)
    grad_cells : ndarray, shape (n, k), or None
    dh, dc : ndarray, shape (b, p) and (b, k)
        Gradients of the final states, overwritten by those of the initial ones.
    gates, cells : ndarray, shape (n, 4 k) and (n, k)
        As `lstm` left them.
    c : ndarray, shape (b, k)
        The initial state.
    w_hh, w_hr, steps
        As in `lstm`.

    Returns
    -------
    result : ndarray, shape (n, 4 k)
    totals : ndarray, shape (n, p)
        The whole gradients of the projected states; `grad` where there is no projection.
    """
    width = c.shape[1]
    result = empty(gates.shape, gates.dtype)
    projects = w_hr is not None
    totals = grad.copy() if projects else grad
    raw, none = (np.zeros(cells.shape, gates.dtype), np.zeros(c.shape, gates.dtype)) if projects else (grad, dh)
    loop, weight = _lstm_backward_loop[gates.dtype], Factor(w_hh, len(dh), len(steps))
    for start, rows, before, known in reversed(steps):
        if grad_cells is not None:
            dc[:rows] += grad_cells[start : start + rows]
        if projects:
            total = totals[start : start + rows]
            total += dh[:rows]
            np.dot(total, w_hr, raw[start : start + rows])
        loop(raw, none, dc, gates, cells, c, result, start, rows, before, known, width)
        weight.multiply(result, start, rows, dh)
    return result, totals


@kernel
def _gru_loop(
    gates: Out, product: In, bias: In, h: Out, candidates: Out, out: Out, start: int, rows: int, k: int
):  # fmt: skip
    """Turn `rows` rows of the inputs' products, from `start` on, into gates, and write the state that follows."""
    wide()
    one = bias.dtype.type(1)
    low, offset, inside = bias[: 2 * k], bias[2 * k : 3 * k], bias[3 * k :]
    for i in range(rows):
        place = start + i
        row, x = gates[place * 3 * k : (place + 1) * 3 * k], product[i * 3 * k : (i + 1) * 3 * k]
        first, x_first = row[: 2 * k], x[: 2 * k]
        for j in range(first.size):
            first[j] = sigmoid(first[j] + x_first[j] + low[j], one)
        reset, update, new, x_new = row[:k], row[k : 2 * k], row[2 * k :], x[2 * k :]
        candidate = candidates[place * k : (place + 1) * k]
        for j in range(new.size):
            candidate[j] = x_new[j] + inside[j]
            new[j] = tanh(new[j] + offset[j] + reset[j] * candidate[j])
        state, result = h[i * k : (i + 1) * k], out[place * k : (place + 1) * k]
        for j in range(state.size):
            state[j] = new[j] + update[j] * (state[j] - new[j])
            result[j] = state[j]


def gru(x, w_ih, bias, w_hh, h, steps):
    """Run a GRU.

    Parameters
    ----------
    x : ndarray, shape (n, inputs)
    w_ih, w_hh : ndarray, shape (3 k, inputs) and (3 k, k)
        The gates' rows are in the order reset, update, new.
    bias : ndarray, shape (4 k,)
        Of the three gates, and the one that the reset gate multiplies along with the new gate's hidden share.
    h : ndarray, shape (b, k)
        Initial state, overwritten by the final one.
    steps : sequence of (start, rows, before, known)

    Returns
    -------
    out, gates, candidates : ndarray, shape (n, k), (n, 3 k) and (n, k)
        The states, the open gates, and what the reset gate multiplied.
    """
    (count, width), dtype = h.shape, x.dtype
    gates = _multiply_inputs(x, w_ih)
    candidates, out = empty((len(x), width), dtype), empty((len(x), width), dtype)
    weight, product = Factor(w_hh.T, count, len(steps)), empty((count, 3 * width), dtype)
    loop = _gru_loop[dtype]
    for start, rows, _, _ in steps:
        weight.multiply(h, 0, rows, product)
        loop(gates, product, bias, h, candidates, out, start, rows, width)
    return out, gates, candidates


@kernel
def _gru_backward_loop(
    grad: In, dh: Out, product: In, gates: In, candidates: In, out: In, h: In, of_input: Out, of_hidden: Out,
    start: int, rows: int, before: int, known: int, k: int,
):  # fmt: skip
    """Write the gradients of `rows` rows of the gates' arguments; leave in `dh` what skips the gates."""
    wide()
    one = dh.dtype.type(1)
    for i in range(rows):
        place, row = start + i, gates[(start + i) * 3 * k : (start + i + 1) * 3 * k]
        g, gh, x = grad[place * k : (place + 1) * k], dh[i * k : (i + 1) * k], product[i * k : (i + 1) * k]
        reset, update, new = row[:k], row[k : 2 * k], row[2 * k :]
        candidate = candidates[place * k : (place + 1) * k]
        old = out[(before + i) * k : (before + i + 1) * k] if i < known else h[i * k : (i + 1) * k]
        a, b = of_input[place * 3 * k : (place + 1) * 3 * k], of_hidden[place * 3 * k : (place + 1) * 3 * k]
        a_reset, a_update, a_new = a[:k], a[k : 2 * k], a[2 * k :]
        for j in range(gh.size):
            total = g[j] + gh[j] + x[j]
            a_update[j] = total * (old[j] - new[j]) * update[j] * (one - update[j])
            a_new[j] = total * (one - update[j]) * (one - new[j] * new[j])
            gh[j] = total * update[j]
        for j in range(a_reset.size):
            a_reset[j] = a_new[j] * candidate[j] * reset[j] * (one - reset[j])
        b_first, b_new = b[: 2 * k], b[2 * k :]
        for j in range(b_first.size):
            b_first[j] = a[j]
        for j in range(b_new.size):
            b_new[j] = a_new[j] * reset[j]


def gru_backward(grad, dh, gates, candidates, out, h, w_hh, steps):
    """Return the gradients of the inputs' and of the hidden share of the gates' arguments in `gru`, shape (n, 3 k).

    Parameters
    ----------
    grad : ndarray, shape (n, k)
    dh : ndarray, shape (b, k)
        Gradient of the final state, overwritten by that of the initial one.
    gates, candidates, out : ndarray, shape (n, 3 k), (n, k) and (n, k)
        As `gru` left them.
    h : ndarray, shape (b, k)
        The initial state.
    """
    width = h.shape[1]
    of_input, of_hidden = empty(gates.shape, gates.dtype), empty(gates.shape, gates.dtype)
    product = np.zeros(h.shape, gates.dtype)
    loop, weight = _gru_backward_loop[gates.dtype], Factor(w_hh, len(dh), len(steps))
    for start, rows, before, known in reversed(steps):
        loop(
            grad, dh, product, gates, candidates, out, h, of_input, of_hidden, start, rows, before, known, width
        )  # fmt: skip
        weight.multiply(of_hidden, start, rows, product)
    dh += product
    return of_input, of_hidden


@kernel
def _rnn_loop(product: In, bias: In, h: Out, out: Out, start: int, rows: int, k: int, relu: bool):
    """Turn `rows` rows of the inputs' products, from `start` on, into the states that follow."""
    wide()
    zero = bias.dtype.type(0)
    for i in range(rows):
        row, x = out[(start + i) * k : (start + i + 1) * k], product[i * k : (i + 1) * k]
        state = h[i * k : (i + 1) * k]
        if relu:
            for j in range(state.size):
                total = row[j] + x[j] + bias[j]
                state[j] = zero if total <= zero else total
                row[j] = state[j]
        else:
            for j in range(state.size):
                state[j] = tanh(row[j] + x[j] + bias[j])
                row[j] = state[j]


def rnn(x, w_ih, bias, w_hh, h, relu, steps):
    """Run Elman's network and return its states, shape (n, k).

    Parameters
    ----------
    x : ndarray, shape (n, inputs)
    w_ih, w_hh : ndarray, shape (k, inputs) and (k, k)
    bias : ndarray, shape (k,)
    h : ndarray, shape (b, k)
        Initial state, overwritten by the final one.
    relu : bool
        The activation; otherwise the hyperbolic tangent.
    steps : sequence of (start, rows, before, known)
    """
    (count, width), dtype = h.shape, x.dtype
    out = _multiply_inputs(x, w_ih)
    weight, product = Factor(w_hh.T, count, len(steps)), empty((count, width), dtype)
    loop = _rnn_loop[dtype]
    for start, rows, _, _ in steps:
        weight.multiply(h, 0, rows, product)
        loop(product, bias, h, out, start, rows, width, relu)
    return out


@kernel
def _rnn_backward_loop(grad: In, dh: In, out: In, result: Out, start: int, rows: int, k: int, relu: bool):
    """Write the gradients of `rows` rows of the activation's arguments, from `start` on."""
    one, zero = out.dtype.type(1), out.dtype.type(0)
    g, y, r = grad[start * k : (start + rows) * k], out[start * k : (start + rows) * k], result[start * k :]
    if relu:
        for j in range(g.size):
            r[j] = zero if y[j] <= zero else g[j] + dh[j]
    else:
        for j in range(g.size):
            r[j] = (g[j] + dh[j]) * (one - y[j] * y[j])


def rnn_backward(grad, dh, out, w_hh, relu, steps):
    """Return the gradients of the activation's arguments in `rnn`, shape (n, k).

    Parameters
    ----------
    grad : ndarray, shape (n, k)
    dh : ndarray, shape (b, k)
        Gradient of the final state, overwritten by that of the initial one.
    out : ndarray, shape (n, k)
        What `rnn` returned.
    """
    width = dh.shape[1]
    result = empty(out.shape, out.dtype)
    loop, weight = _rnn_backward_loop[out.dtype], Factor(w_hh, len(dh), len(steps))
    for start, rows, _, _ in reversed(steps):
        loop(grad, dh, out, result, start, rows, width, relu)
        weight.multiply(result, start, rows, dh)
    return result
