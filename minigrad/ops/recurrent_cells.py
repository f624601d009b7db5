"""One step of a recurrent layer, for a batch of states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.activation import relu, tanh, tanh_backward, threshold_backward
from minigrad.ops.dims import wrap_dim
from minigrad.ops.errors import dtype_mismatch
from minigrad.ops.matmul import linear
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_floating
from minigrad.ops.recurrent_rules import (
    affine_gradients,
    gru_gradients,
    gru_states,
    lstm_gradients,
    lstm_states,
    rnn_states,
)
from minigrad.ops.state import Upper

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _array(values: Any) -> Any:
    return getattr(values, "_array", values)


def _check(input: Any, states: Any, w_ih: Any, w_hh: Any, biases: Any, gates: int) -> None:
    """Refuse shapes and dtypes that do not fit together.

    Raises
    ------
    IndexError
        For vectors: batches are wanted.
    RuntimeError
    """
    wrap_dim(1, input.ndim)
    width = w_hh.shape[1]
    if input.shape[1] != w_ih.shape[1]:
        raise RuntimeError(f"input has inconsistent input_size: got {input.shape[1]} expected {w_ih.shape[1]}")
    for k, state in enumerate(states):
        if input.shape[0] != state.shape[0]:
            raise RuntimeError(f"Input batch size {input.shape[0]} doesn't match hidden{k} batch size {state.shape[0]}")
        if state.shape[1] != width:
            raise RuntimeError(f"hidden{k} has inconsistent hidden_size: got {state.shape[1]}, expected {width}")
    for name, weight in (("weight_ih", w_ih), ("weight_hh", w_hh)):
        if weight.shape[0] != gates * width:
            raise RuntimeError(
                f"{name} first dim must be {gates} * hidden_size = {gates * width}, but got {weight.shape[0]}"
            )
    for bias in biases:
        if bias is not None and bias.shape not in ((gates * width,), (1,)):
            raise RuntimeError(
                f"The expanded size of the tensor ({gates * width}) must match the existing size ({bias.shape[-1]}) at "
                f"non-singleton dimension 1.  Target sizes: {[input.shape[0], gates * width]}.  Tensor sizes: "
                f"{list(bias.shape)}"
            )
    for left, right in ((input, w_ih), *((state, w_hh) for state in states)):
        if left.dtype != right.dtype:
            raise dtype_mismatch("expected m1 and m2 to have the same dtype", _array(left), _array(right))


def _gates_reference(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, count: int) -> Any:
    inner = np.split(x @ w_ih.T + (0 if b_ih is None else b_ih), count, 1)
    return inner, np.split(h @ w_hh.T + (0 if b_hh is None else b_hh), count, 1)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _rnn_reference(activation: Any) -> Any:
    def reference(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
        (inner,), (outer,) = _gates_reference(x, h, w_ih, w_hh, b_ih, b_hh, 1)
        return activation(inner + outer)

    return reference


def _lstm_reference(x, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    inner, outer = _gates_reference(x, hx[0], w_ih, w_hh, b_ih, b_hh, 4)
    i, f, g, o = (a + b for a, b in zip(inner, outer, strict=True))
    c = _sigmoid(f) * hx[1] + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _gru_reference(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    (r, z, n), (r2, z2, n2) = _gates_reference(x, h, w_ih, w_hh, b_ih, b_hh, 3)
    z, n = _sigmoid(z + z2), np.tanh(n + _sigmoid(r + r2) * n2)
    return (1 - z) * n + z * h


def _cell_samples(make: Any, gates: int) -> Any:
    """Yield inputs, states and weights, with both biases, none, one, and an empty batch."""
    for batch, biases in ((2, (4 * gates,) * 2), (1, ()), (3, (4 * gates,)), (0, (4 * gates,) * 2)):
        weights = make(4 * gates, 3), make(4 * gates, 4), *(make(each) for each in biases)
        state = make(batch, 4)
        yield make.sample(
            make(batch, 3), [state, make(batch, 4)] if gates == 4 else state, *weights, gradient=batch > 0
        )  # fmt: skip


def _rnn_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, activation: Any) -> Any:
    _check(input, (hx,), w_ih, w_hh, (b_ih, b_hh), 1)
    if input.dtype.kind != "f":  # whole numbers are multiplied as such
        return activation(linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))
    return rnn_states(input, hx, w_ih, w_hh, b_ih, b_hh, activation is relu, (len(input),), False)[1]


@op(node="TanhBackward0", reference=_rnn_reference(np.tanh))
def rnn_tanh_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """``tanh(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)``.

    Parameters
    ----------
    input : Tensor, shape (batch, inputs)
    hx : Tensor, shape (batch, hidden)
    w_ih, w_hh : Tensor, shape (hidden, inputs) and (hidden, hidden)
    b_ih, b_hh : Tensor, shape (hidden,), optional
    """
    return _rnn_cell(input, hx, w_ih, w_hh, b_ih, b_hh, tanh)


@rnn_tanh_cell.gradient
def _(grad, needs, input, hx, w_ih, w_hh, out):
    of_sums = tanh_backward(grad, out)
    return affine_gradients(needs, of_sums, of_sums, input, hx, w_ih, w_hh)


@rnn_tanh_cell.samples
def _(make):
    yield from _cell_samples(make, 1)


@op(node="ReluBackward0", reference=_rnn_reference(lambda x: np.maximum(x, 0)))
def rnn_relu_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """``relu(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)``; the parameters are :func:`rnn_tanh_cell`'s."""
    return _rnn_cell(input, hx, w_ih, w_hh, b_ih, b_hh, relu)


@rnn_relu_cell.gradient
def _(grad, needs, input, hx, w_ih, w_hh, out):
    of_sums = threshold_backward(grad, out)
    return affine_gradients(needs, of_sums, of_sums, input, hx, w_ih, w_hh)


@rnn_relu_cell.samples
def _(make):
    yield from _cell_samples(make, 1)


@composed(reference=_lstm_reference)
def lstm_cell(
    input: Tensor,
    hx: Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Any:
    """Return the next state and cell of an LSTM; `minigrad.ops.recurrent` has the formula.

    Parameters
    ----------
    input : Tensor, shape (batch, inputs)
    hx : (Tensor, Tensor), each of shape (batch, hidden)
        State and cell.
    w_ih, w_hh : Tensor, shape (4 hidden, inputs) and (4 hidden, hidden)
    b_ih, b_hh : Tensor, shape (4 hidden,), optional

    Raises
    ------
    TypeError
        Where ``hx`` is no pair.
    RuntimeError
        For shapes that do not fit each other.
    """
    if not isinstance(hx, (tuple, list)):
        raise TypeError(f"lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not {type(hx).__name__}")
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    return tuple(lstm_step(input, hx[0], hx[1], w_ih, w_hh, b_ih, b_hh))


@lstm_cell.samples
def _(make):
    yield from _cell_samples(make, 4)


@op(
    namespace=None,
    outputs=("state", "cell"),
    saves=("gates", "cells"),
    materialize_grads=False,
    node="MulBackward0",
)
def lstm_step(
    input: Tensor,
    h: Tensor,
    c: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> Any:
    """State and cell of `lstm_cell`."""
    _check(input, (h, c), w_ih, w_hh, (b_ih, b_hh), 4)
    check_floating("sigmoid_cpu", input)
    _, *found, cells, gates = lstm_states(input, h, c, w_ih, w_hh, b_ih, b_hh, None, (len(input),), False)
    return *found, gates, cells


@lstm_step.gradient
def _(grads, needs, input, h, c, w_ih, w_hh, b_ih, b_hh, gates, cells):
    cells = None if isinstance(input, Upper.Tensor) else cells
    values = input, h, c, w_ih, w_hh, b_ih, b_hh, None
    of_gates, _, of_h, of_c, _, _ = lstm_gradients(
        (grads[0], None, grads[1], None), values, h, cells, gates, (len(input),), False
    )
    first, _, *rest = affine_gradients((needs[0], False, *needs[3:]), of_gates, of_gates, input, h, w_ih)
    return first, of_h, of_c, *rest


@op(node="AddBackward0", saves=("gates", "candidates"), reference=_gru_reference)
def gru_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """Return the next state of a GRU; `minigrad.ops.recurrent` has the formula.

    Parameters
    ----------
    input : Tensor, shape (batch, inputs)
    hx : Tensor, shape (batch, hidden)
    w_ih, w_hh : Tensor, shape (3 hidden, inputs) and (3 hidden, hidden)
    b_ih, b_hh : Tensor, shape (3 hidden,), optional
    """
    _check(input, (hx,), w_ih, w_hh, (b_ih, b_hh), 3)
    check_floating("sigmoid_cpu", input)
    return gru_states(input, hx, w_ih, w_hh, b_ih, b_hh, (len(input),), False)[1:]


@gru_cell.gradient
def _(grad, needs, input, hx, w_ih, w_hh, b_ih, b_hh, gates, candidates):
    values = input, hx, w_ih, w_hh, b_ih, b_hh
    of_input, of_hidden, of_h, _ = gru_gradients((grad, None), values, hx, gates, candidates, (len(input),), False)
    first, _, *rest = affine_gradients((needs[0], False, *needs[2:]), of_input, of_hidden, input, hx, w_ih)
    return first, of_h, *rest


@gru_cell.samples
def _(make):
    yield from _cell_samples(make, 3)
