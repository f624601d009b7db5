"""Losses and their gradients, each one pass over the data, the reduction included.

`reduction` is 'none' (an array of the input's shape), 'mean' or 'sum' (a 0-d array). Sums are accumulated in float64.
In a gradient, `grad` is the incoming gradient: of the input's shape for 'none', of one element otherwise.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu import _class_strips as class_strips
from minigrad_kernels.cpu import _strips as strips
from minigrad_kernels.cpu._kernel import SUMS, In, InInt64, New, Out, OutFloat64, Real, kernel, pointwise
from minigrad_kernels.scalar._bits import fabs, maximum, wide
from minigrad_kernels.scalar.activation import minus_both
from minigrad_kernels.scalar.exponential import exp_below

empty = np.empty
MODES = {"none": 0, "mean": 1, "sum": 2}
_SCALAR = ()
ONE = empty(_SCALAR)  # the shape of a sum or mean


@kernel(fastmath=SUMS)
def _cross_entropy_loop(
    logits: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    ignore_index: int,
    smoothing: Real,
    mode: int,
    losses: Out,
    lse: Out,
    total_weight: OutFloat64,
):
    """Cross-entropy of each row; returns the first row with a target that is out of range, or -1."""
    wide()
    rows = target.size
    classes = logits.size // rows
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    total, weights = 0.0, 0.0
    for i in range(rows):
        row = logits[i * classes : (i + 1) * classes]
        top = row[0]
        for j in range(row.size):
            top = maximum(top, row[j])
        summed = zero
        for j in range(row.size):
            summed += exp_below(row[j] - top)
        log_sum = logits.dtype.type(math.log(summed))
        lse[i] = top + log_sum
        label = target[i]
        loss = zero
        if label != ignore_index:
            if label < 0 or label >= classes:
                return i
            w = weight[label] if is_weighted else one
            loss = -minus_both(row[label], top, log_sum) * w
            weights += w
            if smoothing > zero:
                spread = zero
                if is_weighted:
                    for j in range(row.size):
                        spread -= minus_both(row[j], top, log_sum) * weight[j]
                else:
                    for j in range(row.size):
                        spread -= minus_both(row[j], top, log_sum)
                loss = (one - smoothing) * loss + smoothing / logits.dtype.type(classes) * spread
        if mode == 0:
            losses[i] = loss
        total += loss
    total_weight[0] = weights
    if mode == 1:
        losses[0] = total / weights
    elif mode == 2:
        losses[0] = total
    return -1


def cross_entropy(logits, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """Cross-entropy between logits and class numbers, in one pass.

    Parameters
    ----------
    logits : ndarray, shape (batch, classes, ...) or (classes,)
    target : ndarray of int64, shape (batch, ...), or of one element
    weight : ndarray, shape (classes,), optional
        Weight of each class, of the logits' dtype.
    ignore_index : int
        Rows with this target count nothing.
    label_smoothing : float
    reduction : {'mean', 'sum', 'none'}

    Returns
    -------
    losses : ndarray, 0-d, or of the targets' shape for 'none'
    lse : ndarray, of the targets' shape
        Log-sum-exp of each row, for `cross_entropy_backward`.
    total_weight : ndarray of float64, shape (1,)
        What 'mean' divides by; for `cross_entropy_backward`.

    Raises
    ------
    IndexError
        Where a target is neither a class nor `ignore_index`.
    """
    dtype, mode = logits.dtype, MODES[reduction]
    losses, lse, total = empty(_SCALAR if mode else target.shape, dtype), empty(target.shape, dtype), empty(1)
    if logits.size == 0:
        return _no_rows(losses, lse, total, target, mode, ignore_index)
    chosen = logits if weight is None else weight
    numbers = logits, target, chosen, weight is not None, ignore_index, label_smoothing
    if logits.ndim <= 2:
        bad = _cross_entropy_loop[dtype](*numbers, mode, losses, lse, total)
    else:
        places = target.size // len(logits)
        room = strips.scratch(places, dtype, 3)
        bad = class_strips.cross_entropy_loop[dtype](*numbers, places, mode, *room, losses, lse, total)
    if bad >= 0:
        raise IndexError(f"Target {target.reshape(-1)[bad]} is out of bounds.")
    return losses, lse, total


def _no_rows(losses, lse, total, target, mode, ignore_index):
    """Return the results for no rows (mean of nothing: nan) or no classes (every target is out of range)."""
    if wrong := [t for t in target.reshape(-1).tolist() if t != ignore_index]:
        raise IndexError(f"Target {wrong[0]} is out of bounds.")
    losses.fill(np.nan if mode == 1 else 0)
    total.fill(0)
    return losses, lse, total


@kernel
def _cross_entropy_backward_loop(
    grad: In,
    logits: In,
    lse: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    ignore_index: int,
    smoothing: Real,
    mode: int,
    total_weight: float,
    result: Out,
):
    """Each row of result = grad * (mass * softmax(row) - the row's target distribution)."""
    wide()
    rows = target.size
    classes = logits.size // rows
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    spread = smoothing / logits.dtype.type(classes)
    every = logits.dtype.type(classes)
    if is_weighted and smoothing > zero:
        every = zero
        for j in range(classes):
            every += weight[j]
    common = zero
    if mode == 1:
        common = logits.dtype.type(grad[0] / total_weight)
    elif mode == 2:
        common = grad[0]
    for i in range(rows):
        row, out = logits[i * classes : (i + 1) * classes], result[i * classes : (i + 1) * classes]
        label = target[i]
        if label == ignore_index:
            for j in range(out.size):
                out[j] = zero
            continue
        g = grad[i] if mode == 0 else common
        peak = (weight[label] if is_weighted else one) * (one - smoothing)
        mass = g * (peak + spread * every)
        shift = lse[i]
        for j in range(out.size):
            out[j] = mass * exp_below(row[j] - shift)
        if smoothing > zero:
            if is_weighted:
                for j in range(out.size):
                    out[j] -= g * spread * weight[j]
            else:
                for j in range(out.size):
                    out[j] -= g * spread
        out[label] -= g * peak


def cross_entropy_backward(
    grad, logits, lse, total_weight, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
):
    """Return the gradient of `cross_entropy` with respect to the logits; `lse` and `total_weight` are its results."""
    result = empty(logits.shape, logits.dtype)
    if result.size:
        chosen = logits if weight is None else weight
        mode, total = MODES[reduction], total_weight[0]
        numbers = grad, logits, lse, target, chosen, weight is not None, ignore_index, label_smoothing
        if logits.ndim <= 2:
            _cross_entropy_backward_loop[logits.dtype](*numbers, mode, total, result)
        else:
            places = target.size // len(logits)
            room = strips.scratch(places, logits.dtype)
            class_strips.cross_entropy_backward_loop[logits.dtype](*numbers, places, mode, total, *room, result)
    return result


def nll_loss(logp, target, weight=None, ignore_index=-100, reduction="mean"):
    """Negative log-likelihood of class numbers: as `cross_entropy`, of log-probabilities of the logits' shape.

    Returns ``losses, total_weight``.
    """
    dtype, mode = logp.dtype, MODES[reduction]
    losses, total = empty(_SCALAR if mode else target.shape, dtype), empty(1)
    if logp.size == 0:
        losses, _, total = _no_rows(losses, None, total, target, mode, ignore_index)
        return losses, total
    chosen = logp if weight is None else weight
    places = target.size // len(logp) if logp.ndim > 2 else 1
    bad = class_strips.nll_loss_loop[dtype](
        logp, target, chosen, weight is not None, ignore_index, places, mode, losses, total
    )
    if bad >= 0:
        raise IndexError(f"Target {target.reshape(-1)[bad]} is out of bounds.")
    return losses, total


def nll_loss_backward(grad, shape, total_weight, target, weight=None, ignore_index=-100, reduction="mean"):
    """Return the gradient of `nll_loss` with respect to log-probabilities of this shape."""
    result = np.zeros(shape, grad.dtype)
    if result.size:
        chosen = grad if weight is None else weight
        places = target.size // shape[0] if len(shape) > 2 else 1
        class_strips.nll_loss_backward_loop[grad.dtype](
            grad, target, chosen, weight is not None, ignore_index, places, MODES[reduction], total_weight[0], result
        )
    return result


@pointwise(fastmath=SUMS)
def _mse_loss_loop(x: In, y: In, mode: int, out: New):
    """Squared differences, or their sum or mean."""
    if mode == 0:
        for i in range(x.size):
            d = x[i] - y[i]
            out[i] = d * d
        return out
    total = 0.0
    for i in range(x.size):
        d = x[i] - y[i]
        total += d * d
    out[0] = total / x.size if mode == 1 else total
    return out


def mse_loss(x, y, reduction="mean"):
    """Squared difference of two arrays of one shape."""
    mode = MODES[reduction]
    return _mse_loss_loop[x.dtype](x, y, mode, ONE if mode else x)


@pointwise
def _mse_loss_backward_loop(grad: In, x: In, y: In, mode: int, result: New):
    """result[i] = 2 * grad * (x[i] - y[i]), over the count for a mean."""
    two = x.dtype.type(2)
    if mode == 0:
        for i in range(x.size):
            result[i] = two * (x[i] - y[i]) * grad[i]
        return result
    g = two * grad[0] / x.dtype.type(x.size) if mode == 1 else two * grad[0]
    for i in range(x.size):
        result[i] = g * (x[i] - y[i])
    return result


def mse_loss_backward(grad, x, y, reduction="mean"):
    """Return the gradient of `mse_loss` with respect to `x`; with respect to `y` it is the negative."""
    return _mse_loss_backward_loop[x.dtype](grad, x, y, MODES[reduction], x)


@pointwise(fastmath=SUMS)
def _huber_loss_loop(x: In, y: In, delta: Real, scale: Real, mode: int, out: New):
    """Scale * (d**2 / 2 if |d| < delta else delta * (|d| - delta / 2)), or its sum or mean."""
    half = x.dtype.type(0.5)
    total = 0.0
    for i in range(x.size):
        d = fabs(x[i] - y[i])
        loss = (half * d * d if d < delta else delta * (d - half * delta)) * scale
        if mode == 0:
            out[i] = loss
        else:
            total += loss
    if mode == 1:
        out[0] = total / x.size
    elif mode == 2:
        out[0] = total
    return out


def huber_loss(x, y, delta=1.0, reduction="mean"):
    """Half the squared difference up to `delta`, and ``delta * (|x - y| - delta / 2)`` beyond."""
    mode = MODES[reduction]
    return _huber_loss_loop[x.dtype](x, y, delta, 1.0, mode, ONE if mode else x)


@pointwise
def _huber_loss_backward_loop(grad: In, x: In, y: In, delta: Real, scale: Real, mode: int, result: New):
    """result[i] = scale * grad * (d clipped to +-delta), over the count for a mean."""
    g = scale
    if mode == 1:
        g = scale * grad[0] / x.dtype.type(x.size)
    elif mode == 2:
        g = scale * grad[0]
    for i in range(x.size):
        d = x[i] - y[i]
        d = delta if d > delta else d
        d = -delta if d < -delta else d
        result[i] = d * g * grad[i] if mode == 0 else d * g
    return result


def huber_loss_backward(grad, x, y, delta=1.0, reduction="mean"):
    """Return the gradient of `huber_loss` with respect to `x`; with respect to `y` it is the negative."""
    return _huber_loss_backward_loop[x.dtype](grad, x, y, delta, 1.0, MODES[reduction], x)


def smooth_l1_loss(x, y, beta=1.0, reduction="mean"):
    """Huber's loss over `beta`: ``d**2 / (2 beta)`` up to ``|d| = beta``, and ``|d| - beta / 2`` beyond; beta > 0."""
    mode = MODES[reduction]
    return _huber_loss_loop[x.dtype](x, y, beta, 1.0 / beta, mode, ONE if mode else x)


def smooth_l1_loss_backward(grad, x, y, beta=1.0, reduction="mean"):
    """Return the gradient of `smooth_l1_loss` with respect to `x`; with respect to `y` it is the negative."""
    return _huber_loss_backward_loop[x.dtype](grad, x, y, beta, 1.0 / beta, MODES[reduction], x)
