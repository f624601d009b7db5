"""Kernels of recurrent layers against loops over single sequences, in both directions and precisions."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels.cpu import recurrent

LENGTHS = (4, 3, 3, 1)
UNITS, INPUTS = 5, 3


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rnn_step(x, h, w, u, b, v):
    return np.tanh(w @ x + b + u @ h + v)


def lstm_step(x, state, w, u, b, v):
    h, c = state
    i, f, g, o = np.split(w @ x + b + u @ h + v, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x, h, w, u, b, v):
    (r, z, n), (r2, z2, n2) = np.split(w @ x + b, 3), np.split(u @ h + v, 3)
    n = np.tanh(n + sigmoid(r + r2) * n2)
    return n + sigmoid(z + z2) * (h - n)


def packed_steps(reverse):
    """Return the steps over sequences of LENGTHS, and the row of element t of sequence k."""
    sizes = [sum(length > t for length in LENGTHS) for t in range(LENGTHS[0])]
    starts = np.cumsum([0, *sizes])
    order = range(len(sizes))[:: -1 if reverse else 1]
    steps, before, known = [], 0, 0
    for t in order:
        steps.append((int(starts[t]), sizes[t], before, min(known, sizes[t])))
        before, known = int(starts[t]), sizes[t]
    return steps, lambda k, t: starts[t] + k


def weights(rng, gates, dtype):
    shapes = (gates * UNITS, INPUTS), (gates * UNITS, UNITS), (gates * UNITS,), (gates * UNITS,)
    return [rng.uniform(-1, 1, shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_rows_are_the_states_of_each_sequence_by_itself(kind, reverse, dtype):
    rng = np.random.default_rng(0)
    gates, step = {"rnn": (1, rnn_step), "lstm": (4, lstm_step), "gru": (3, gru_step)}[kind]
    w, u, b, v = weights(rng, gates, dtype)
    steps, row = packed_steps(reverse)
    x = rng.uniform(-1, 1, (sum(LENGTHS), INPUTS)).astype(dtype)
    h, c = (rng.uniform(-1, 1, (len(LENGTHS), UNITS)).astype(dtype) for _ in range(2))
    last, last_cell = h.copy(), c.copy()
    if kind == "rnn":
        out = recurrent.rnn(x, w, b + v, u, last, False, steps)
    elif kind == "lstm":
        out = recurrent.lstm(x, w, b + v, u, None, last, last_cell, steps)[0]
    else:
        split = 2 * UNITS
        out = recurrent.gru(x, w, np.concatenate([b[:split] + v[:split], b[split:], v[split:]]), u, last, steps)[0]
    assert out.dtype == dtype
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    for k, length in enumerate(LENGTHS):
        state = (h[k], c[k]) if kind == "lstm" else h[k]
        for t in range(length)[:: -1 if reverse else 1]:
            state = step(x[row(k, t)], state, w, u, b, v)
            hidden = state[0] if kind == "lstm" else state
            np.testing.assert_allclose(out[row(k, t)], hidden, **tolerance)
        np.testing.assert_allclose(last[k], hidden, **tolerance)
        if kind == "lstm":
            np.testing.assert_allclose(last_cell[k], state[1], **tolerance)


def test_the_positive_part_keeps_nan():
    x = np.array([[np.nan], [-1.0], [2.0]], np.float32)
    one, zero = np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32)
    steps = [(0, 3, 0, 0)]
    h = np.zeros((3, 1), np.float32)
    out = recurrent.rnn(x, one, zero[0], zero, h, True, steps)
    np.testing.assert_array_equal(out, [[np.nan], [0], [2]])
