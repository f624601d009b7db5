"""Connectionist temporal classification; the CPU's twin says what is computed.

A block has a sequence: its threads share out the states of a step, or the classes, and wait for each other between
steps.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cuda._kernel import In, InInt64, Out, empty, kernel, subroutine
from minigrad_kernels.cuda._math import exp, isinf, log1p
from minigrad_kernels.cuda._memory import to_device
from minigrad_kernels.cuda._numba import THREADS, cuda

_INFINITY = math.inf


@subroutine
def _log_sum(a, b):
    """Return ``log(e**a + e**b)``."""
    top, low = (a, b) if a > b else (b, a)
    return top if isinf(low) else top + log1p(exp(low - top))


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
    batch, real = losses.size, losses.dtype.type
    for n in range(cuda.blockIdx.x, batch, cuda.gridDim.x):
        length, states, start = lengths[n], 2 * counts[n] + 1, starts[n]
        for t in range(length):
            row = (n * steps + t) * width
            for i in range(cuda.threadIdx.x, states, THREADS):
                if t == 0:
                    total = real(0) if i < 2 else real(-_INFINITY)
                else:
                    total = alpha[row - width + i]
                    if i > 0:
                        total = _log_sum(total, alpha[row - width + i - 1])
                    if _may_skip(targets, start, i):
                        total = _log_sum(total, alpha[row - width + i - 2])
                alpha[row + i] = total + log_probs[(t * batch + n) * classes + _label(targets, start, i, blank)]
            cuda.syncthreads()
        if cuda.threadIdx.x == 0:
            if length == 0:
                losses[n] = real(0) if counts[n] == 0 else real(_INFINITY)
            else:
                last = (n * steps + length - 1) * width + states - 1
                losses[n] = -(_log_sum(alpha[last], alpha[last - 1]) if states > 1 else alpha[last])


def ctc_loss(log_probs, targets, starts, lengths, counts, blank):
    """Return the negative logarithms of the labellings' probabilities, and what the gradient needs."""
    steps, batch, classes = log_probs.shape
    width, dtype = 2 * int(counts.max(initial=0)) + 1, log_probs.dtype
    alpha, losses = empty((batch, steps, width), dtype), empty(batch, dtype)
    layout = [to_device(each) for each in (starts, lengths, counts)]
    _ctc_loss_loop[dtype](
        log_probs, targets, *layout, classes, blank, steps, width, alpha, losses, blocks=batch
    )  # fmt: skip
    return losses, alpha


@kernel
def _ctc_loss_backward_loop(
    grad: In, log_probs: In, losses: In, alpha: In, targets: InInt64, starts: InInt64, lengths: InInt64,
    counts: InInt64, classes: int, blank: int, zero_infinity: bool, steps: int, width: int, beta: Out, result: Out,
):  # fmt: skip
    """result[t, n] = grad[n] * (e**log_probs - share of the paths that are at each class); beta is for work."""
    batch, real = losses.size, losses.dtype.type
    for n in range(cuda.blockIdx.x, batch, cuda.gridDim.x):
        length, states, start, loss = lengths[n], 2 * counts[n] + 1, starts[n], losses[n]
        if zero_infinity and loss == real(_INFINITY):
            length = 0
        for t in range(length, steps):
            for k in range(cuda.threadIdx.x, classes, THREADS):
                result[(t * batch + n) * classes + k] = real(0)
        for t in range(length - 1, -1, -1):
            row, place = (n * steps + t) * width, (t * batch + n) * classes
            here, after = (2 * n + t % 2) * width, (2 * n + (t + 1) % 2) * width  # steps take turns in beta
            for i in range(cuda.threadIdx.x, states, THREADS):
                if t == length - 1:
                    total = real(0) if i >= states - 2 else real(-_INFINITY)
                else:
                    total = beta[after + i]
                    if i + 1 < states:
                        total = _log_sum(total, beta[after + i + 1])
                    if i + 2 < states and _may_skip(targets, start, i + 2):
                        total = _log_sum(total, beta[after + i + 2])
                beta[here + i] = total + log_probs[place + _label(targets, start, i, blank)]
            cuda.syncthreads()
            for k in range(cuda.threadIdx.x, classes, THREADS):
                share = real(-_INFINITY)
                for i in range(states):
                    if _label(targets, start, i, blank) == k:
                        share = _log_sum(share, alpha[row + i] + beta[here + i])
                given = log_probs[place + k]
                result[place + k] = (exp(given) - exp(share + loss - given)) * grad[n]


def ctc_loss_backward(grad, log_probs, losses, alpha, targets, starts, lengths, counts, blank, zero_infinity):
    """Return the gradient of `ctc_loss` for the logits that `log_probs` are the log-softmax of, shape (t, n, c)."""
    steps, batch, classes = log_probs.shape
    width, dtype = alpha.shape[-1], log_probs.dtype
    result, beta = empty(log_probs.shape, dtype), empty((batch, 2, width), dtype)
    layout = [to_device(np.ascontiguousarray(each)) for each in (starts, lengths, counts)]
    _ctc_loss_backward_loop[dtype](
        grad, log_probs, losses, alpha, targets, *layout, classes, blank, zero_infinity, steps, width, beta, result,
        blocks=batch,
    )  # fmt: skip
    return result
