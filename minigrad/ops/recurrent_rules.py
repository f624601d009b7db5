"""What recurrent layers and their cells compute: states from arrays, and gradients from arrays or tensors.

Gradients are computed by the kernels on arrays, and by operations on tensors, so that they can be differentiated
again. Rows are ordered as `minigrad.ops.recurrent_steps` says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.activation import sigmoid, tanh, threshold_backward
from minigrad.ops.backend import kernels_of
from minigrad.ops.join import cat
from minigrad.ops.matmul import column_sums, linear, matmul
from minigrad.ops.recurrent_steps import carried, in_order, previous, steps_of
from minigrad.ops.state import Upper


def _working(*arrays: Any) -> list[Any]:
    """Return arrays in the precision that the kernels compute in; None stays None."""
    if all(each is None or each.dtype.itemsize != 2 for each in arrays):
        return list(arrays)
    return [None if each is None else each.astype(np.float32) for each in arrays]


def _in_dtype(dtype: Any, *arrays: Any) -> tuple[Any, ...]:
    return tuple(each if each.dtype == dtype else each.astype(dtype) for each in arrays)


def _bias(first: Any, second: Any, weight: Any) -> Any:
    """Return the sum of the two biases, either of which may be absent."""
    if first is not None and second is not None:
        return first + second
    if first is None and second is None:
        return np.zeros_like(weight, shape=weight.shape[:1])
    return second if first is None else first


def _gate_bias(b_ih: Any, b_hh: Any, w_hh: Any) -> Any:
    """Return a GRU's biases as the kernel takes them: of three gates, and the one under the reset gate."""
    split = 2 * w_hh.shape[1]
    none = np.zeros_like(w_hh, shape=w_hh.shape[:1])
    b_ih, b_hh = (none if each is None else each for each in (b_ih, b_hh))
    return np.concatenate([b_ih[:split] + b_hh[:split], b_ih[split:], b_hh[split:]])


def _contiguous(array: Any, dtype: Any = None) -> Any:
    return array.astype(dtype or array.dtype, order="C", copy=False)


def _rows(grad: Any, values: Any) -> Any:
    """Return the gradient of all rows' results, zeros where there is none, as the kernels take it."""
    return np.zeros_like(values, order="C") if grad is None else _contiguous(grad, values.dtype)


def _state(grad: Any, values: Any) -> Any:
    """Return the gradient of a final state, zeros where there is none, for a kernel to write to."""
    if isinstance(values, Upper.Tensor):
        return Upper.Tensor._wrap(np.zeros_like(values._array)) if grad is None else grad
    return np.zeros_like(values, order="C") if grad is None else grad.astype(values.dtype, order="C")


def affine_gradients(
    needs: Any, of_input: Any, of_hidden: Any, input: Any, old: Any, w_ih: Any, w_hh: Any = None
) -> list[Any]:
    """Return the gradients of the input, of the states before, of both weights and of both biases, where needed.

    Parameters
    ----------
    needs : sequence of 6 bools
    of_input, of_hidden : shape (n, gates)
        Gradients of the two products' results.
    old : shape (n, k)
        The states before the rows.
    """
    if not isinstance(input, Upper.Tensor):
        input, old, w_ih, w_hh = _working(input, old, w_ih, w_hh)
    of_bias = column_sums(of_input) if needs[4] or needs[5] else None
    return [
        matmul(of_input, w_ih) if needs[0] else None,
        matmul(of_hidden, w_hh) if needs[1] else None,
        matmul(of_input.T, input) if needs[2] else None,
        matmul(of_hidden.T, old) if needs[3] else None,
        of_bias,
        of_bias if of_hidden is of_input else column_sums(of_hidden) if needs[5] else None,
    ]


# The network of Elman.


def rnn_states(
    input: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, relu: bool, sizes: Any, reverse: bool
) -> Any:
    """Return the states of all rows and the final ones."""
    dtype = input.dtype
    input, h, w_ih, w_hh, b_ih, b_hh = _working(input, h, w_ih, w_hh, b_ih, b_hh)
    last = h.copy()
    bias, steps = _bias(b_ih, b_hh, w_hh), steps_of(sizes, reverse)
    out = kernels_of(input).rnn(input, w_ih, bias, w_hh, last, relu, steps)
    return _in_dtype(dtype, out, last)


def rnn_gradients(grads: Any, h: Any, w_hh: Any, relu: bool, out: Any, sizes: Any, reverse: bool) -> Any:
    """Return the gradients of the activation's arguments and of the initial state."""
    steps = steps_of(sizes, reverse)
    of_h = _state(grads[1], h)
    if not isinstance(h, Upper.Tensor):
        (out,), (h, w_hh, of_h) = _working(out), _working(h, w_hh, of_h)
        return kernels_of(out).rnn_backward(_rows(grads[0], out), of_h, out, w_hh, relu, steps), of_h
    parts = {}
    for start, rows, _, _ in reversed(steps):
        here = slice(start, start + rows)
        total, state = _total(grads[0], here, of_h), out[here]
        parts[start] = threshold_backward(total, state) if relu else total * (1 - state * state)
        of_h = carried(matmul(parts[start], w_hh), of_h)
    return in_order(parts), of_h


def _total(grad: Any, here: slice, of_state: Any) -> Any:
    """Return the gradient of a step's states: from its results, if they have any, and from the steps after."""
    carried_back = of_state[: here.stop - here.start]
    return carried_back if grad is None else grad[here] + carried_back


# The LSTM.


def lstm_states(
    input: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any, sizes: Any, reverse: bool
) -> Any:
    """Return the states of all rows, the final states and cells, and the cells and gates of all rows."""
    dtype = input.dtype
    input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr = _working(input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr)
    last, last_cell = h.copy(), c.copy()
    bias, steps = _bias(b_ih, b_hh, w_hh), steps_of(sizes, reverse)
    out, cells, gates = kernels_of(input).lstm(input, w_ih, bias, w_hh, w_hr, last, last_cell, steps)
    return *_in_dtype(dtype, out, last, last_cell, cells), gates


def lstm_gradients(grads: Any, values: Any, out: Any, cells: Any, gates: Any, sizes: Any, reverse: bool) -> Any:
    """Return the gradients of the gates' arguments, of the projected, of the initial states, and what belongs to them.

    Parameters
    ----------
    grads : sequence
        Of ``out``, of the final states and cells, and of ``cells``; None where there is none.
    values : sequence
        The operation's tensors, ``input`` to ``w_hr``.
    cells : shape (n, k), or None
        None, among tensors: they follow from the initial ones, which is so in a single step.
    gates
        Of no use among tensors.

    Returns
    -------
    of_gates, of_projected, of_h, of_c
    old : shape (n, p)
        The states before the rows.
    raw : shape (n, k), or None
        What was projected, if anything was.
    """
    input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr = values
    steps = steps_of(sizes, reverse)
    of_h, of_c = _state(grads[1], h), _state(grads[2], c)
    old = previous(out, h, sizes, reverse)
    if not isinstance(input, Upper.Tensor):
        h, c, w_hh, w_hr, out, cells, of_h, of_c = _working(h, c, w_hh, w_hr, out, cells, of_h, of_c)
        of_gates, of_projected = kernels_of(out).lstm_backward(
            _rows(grads[0], out), grads[3], of_h, of_c, gates, cells, _contiguous(c), w_hh, w_hr, steps
        )
        raw = None if w_hr is None else gates[:, 3 * c.shape[1] :] * np.tanh(cells)
        return of_gates, of_projected, of_h, of_c, old, raw
    enter, keep, inner, last = _lstm_gates(linear(input, w_ih, b_ih) + linear(old, w_hh, b_hh))
    old_cells = previous(cells, c, sizes, reverse)
    cells = keep * old_cells + enter * inner if cells is None else cells
    squashed = tanh(cells)
    through, of_last = last * (1 - squashed * squashed), squashed * last * (1 - last)
    factors = inner * enter * (1 - enter), old_cells * keep * (1 - keep), enter * (1 - inner * inner)
    parts, totals = {}, {}
    for start, rows, _, _ in reversed(steps):
        here = slice(start, start + rows)
        total = totals[start] = _total(grads[0], here, of_h)
        total = total if w_hr is None else matmul(total, w_hr)
        of_cell = _total(grads[3], here, of_c) + total * through[here]
        parts[start] = cat([*(of_cell * factor[here] for factor in factors), total * of_last[here]], 1)
        of_h, of_c = carried(matmul(parts[start], w_hh), of_h), carried(of_cell * keep[here], of_c)
    return in_order(parts), in_order(totals), of_h, of_c, old, None if w_hr is None else last * squashed


def _lstm_gates(arguments: Any) -> list[Any]:
    """Return the open gates in, forget, cell and out."""
    width = arguments.shape[1] // 4
    parts = [arguments[:, k * width : (k + 1) * width] for k in range(4)]
    return [tanh(part) if k == 2 else sigmoid(part) for k, part in enumerate(parts)]


# The GRU.


def gru_states(input: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, sizes: Any, reverse: bool) -> Any:
    """Return the states of all rows, the final ones, and the gates and candidates of all rows."""
    dtype = input.dtype
    input, h, w_ih, w_hh, b_ih, b_hh = _working(input, h, w_ih, w_hh, b_ih, b_hh)
    last = h.copy()
    bias, steps = _gate_bias(b_ih, b_hh, w_hh), steps_of(sizes, reverse)
    out, gates, candidates = kernels_of(input).gru(input, w_ih, bias, w_hh, last, steps)
    return *_in_dtype(dtype, out, last), gates, candidates


def gru_gradients(grads: Any, values: Any, out: Any, gates: Any, candidates: Any, sizes: Any, reverse: bool) -> Any:
    """Return the gradients of both shares of the gates' arguments and of the initial state, and the states before.

    Parameters
    ----------
    grads : sequence
        Of ``out`` and of the final states; None where there is none.
    values : sequence
        The operation's tensors, ``input`` to ``b_hh``.
    gates, candidates
        Of no use among tensors.
    """
    input, h, w_ih, w_hh, b_ih, b_hh = values
    steps = steps_of(sizes, reverse)
    of_h, old = _state(grads[1], h), previous(out, h, sizes, reverse)
    if not isinstance(input, Upper.Tensor):
        h, w_hh, out, of_h = _working(h, w_hh, out, of_h)
        of_input, of_hidden = kernels_of(out).gru_backward(
            _rows(grads[0], out), of_h, gates, candidates, out, _contiguous(h), w_hh, steps
        )
        return of_input, of_hidden, of_h, old
    (reset, update, new), (reset_too, update_too, candidate) = (
        [share[:, k * h.shape[1] : (k + 1) * h.shape[1]] for k in range(3)]
        for share in (linear(input, w_ih, b_ih), linear(old, w_hh, b_hh))
    )
    reset, update = sigmoid(reset + reset_too), sigmoid(update + update_too)
    new = tanh(new + reset * candidate)
    of_new, of_update = (1 - update) * (1 - new * new), (old - new) * update * (1 - update)
    of_reset = of_new * candidate * reset * (1 - reset)
    inner, outer = {}, {}
    for start, rows, _, _ in reversed(steps):
        here = slice(start, start + rows)
        total = _total(grads[0], here, of_h)
        first, of_candidate = [total * of_reset[here], total * of_update[here]], total * of_new[here]
        inner[start] = cat([*first, of_candidate], 1)
        outer[start] = cat([*first, of_candidate * reset[here]], 1)
        of_h = carried(matmul(outer[start], w_hh) + total * update[here], of_h)
    return in_order(inner), in_order(outer), of_h, old
