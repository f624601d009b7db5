"""Recurrences over the steps of a batch of sequences: Elman's, the LSTM's and the GRU's, forward and backward.

The CPU's twin says how the rows of the sequences are ordered, and what a step is. Here, too, a step is one matrix
product and one kernel, which has a thread for each unit of each row.
"""

from __future__ import annotations

from minigrad_kernels.cuda import _scalar as scalar
from minigrad_kernels.cuda._kernel import In, Out, blocks_for, empty, kernel
from minigrad_kernels.cuda._math import tanh
from minigrad_kernels.cuda._memory import module
from minigrad_kernels.cuda._numba import cuda


@kernel
def _lstm_loop(gates: Out, product: In, bias: In, c: Out, cells: Out, h: Out, out: Out, start: int, rows: int, k: int):
    """Turn `rows` rows of the inputs' products, from `start` on, into gates, and write the states that follow."""
    real = bias.dtype.type
    for e in range(cuda.grid(1), rows * k, cuda.gridsize(1)):
        i, j = e // k, e % k
        place, x = (start + i) * 4 * k + j, i * 4 * k + j
        enter = scalar.sigmoid(gates[place] + product[x] + bias[j], real)
        keep = scalar.sigmoid(gates[place + k] + product[x + k] + bias[j + k], real)
        inner = tanh(gates[place + 2 * k] + product[x + 2 * k] + bias[j + 2 * k])
        last = scalar.sigmoid(gates[place + 3 * k] + product[x + 3 * k] + bias[j + 3 * k], real)
        gates[place], gates[place + k], gates[place + 2 * k], gates[place + 3 * k] = enter, keep, inner, last
        cell = keep * c[e] + enter * inner
        state = last * tanh(cell)
        c[e] = cells[start * k + e] = cell
        h[e] = out[start * k + e] = state


def lstm(x, w_ih, bias, w_hh, w_hr, h, c, steps):
    """Run an LSTM: return the states of all rows, their cells and gates; `h` and `c` become the final ones."""
    (count, width), dtype, matmul = c.shape, x.dtype, module().matmul
    gates, cells, raw = matmul(x, w_ih.T), empty((len(x), width), dtype), empty((len(x), width), dtype)
    weight, product = w_hh.T, empty((count, 4 * width), dtype)
    hidden = h if w_hr is None else empty((count, width), dtype)
    out = raw if w_hr is None else empty((len(x), h.shape[1]), dtype)
    loop = _lstm_loop[dtype]
    for start, rows, _, _ in steps:
        matmul(h[:rows], weight, out=product[:rows])
        loop(gates, product, bias, c, cells, hidden, raw, start, rows, width, blocks=blocks_for(rows * width))
        if w_hr is not None:
            out[start : start + rows] = h[:rows] = matmul(hidden[:rows], w_hr.T)
    return out, cells, gates


@kernel
def _lstm_backward_loop(
    grad: In, dh: In, dc: Out, gates: In, cells: In, c: In, result: Out,
    start: int, rows: int, before: int, known: int, k: int,
):  # fmt: skip
    """Write the gradients of `rows` rows of the gates' arguments, and turn `dc` into the step before's."""
    one = dc.dtype.type(1)
    for e in range(cuda.grid(1), rows * k, cuda.gridsize(1)):
        i, j = e // k, e % k
        here, place = start * k + e, (start + i) * 4 * k + j
        enter, keep, inner, last = gates[place], gates[place + k], gates[place + 2 * k], gates[place + 3 * k]
        old = cells[before * k + e] if i < known else c[e]
        t, total = tanh(cells[here]), grad[here] + dh[e]
        of_cell = dc[e] + total * last * (one - t * t)
        result[place] = of_cell * inner * enter * (one - enter)
        result[place + k] = of_cell * old * keep * (one - keep)
        result[place + 2 * k] = of_cell * enter * (one - inner * inner)
        result[place + 3 * k] = total * t * last * (one - last)
        dc[e] = of_cell * keep


def lstm_backward(grad, grad_cells, dh, dc, gates, cells, c, w_hh, w_hr, steps):
    """Return the gradients of the gates' arguments and of the projected states in `lstm`; `dh` and `dc` change."""
    xp, width = module(), c.shape[1]
    result = empty(gates.shape, gates.dtype)
    projects = w_hr is not None
    totals = grad.copy() if projects else grad
    raw, none = (xp.zeros(cells.shape, gates.dtype), xp.zeros(c.shape, gates.dtype)) if projects else (grad, dh)
    loop = _lstm_backward_loop[gates.dtype]
    for start, rows, before, known in reversed(steps):
        if grad_cells is not None:
            dc[:rows] += grad_cells[start : start + rows]
        if projects:
            total = totals[start : start + rows]
            total += dh[:rows]
            xp.matmul(total, w_hr, out=raw[start : start + rows])
        blocks = blocks_for(rows * width)
        loop(raw, none, dc, gates, cells, c, result, start, rows, before, known, width, blocks=blocks)
        xp.matmul(result[start : start + rows], w_hh, out=dh[:rows])
    return result, totals


@kernel
def _gru_loop(
    gates: Out, product: In, bias: In, h: Out, candidates: Out, out: Out, start: int, rows: int, k: int
):  # fmt: skip
    """Turn `rows` rows of the inputs' products, from `start` on, into gates, and write the state that follows."""
    real = bias.dtype.type
    for e in range(cuda.grid(1), rows * k, cuda.gridsize(1)):
        i, j = e // k, e % k
        here, place, x = start * k + e, (start + i) * 3 * k + j, i * 3 * k + j
        reset = scalar.sigmoid(gates[place] + product[x] + bias[j], real)
        update = scalar.sigmoid(gates[place + k] + product[x + k] + bias[j + k], real)
        candidate = product[x + 2 * k] + bias[j + 3 * k]
        new = tanh(gates[place + 2 * k] + bias[j + 2 * k] + reset * candidate)
        gates[place], gates[place + k], gates[place + 2 * k] = reset, update, new
        candidates[here] = candidate
        h[e] = out[here] = new + update * (h[e] - new)


def gru(x, w_ih, bias, w_hh, h, steps):
    """Run a GRU: return the states of all rows, their gates and candidates; `h` becomes the final state."""
    (count, width), dtype, matmul = h.shape, x.dtype, module().matmul
    gates, candidates, out = matmul(x, w_ih.T), empty((len(x), width), dtype), empty((len(x), width), dtype)
    weight, product = w_hh.T, empty((count, 3 * width), dtype)
    loop = _gru_loop[dtype]
    for start, rows, _, _ in steps:
        matmul(h[:rows], weight, out=product[:rows])
        loop(gates, product, bias, h, candidates, out, start, rows, width, blocks=blocks_for(rows * width))
    return out, gates, candidates


@kernel
def _gru_backward_loop(
    grad: In, dh: Out, product: In, gates: In, candidates: In, out: In, h: In, of_input: Out, of_hidden: Out,
    start: int, rows: int, before: int, known: int, k: int,
):  # fmt: skip
    """Write the gradients of `rows` rows of the gates' arguments; leave in `dh` what skips the gates."""
    one = dh.dtype.type(1)
    for e in range(cuda.grid(1), rows * k, cuda.gridsize(1)):
        i, j = e // k, e % k
        here, place = start * k + e, (start + i) * 3 * k + j
        reset, update, new = gates[place], gates[place + k], gates[place + 2 * k]
        old = out[before * k + e] if i < known else h[e]
        total = grad[here] + dh[e] + product[e]
        of_new = total * (one - update) * (one - new * new)
        of_reset = of_new * candidates[here] * reset * (one - reset)
        of_update = total * (old - new) * update * (one - update)
        of_input[place], of_input[place + k], of_input[place + 2 * k] = of_reset, of_update, of_new
        of_hidden[place], of_hidden[place + k], of_hidden[place + 2 * k] = of_reset, of_update, of_new * reset
        dh[e] = total * update


def gru_backward(grad, dh, gates, candidates, out, h, w_hh, steps):
    """Return the gradients of the inputs' and of the hidden share of the gates' arguments in `gru`; `dh` changes."""
    xp, width = module(), h.shape[1]
    of_input, of_hidden = empty(gates.shape, gates.dtype), empty(gates.shape, gates.dtype)
    product = xp.zeros(h.shape, gates.dtype)
    loop = _gru_backward_loop[gates.dtype]
    for start, rows, before, known in reversed(steps):
        place = start, rows, before, known, width
        loop(
            grad, dh, product, gates, candidates, out, h, of_input, of_hidden, *place, blocks=blocks_for(rows * width)
        )  # fmt: skip
        xp.matmul(of_hidden[start : start + rows], w_hh, out=product[:rows])
    dh += product
    return of_input, of_hidden


@kernel
def _rnn_loop(product: In, bias: In, h: Out, out: Out, start: int, rows: int, k: int, relu: bool):
    """Turn `rows` rows of the inputs' products, from `start` on, into the states that follow."""
    zero = bias.dtype.type(0)
    for e in range(cuda.grid(1), rows * k, cuda.gridsize(1)):
        total = out[start * k + e] + product[e] + bias[e % k]
        state = (zero if total <= zero else total) if relu else tanh(total)
        h[e] = out[start * k + e] = state


def rnn(x, w_ih, bias, w_hh, h, relu, steps):
    """Run Elman's network and return its states, shape (n, k); `h` becomes the final one."""
    (count, width), matmul = h.shape, module().matmul
    out, weight, product = matmul(x, w_ih.T), w_hh.T, empty((count, width), x.dtype)
    loop = _rnn_loop[x.dtype]
    for start, rows, _, _ in steps:
        matmul(h[:rows], weight, out=product[:rows])
        loop(product, bias, h, out, start, rows, width, relu, blocks=blocks_for(rows * width))
    return out


@kernel
def _rnn_backward_loop(grad: In, dh: In, out: In, result: Out, start: int, rows: int, k: int, relu: bool):
    """Write the gradients of `rows` rows of the activation's arguments, from `start` on."""
    one, zero = out.dtype.type(1), out.dtype.type(0)
    for e in range(cuda.grid(1), rows * k, cuda.gridsize(1)):
        here = start * k + e
        y, total = out[here], grad[here] + dh[e]
        if relu:
            result[here] = zero if y <= zero else total
        else:
            result[here] = total * (one - y * y)


def rnn_backward(grad, dh, out, w_hh, relu, steps):
    """Return the gradients of the activation's arguments in `rnn`, shape (n, k); `dh` becomes the initial state's."""
    width, matmul = dh.shape[1], module().matmul
    result = empty(out.shape, out.dtype)
    loop = _rnn_backward_loop[out.dtype]
    for start, rows, _, _ in reversed(steps):
        loop(grad, dh, out, result, start, rows, width, relu, blocks=blocks_for(rows * width))
        matmul(result[start : start + rows], w_hh, out=dh[:rows])
    return result
