"""Losses between probabilities, each one pass over the data; as in `minigrad_kernels.cpu.loss`."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import SUMS, In, New, OutInt8, Real, pointwise
from minigrad_kernels.cpu.loss import MODES, ONE
from minigrad_kernels.scalar._bits import wide
from minigrad_kernels.scalar.activation import bce_with_logits as bce_term
from minigrad_kernels.scalar.activation import sigmoid
from minigrad_kernels.scalar.exponential import exp, log, log_rest

empty = np.empty


@pointwise(fastmath=SUMS)
def _bce_with_logits_loop(x: In, y: In, mode: int, out: New):
    """Loss max(x, 0) - x * y + log(1 + e**-|x|), exact for y of 0 and 1, or its sum or mean."""
    wide()
    one = x.dtype.type(1)
    if mode == 0:
        for i in range(x.size):
            out[i] = bce_term(x[i], y[i], one)
        return out
    total = 0.0
    for i in range(x.size):
        total += bce_term(x[i], y[i], one)
    out[0] = total / x.size if mode == 1 else total
    return out


def bce_with_logits(x, y, reduction="mean"):
    """Binary cross-entropy of logits `x` and probabilities `y` of one shape, computed without overflow."""
    mode = MODES[reduction]
    return _bce_with_logits_loop[x.dtype](x, y, mode, ONE if mode else x)


@pointwise
def _bce_with_logits_backward_loop(grad: In, x: In, y: In, mode: int, result: New):
    """result[i] = grad * (sigmoid(x[i]) - y[i]), over the count for a mean."""
    wide()
    one = x.dtype.type(1)
    if mode == 0:
        for i in range(x.size):
            result[i] = grad[i] * (sigmoid(x[i], one) - y[i])
        return result
    g = grad[0] / x.dtype.type(x.size) if mode == 1 else grad[0]
    for i in range(x.size):
        result[i] = g * (sigmoid(x[i], one) - y[i])
    return result


def bce_with_logits_backward(grad, x, y, reduction="mean"):
    """Return the gradient of `bce_with_logits` with respect to `x`."""
    return _bce_with_logits_backward_loop[x.dtype](grad, x, y, MODES[reduction], x)


@pointwise(fastmath=SUMS)
def _bce_loop(x: In, y: In, weight: In, is_weighted: bool, lowest: Real, mode: int, wrong: OutInt8, out: New):
    """Loss -(y log(x) + (1 - y) log(1 - x)) * weight, logarithms held above `lowest`, or its sum or mean.

    Sets `wrong` to 1 where some x is no probability, else to 2 where some y is none, else to 0.
    """
    wide()
    zero, one = x.dtype.type(0), x.dtype.type(1)
    total, wrong_x, wrong_y = 0.0, 0, 0
    for i in range(x.size):
        p, q = log(x[i]), log_rest(x[i])
        p, q = lowest if p < lowest else p, lowest if q < lowest else q
        loss = (y[i] - one) * q - y[i] * p
        if is_weighted:
            loss *= weight[i]
        if mode == 0:
            out[i] = loss
        total += loss
        wrong_x += 0 if x[i] >= zero and x[i] <= one else 1
        wrong_y += 0 if y[i] >= zero and y[i] <= one else 1
    if mode == 1:
        out[0] = total / x.size
    elif mode == 2:
        out[0] = total
    wrong[0] = 1 if wrong_x > 0 else 2 if wrong_y > 0 else 0
    return out


def bce(x, y, weight=None, reduction="mean"):
    """Binary cross-entropy of probabilities `x` and `y`, and weights of elements, of one shape.

    Raises
    ------
    RuntimeError
        Where an element is no probability.
    """
    mode = MODES[reduction]
    chosen, is_weighted, wrong = x if weight is None else weight, weight is not None, empty(1, np.int8)
    out = _bce_loop[x.dtype](x, y, chosen, is_weighted, -100, mode, wrong, ONE if mode else x)
    if wrong[0]:
        raise RuntimeError(f"all elements of {'input' if wrong[0] == 1 else 'target'} should be between 0 and 1")
    return out


@pointwise
def _bce_backward_loop(grad: In, x: In, y: In, weight: In, is_weighted: bool, least: Real, mode: int, result: New):
    """result[i] = grad * weight[i] * (x[i] - y[i]) / (x[i] * (1 - x[i])), over the count for a mean."""
    wide()
    one = x.dtype.type(1)
    g = one
    if mode == 1:
        g = grad[0] / x.dtype.type(x.size)
    elif mode == 2:
        g = grad[0]
    for i in range(x.size):
        variance = (one - x[i]) * x[i]
        variance = least if variance < least else variance
        slope = (x[i] - y[i]) / variance * g
        if mode == 0:
            slope *= grad[i]
        result[i] = slope * weight[i] if is_weighted else slope
    return result


def bce_backward(grad, x, y, weight=None, reduction="mean"):
    """Return the gradient of `bce` with respect to `x`; the variance x * (1 - x) is held above 1e-12."""
    chosen, is_weighted = x if weight is None else weight, weight is not None
    return _bce_backward_loop[x.dtype](grad, x, y, chosen, is_weighted, 1e-12, MODES[reduction], x)


@pointwise(fastmath=SUMS)
def _kl_div_loop(x: In, y: In, is_log: bool, divisor: float, is_sum: bool, out: New):
    """Divergence y * (log(y) - x), of which y is 0 counts 0, or the sum of it over `divisor`; y may be given as log."""
    wide()
    zero, total = x.dtype.type(0), 0.0
    for i in range(x.size):
        if is_log:
            loss = exp(y[i]) * (y[i] - x[i])
        else:
            own = y[i] * log(y[i])
            loss = (zero if y[i] == zero else own) - y[i] * x[i]
        if is_sum:
            total += loss
        else:
            out[i] = loss
    if is_sum:
        out[0] = total / divisor
    return out


def kl_div(x, y, is_log=False, divisor=None):
    """Kullback-Leibler divergence of log-probabilities `x` from `y`, elementwise or its sum over `divisor`.

    Parameters
    ----------
    x, y : ndarray, of one shape
    is_log : bool
        Whether `y` holds log-probabilities as well.
    divisor : float, optional
    """
    is_sum = divisor is not None
    return _kl_div_loop[x.dtype](x, y, is_log, divisor if is_sum else 1.0, is_sum, ONE if is_sum else x)
