"""Recurrent layers: one layer in one direction is one operation over all steps of all sequences.

The public functions, of any number of layers, are in `minigrad.recurrent`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.matmul import matmul
from minigrad.ops.op import op
from minigrad.ops.recurrent_rules import (
    affine_gradients,
    gru_gradients,
    gru_states,
    lstm_gradients,
    lstm_states,
    rnn_gradients,
    rnn_states,
)
from minigrad.ops.recurrent_steps import previous

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


# The network of Elman.


@op(namespace=None, outputs=("out", "last"), materialize_grads=False)
def rnn_sequence(
    input: Tensor,
    h: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    relu: bool,
    sizes: tuple[int, ...],
    reverse: bool,
) -> Any:
    """States ``h = tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)`` of all rows, and the final ones [1]_.

    Parameters
    ----------
    input : Tensor, shape (n, inputs)
    h : Tensor, shape (b, k)
    w_ih, w_hh : Tensor, shape (k, inputs) and (k, k)
    b_ih, b_hh : Tensor, shape (k,), optional
    relu : bool
        Take the positive part in place of the hyperbolic tangent.
    sizes, reverse
        See `minigrad.ops.recurrent_steps`.

    References
    ----------
    .. [1] J. L. Elman, "Finding Structure in Time", 1990.
    """
    return rnn_states(input, h, w_ih, w_hh, b_ih, b_hh, relu, sizes, reverse)


@rnn_sequence.gradient
def _(grads, needs, input, h, w_ih, w_hh, relu, sizes, reverse, out):
    of_sums, of_h = rnn_gradients(grads, h, w_hh, relu, out, sizes, reverse)
    old = previous(out, h, sizes, reverse)
    first, _, *rest = affine_gradients((needs[0], False, *needs[2:]), of_sums, of_sums, input, old, w_ih)
    return first, of_h, *rest


@rnn_sequence.samples
def _(make):
    for relu, sizes, reverse in ((False, (2, 2, 2), False), (True, (2, 2, 2), True), (False, (3, 2, 1), True)):
        n, b = int(np.sum(sizes)), sizes[0]
        yield make.sample(make(n, 2), make(b, 3), make(3, 2), make(3, 3), make(3), make(3), relu, sizes, reverse)
    yield make.sample(make(1, 2), make(1, 1), make(1, 2), make(1, 1), None, None, False, (1,), False)


# The LSTM.


@op(namespace=None, outputs=("out", "last", "last_cell", "cells"), saves=("gates",), materialize_grads=False)
def lstm_sequence(
    input: Tensor,
    h: Tensor,
    c: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    w_hr: Tensor | None,
    sizes: tuple[int, ...],
    reverse: bool,
) -> Any:
    """States of an LSTM with forget gate [1]_ [2]_ at all rows, the final states and cells, and the cells of all rows.

    With ``i, f, g, o`` the quarters of ``x @ w_ih.T + b_ih + h @ w_hh.T + b_hh``::

        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)          (@ w_hr.T, where it is given [3]_)

    Parameters
    ----------
    input : Tensor, shape (n, inputs)
    h, c : Tensor, shape (b, p) and (b, k)
        ``p`` is ``k`` without projection.
    w_ih, w_hh : Tensor, shape (4 k, inputs) and (4 k, p)
    b_ih, b_hh : Tensor, shape (4 k,), optional
    w_hr : Tensor, shape (p, k), optional
    sizes, reverse
        See `minigrad.ops.recurrent_steps`.

    References
    ----------
    .. [1] S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", 1997.
    .. [2] F. A. Gers, J. Schmidhuber, F. Cummins, "Learning to Forget", 2000.
    .. [3] H. Sak, A. Senior, F. Beaufays, "Long Short-Term Memory Based Recurrent Neural Network Architectures", 2014.
    """
    return lstm_states(input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, sizes, reverse)


@lstm_sequence.gradient
def _(grads, needs, input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, sizes, reverse, out, cells, gates):
    values = input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr
    of_gates, of_projected, of_h, of_c, old, raw = lstm_gradients(grads, values, out, cells, gates, sizes, reverse)
    first, _, *rest = affine_gradients((needs[0], False, *needs[3:7]), of_gates, of_gates, input, old, w_ih)
    return first, of_h, of_c, *rest, matmul(of_projected.T, raw) if needs[7] else None


@lstm_sequence.samples
def _(make):
    for sizes, reverse, p in (((2, 2, 2), False, 3), ((2, 2), True, 3), ((3, 2, 1), False, 2), ((3, 1, 1), True, 3)):
        n, b = int(np.sum(sizes)), sizes[0]
        weights = make(12, 2), make(12, p), make(12), make(12), None if p == 3 else make(p, 3)
        yield make.sample(make(n, 2), make(b, p), make(b, 3), *weights, sizes, reverse)
    yield make.sample(make(1, 2), make(1, 1), make(1, 1), make(4, 2), make(4, 1), None, None, None, (1,), False)


# The GRU.


@op(namespace=None, outputs=("out", "last"), saves=("gates", "candidates"), materialize_grads=False)
def gru_sequence(
    input: Tensor,
    h: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    sizes: tuple[int, ...],
    reverse: bool,
) -> Any:
    """States of a GRU [1]_ at all rows, and the final ones.

    With ``r, z, n`` the thirds of ``x @ w_ih.T + b_ih`` and ``r', z', n'`` those of ``h @ w_hh.T + b_hh``::

        n = tanh(n + sigmoid(r + r') * n')
        h = n + sigmoid(z + z') * (h - n)

    Parameters
    ----------
    input : Tensor, shape (n, inputs)
    h : Tensor, shape (b, k)
    w_ih, w_hh : Tensor, shape (3 k, inputs) and (3 k, k)
    b_ih, b_hh : Tensor, shape (3 k,), optional
    sizes, reverse
        See `minigrad.ops.recurrent_steps`.

    References
    ----------
    .. [1] K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014. arXiv:1406.1078
    """
    return gru_states(input, h, w_ih, w_hh, b_ih, b_hh, sizes, reverse)


@gru_sequence.gradient
def _(grads, needs, input, h, w_ih, w_hh, b_ih, b_hh, sizes, reverse, out, gates, candidates):
    values = input, h, w_ih, w_hh, b_ih, b_hh
    of_input, of_hidden, of_h, old = gru_gradients(grads, values, out, gates, candidates, sizes, reverse)
    first, _, *rest = affine_gradients((needs[0], False, *needs[2:]), of_input, of_hidden, input, old, w_ih)
    return first, of_h, *rest


@gru_sequence.samples
def _(make):
    for sizes, reverse in (((2, 2, 2), False), ((2, 2), True), ((3, 2, 1), False), ((3, 1, 1), True)):
        n, b = int(np.sum(sizes)), sizes[0]
        yield make.sample(make(n, 2), make(b, 3), make(9, 2), make(9, 3), make(9), make(9), sizes, reverse)
    yield make.sample(make(1, 2), make(1, 1), make(3, 2), make(3, 1), None, None, (1,), False)
