"""Recurrent kernels on the simulator: packed sequences in both directions, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cuda.twins import check

UNITS, INPUTS, PROJECTED = 3, 2, 2
STEPS = {
    "even": ((0, 2, 0, 0), (2, 2, 0, 2), (4, 2, 2, 2)),
    "packed": ((0, 3, 0, 0), (3, 2, 0, 2), (5, 1, 3, 1)),
    "packed, reverse": ((5, 1, 0, 0), (3, 2, 5, 1), (0, 3, 3, 2)),
}


@pytest.fixture
def make():
    rng = np.random.default_rng(1)
    return lambda *shape: rng.uniform(-1, 1, shape)


def _batch(steps):
    return max(rows for _, rows, _, _ in steps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", STEPS)
@pytest.mark.parametrize("relu", [False, True])
def test_elman(order, relu, dtype, make):
    steps = STEPS[order]
    w_ih, bias, w_hh, h = make(UNITS, INPUTS), make(UNITS), make(UNITS, UNITS), make(_batch(steps), UNITS)
    arrays = (each.astype(dtype) for each in (make(6, INPUTS), w_ih, bias, w_hh, h))
    out = check("rnn", *arrays, relu, steps)
    check("rnn_backward", make(6, UNITS).astype(dtype), h.astype(dtype), out, w_hh.astype(dtype), relu, steps)


@pytest.mark.parametrize("projects", [False, True])
@pytest.mark.parametrize("order", STEPS)
def test_lstm(order, projects, make):
    steps = STEPS[order]
    width = PROJECTED if projects else UNITS
    w_hh, w_hr = make(4 * UNITS, width), make(width, UNITS) if projects else None
    h, c = make(_batch(steps), width), make(_batch(steps), UNITS)
    out, cells, gates = check(
        "lstm", make(6, INPUTS), make(4 * UNITS, INPUTS), make(4 * UNITS), w_hh, w_hr, h, c, steps
    )
    for of_cells in (None, make(6, UNITS)):
        grads = make(*out.shape), of_cells, make(*h.shape), make(*c.shape)
        check("lstm_backward", *grads, gates, cells, c, w_hh, w_hr, steps)


@pytest.mark.parametrize("order", STEPS)
def test_gru(order, make):
    steps = STEPS[order]
    w_hh, h = make(3 * UNITS, UNITS), make(_batch(steps), UNITS)
    out, gates, candidates = check("gru", make(6, INPUTS), make(3 * UNITS, INPUTS), make(4 * UNITS), w_hh, h, steps)
    check("gru_backward", make(6, UNITS), make(*h.shape), gates, candidates, out, h, w_hh, steps)
