"""Cross-entropy and negative log-likelihood of class numbers, and their gradients.

A kernel cannot raise without being waited for, so a class number that is out of range makes its loss nan, and with it
the mean and the sum; its gradient is nan as well.
"""

from __future__ import annotations

import math

from minigrad_kernels.cuda._block import blocks_for_rows, group_sum, lanes_for
from minigrad_kernels.cuda._kernel import (
    In,
    InInt64,
    Out,
    Real,
    blocks_for,
    empty,
    kernel,
    most_blocks,
    subroutine,
    working_dtype,
)
from minigrad_kernels.cuda._math import exp, log
from minigrad_kernels.cuda._memory import module
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda.rows import mass_of, top_of

MODES = {"none": 0, "mean": 1, "sum": 2}
_NAN = math.nan


@subroutine
def _weight_of(label, weight, is_weighted, classes, real):
    """Return the weight of a class, or nan if there is no such class."""
    if label < 0 or label >= classes:
        return real(_NAN)
    return weight[label] if is_weighted else real(1)


@subroutine
def _store_sums(shared, total, weights, mode, losses, masses):
    """Store the sums of a block's losses and weights."""
    total, weights = group_sum(shared, total, THREADS), group_sum(shared, weights, THREADS)
    if cuda.threadIdx.x == 0:
        masses[cuda.blockIdx.x] = weights
        if mode != 0:
            losses[cuda.blockIdx.x] = total


@kernel
def _cross_entropy_loop(
    logits: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    ignore_index: int,
    smoothing: Real,
    classes: int,
    lanes: int,
    lse: Out,
    mode: int,
    losses: Out,
    masses: Out,
):
    """Cross-entropy of each row, or each block's sum; masses[b] is the weight of block b's rows."""
    shared = cuda.shared.array(THREADS, logits.dtype)
    groups, lane, rows = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), target.size
    real = logits.dtype.type
    total, weights = real(0), real(0)
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        base = row * classes
        end = base + classes if row < rows else 0
        top = top_of(shared, logits, base + lane, end, lanes, lanes)
        log_sum = log(mass_of(shared, logits, top, base + lane, end, lanes, lanes))
        spread = real(0)
        if smoothing > real(0):
            for i in range(base + lane, end, lanes):
                spread -= ((logits[i] - top) - log_sum) * (weight[i - base] if is_weighted else real(1))
            spread = group_sum(shared, spread, lanes)
        if lane == 0 and row < rows:
            lse[row] = top + log_sum
            loss, label = real(0), target[row]
            if label != ignore_index:
                w = _weight_of(label, weight, is_weighted, classes, real)
                loss = w
                if w == w:
                    loss = -((logits[base + label] - top) - log_sum) * w
                    loss = (real(1) - smoothing) * loss + smoothing / real(classes) * spread
                weights += w
            if mode == 0:
                losses[row] = loss
            total += loss
    _store_sums(shared, total, weights, mode, losses, masses)


@kernel
def _finish_loop(losses: In, masses: In, mode: int, result: Out, total_weight: Out):
    """Add up what the blocks left, for one block of threads; a mean is divided by the weights."""
    shared = cuda.shared.array(THREADS, losses.dtype)
    total, weights = losses.dtype.type(0), losses.dtype.type(0)
    for i in range(cuda.threadIdx.x, masses.size, THREADS):
        weights += masses[i]
        if mode != 0:
            total += losses[i]
    total, weights = group_sum(shared, total, THREADS), group_sum(shared, weights, THREADS)
    if cuda.threadIdx.x == 0:
        total_weight[0] = weights
        if mode != 0:
            result[0] = total / weights if mode == 1 else total


def _reduced(loop, scores, blocks, mode, *arguments):
    """Run a loop that gives losses, or its blocks' sums, and weights; return losses and total weight."""
    working = working_dtype(scores.dtype)
    blocks = max(min(blocks, most_blocks()), 1)
    losses = empty(blocks, working) if mode else empty(scores.shape[0], scores.dtype)
    masses, total_weight = empty(blocks, working), empty(1, working)
    loop[working](scores, *arguments, mode, losses, masses, blocks=blocks)
    result = empty((), scores.dtype) if mode else losses
    _finish_loop[working](losses, masses, mode, result, total_weight, blocks=1)
    return result, total_weight


def _as_rows(scores):
    """Return scores (batch, classes, ...) or (classes,) as (rows, classes)."""
    if scores.ndim == 1:
        return scores.reshape(1, -1)
    return module().moveaxis(scores, 1, -1).reshape(-1, scores.shape[1])


def _as_places(rows, shape):
    """Return the inverse of `_as_rows`, for scores of this shape."""
    if len(shape) == 1:
        return rows.reshape(shape)
    batch, classes, *places = shape
    return module().ascontiguousarray(module().moveaxis(rows.reshape(batch, *places, classes), -1, 1))


def cross_entropy(logits, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """Cross-entropy between logits and class numbers.

    Parameters
    ----------
    logits : array, shape (batch, classes, ...) or (classes,)
    target : array of int64, shape (batch, ...), or of one element
    weight : array, shape (classes,), optional
        Weight of each class, of the logits' dtype.
    ignore_index : int
        Rows with this target count nothing.
    label_smoothing : float
    reduction : {'mean', 'sum', 'none'}

    Returns
    -------
    losses : array, 0-d, or of the targets' shape for 'none'
    lse : array, of the targets' shape
        Log-sum-exp of each row, for `cross_entropy_backward`.
    total_weight : array, shape (1,)
        What 'mean' divides by; for `cross_entropy_backward`.
    """
    if logits.ndim != 2:
        rest = weight, ignore_index, label_smoothing, reduction
        losses, lse, total_weight = cross_entropy(_as_rows(logits), target.reshape(-1), *rest)
        return losses.reshape(target.shape if losses.ndim else ()), lse.reshape(target.shape), total_weight
    rows, classes = logits.shape
    lanes, lse = lanes_for(classes), empty(rows, logits.dtype)
    losses, total_weight = _reduced(
        _cross_entropy_loop,
        logits,
        blocks_for_rows(rows, lanes),
        MODES[reduction],
        target,
        logits if weight is None else weight,
        weight is not None,
        ignore_index,
        label_smoothing,
        classes,
        lanes,
        lse,
    )
    return losses, lse, total_weight


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
    classes: int,
    lanes: int,
    mode: int,
    total_weight: In,
    result: Out,
):
    """Each row of result = grad * (mass * softmax(row) - the row's target distribution)."""
    shared = cuda.shared.array(THREADS, logits.dtype)
    groups, lane, rows = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), target.size
    real = logits.dtype.type
    spread, every = smoothing / real(classes), real(classes)
    if is_weighted and smoothing > real(0):
        every = real(0)
        for j in range(cuda.threadIdx.x, classes, THREADS):
            every += weight[j]
        every = group_sum(shared, every, THREADS)
    for row in range(cuda.blockIdx.x * groups + cuda.threadIdx.x // lanes, rows, cuda.gridDim.x * groups):
        base, label = row * classes, target[row]
        peak, mass, g = real(0), real(0), real(0)
        if label != ignore_index:
            g = grad[row] if mode == 0 else (grad[0] / total_weight[0] if mode == 1 else grad[0])
            peak = _weight_of(label, weight, is_weighted, classes, real) * (real(1) - smoothing)
            mass = g * (peak + spread * every)
        for j in range(lane, classes, lanes):
            value = real(0)
            if label != ignore_index:
                value = mass * exp(logits[base + j] - lse[row])
                if smoothing > real(0):
                    value -= g * spread * (weight[j] if is_weighted else real(1))
                if j == label:
                    value -= g * peak
            result[base + j] = value


def cross_entropy_backward(
    grad, logits, lse, total_weight, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
):
    """Return the gradient of `cross_entropy` with respect to the logits; `lse` and `total_weight` are its results."""
    if logits.ndim != 2:
        given = grad.reshape(-1), _as_rows(logits), lse.reshape(-1), total_weight, target.reshape(-1)
        rows = cross_entropy_backward(*given, weight, ignore_index, label_smoothing, reduction)
        return _as_places(rows, logits.shape)
    result = empty(logits.shape, logits.dtype)
    if result.size:
        rows, classes = logits.shape
        lanes = lanes_for(classes)
        _cross_entropy_backward_loop[logits.dtype](
            grad,
            logits,
            lse,
            target,
            logits if weight is None else weight,
            weight is not None,
            ignore_index,
            label_smoothing,
            classes,
            lanes,
            MODES[reduction],
            total_weight,
            result,
            blocks=blocks_for_rows(rows, lanes),
        )
    return result


@kernel
def _nll_loss_loop(
    logp: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    ignore_index: int,
    classes: int,
    mode: int,
    losses: Out,
    masses: Out,
):
    """Weighted -logp[i, target[i]], or each block's sum; masses[b] is the weight of block b's rows."""
    shared = cuda.shared.array(THREADS, logp.dtype)
    real = logp.dtype.type
    total, weights = real(0), real(0)
    for row in range(cuda.grid(1), target.size, cuda.gridsize(1)):
        loss, label = real(0), target[row]
        if label != ignore_index:
            w = _weight_of(label, weight, is_weighted, classes, real)
            loss = w
            if w == w:
                loss = -logp[row * classes + label] * w
            weights += w
        if mode == 0:
            losses[row] = loss
        total += loss
    _store_sums(shared, total, weights, mode, losses, masses)


def nll_loss(logp, target, weight=None, ignore_index=-100, reduction="mean"):
    """Negative log-likelihood of class numbers: as `cross_entropy`, of log-probabilities of the logits' shape.

    Returns ``losses, total_weight``.
    """
    if logp.ndim != 2:
        losses, total_weight = nll_loss(_as_rows(logp), target.reshape(-1), weight, ignore_index, reduction)
        return losses.reshape(target.shape if losses.ndim else ()), total_weight
    rows, classes = logp.shape
    chosen = logp if weight is None else weight
    numbers = target, chosen, weight is not None, ignore_index, classes
    return _reduced(_nll_loss_loop, logp, blocks_for(rows), MODES[reduction], *numbers)


@kernel
def _nll_loss_backward_loop(
    grad: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    ignore_index: int,
    classes: int,
    mode: int,
    total_weight: In,
    result: Out,
):
    """result[i, target[i]] = -grad * weight; result comes in as zeros."""
    real = result.dtype.type
    for row in range(cuda.grid(1), target.size, cuda.gridsize(1)):
        label = target[row]
        if label != ignore_index:
            g = grad[row] if mode == 0 else (grad[0] / total_weight[0] if mode == 1 else grad[0])
            w = _weight_of(label, weight, is_weighted, classes, real)
            result[row * classes + (label if w == w else 0)] = -g * w


def nll_loss_backward(grad, shape, total_weight, target, weight=None, ignore_index=-100, reduction="mean"):
    """Return the gradient of `nll_loss` with respect to log-probabilities of this shape."""
    classes = shape[1 if len(shape) > 1 else 0]
    rows = module().zeros((target.size, classes), grad.dtype)
    if rows.size:
        chosen = grad if weight is None else weight
        numbers = weight is not None, ignore_index, classes, MODES[reduction]
        _nll_loss_backward_loop[grad.dtype](
            grad, target, chosen, *numbers, total_weight, rows, blocks=blocks_for(target.size)
        )
    return rows if len(shape) == 2 else _as_places(rows, shape)
