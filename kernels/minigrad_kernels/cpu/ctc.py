"""Connectionist temporal classification: sums over all ways to stretch a labelling over the steps of a sequence.

The states of a labelling of s labels are its labels with blanks before, between and after them, 2 s + 1 in all; state
``i`` is label ``i // 2`` for odd ``i``. A path stays, moves on by one state, or skips a blank between two different
labels. Sums of probabilities are kept as logarithms.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import In, InInt64, Out, kernel, subroutine
from minigrad_kernels.scalar.exponential import exp, log1p_unit

empty = np.empty


@subroutine
def _log_sum(a, b):
    """Return ``log(e**a + e**b)``."""
    top, low = (a, b) if a > b else (b, a)
    return top if math.isinf(low) else top + log1p_unit(exp(low - top))


@subroutine
def _label(targets, start, state, blank):
    """Return the class of a state of the labelling that begins at `start`."""
    return targets[start + state // 2] if state % 2 else blank


@subroutine
def _may_skip(targets, start, state):
    """Whether a path may come to a state past the blank before it."""
    return state % 2 == 1 and state > 2 and targets[start + state // 2] != targets[start + state // 2 - 1]


@kernel
def _ctc_loss_loop(
    log_probs: In, targets: InInt64, starts: InInt64, lengths: InInt64, counts: InInt64, classes: int, blank: int,
    steps: int, width: int, alpha: Out, losses: Out,
):  # fmt: skip
    """alpha[n, t, i] = log of the sum over the paths that are in state i at step t; losses[n] = -log of all paths."""
    batch = losses.size
    lowest = losses.dtype.type(-np.inf)
    zero = losses.dtype.type(0)
    for n in range(batch):
        length, states, start = lengths[n], 2 * counts[n] + 1, starts[n]
        if length == 0:
            losses[n] = zero if counts[n] == 0 else -lowest
            continue
        for t in range(length):
            row = alpha[(n * steps + t) * width : (n * steps + t + 1) * width]
            before = alpha[(n * steps + t - 1) * width : (n * steps + t) * width] if t else row
            given = log_probs[(t * batch + n) * classes : (t * batch + n + 1) * classes]
            for i in range(states):
                if t == 0:
                    total = zero if i < 2 else lowest
                else:
                    total = before[i]
                    if i > 0:
                        total = _log_sum(total, before[i - 1])
                    if _may_skip(targets, start, i):
                        total = _log_sum(total, before[i - 2])
                row[i] = total + given[_label(targets, start, i, blank)]
        last = alpha[(n * steps + length - 1) * width : (n * steps + length) * width]
        total = last[states - 1]
        if states > 1:
            total = _log_sum(total, last[states - 2])
        losses[n] = -total


def ctc_loss(log_probs, targets, starts, lengths, counts, blank):
    """Return the negative logarithms of the labellings' probabilities, and what the gradient needs.

    Parameters
    ----------
    log_probs : ndarray, shape (t, n, c)
    targets : ndarray of int64
        The labels of all sequences, each a class.
    starts, lengths, counts : ndarray of int64 in NumPy's memory, shape (n,)
        Where each labelling begins, how many steps it has, and how many labels.
    blank : int

    Returns
    -------
    losses : ndarray, shape (n,)
    alpha : ndarray, shape (n, t, states)
    """
    steps, batch, classes = log_probs.shape
    width, dtype = 2 * int(counts.max(initial=0)) + 1, log_probs.dtype
    alpha, losses = empty((batch, steps, width), dtype), empty(batch, dtype)
    _ctc_loss_loop[dtype](
        log_probs, targets, starts, lengths, counts, classes, blank, steps, width, alpha, losses
    )  # fmt: skip
    return losses, alpha


@kernel
def _ctc_loss_backward_loop(
    grad: In, log_probs: In, losses: In, alpha: In, targets: InInt64, starts: InInt64, lengths: InInt64,
    counts: InInt64, classes: int, blank: int, zero_infinity: bool, steps: int, width: int, beta: Out, result: Out,
):  # fmt: skip
    """result[t, n] = grad[n] * (e**log_probs - share of the paths that are at each class); beta is for work."""
    batch = losses.size
    lowest = losses.dtype.type(-np.inf)
    zero = losses.dtype.type(0)
    for n in range(batch):
        length, states, start, loss = lengths[n], 2 * counts[n] + 1, starts[n], losses[n]
        if zero_infinity and loss == -lowest:
            length = 0
        for t in range(length, steps):
            for k in range((t * batch + n) * classes, (t * batch + n + 1) * classes):
                result[k] = zero
        for t in range(length - 1, -1, -1):
            row = alpha[(n * steps + t) * width : (n * steps + t + 1) * width]
            place = (t * batch + n) * classes
            given, share = log_probs[place : place + classes], result[place : place + classes]
            for k in range(classes):
                share[k] = lowest
            for i in range(states):
                if t == length - 1:
                    total = zero if i >= states - 2 else lowest
                else:
                    total = beta[i]
                    if i + 1 < states:
                        total = _log_sum(total, beta[i + 1])
                    if i + 2 < states and _may_skip(targets, start, i + 2):
                        total = _log_sum(total, beta[i + 2])
                k = _label(targets, start, i, blank)
                beta[i] = total + given[k]
                share[k] = _log_sum(share[k], row[i] + beta[i])
            for k in range(classes):
                share[k] = (exp(given[k]) - exp(share[k] + loss - given[k])) * grad[n]


def ctc_loss_backward(grad, log_probs, losses, alpha, targets, starts, lengths, counts, blank, zero_infinity):
    """Return the gradient of `ctc_loss` for the logits that `log_probs` are the log-softmax of, shape (t, n, c).

    Parameters
    ----------
    grad : ndarray, shape (n,)
    losses, alpha : ndarray
        What `ctc_loss` returned.
    zero_infinity : bool
        Give impossible labellings a gradient of zero; otherwise it is nan.
    """
    steps, _, classes = log_probs.shape
    width, dtype = alpha.shape[-1], log_probs.dtype
    result, beta = empty(log_probs.shape, dtype), empty(width, dtype)
    _ctc_loss_backward_loop[dtype](
        grad, log_probs, losses, alpha, targets, starts, lengths, counts, classes, blank, zero_infinity, steps, width,
        beta, result,
    )  # fmt: skip
    return result
