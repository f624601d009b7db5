"""Losses between probabilities, each one pass over the data; as in `minigrad_kernels.cuda.loss`.

A kernel cannot raise without being waited for, so the binary cross-entropy of what is no probability is nan.
"""

from __future__ import annotations

import math

from minigrad_kernels.cuda import _scalar as scalar
from minigrad_kernels.cuda._block import group_sum
from minigrad_kernels.cuda._kernel import In, Out, kernel
from minigrad_kernels.cuda._math import exp, log, log1p
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda.loss import MODES, backward, reduced, reduced_over

_NAN = math.nan


@kernel
def _bce_with_logits_loop(x: In, y: In, mode: int, out: Out):
    """Loss max(x, 0) - x * y + log(1 + e**-|x|), exact for y of 0 and 1, or each block's sum."""
    shared = cuda.shared.array(THREADS, x.dtype)
    real = x.dtype.type
    total = real(0)
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        loss = scalar.bce_with_logits(x[i], y[i], real)
        if mode == 0:
            out[i] = loss
        total += loss
    if mode != 0:
        total = group_sum(shared, total, THREADS)
        if cuda.threadIdx.x == 0:
            out[cuda.blockIdx.x] = total


def bce_with_logits(x, y, reduction="mean"):
    """Binary cross-entropy of logits `x` and probabilities `y` of one shape, computed without overflow."""
    return reduced(_bce_with_logits_loop, x, y, MODES[reduction])


@kernel
def _bce_with_logits_backward_loop(grad: In, x: In, y: In, mode: int, result: Out):
    """result[i] = grad * (sigmoid(x[i]) - y[i]), over the count for a mean."""
    real = x.dtype.type
    share = real(1) / real(x.size) if mode == 1 else real(1)
    for i in range(cuda.grid(1), result.size, cuda.gridsize(1)):
        g = grad[i] if mode == 0 else grad[0] * share
        result[i] = g * (scalar.sigmoid(x[i], real) - y[i])


def bce_with_logits_backward(grad, x, y, reduction="mean"):
    """Return the gradient of `bce_with_logits` with respect to `x`."""
    return backward(_bce_with_logits_backward_loop, grad, x, y, reduction)


@kernel
def _bce_loop(x: In, y: In, weight: In, is_weighted: bool, mode: int, out: Out):
    """Loss -(y log(x) + (1 - y) log(1 - x)) * weight, logarithms held above -100, or each block's sum."""
    shared = cuda.shared.array(THREADS, x.dtype)
    real = x.dtype.type
    zero, one, lowest, total = real(0), real(1), real(-100), real(0)
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        loss = real(_NAN)
        if x[i] >= zero and x[i] <= one and y[i] >= zero and y[i] <= one:
            p = log(x[i]) if x[i] > zero else lowest
            q = log1p(-x[i]) if x[i] < one else lowest
            p, q = lowest if p < lowest else p, lowest if q < lowest else q
            loss = ((y[i] - one) * q - y[i] * p) * (weight[i] if is_weighted else one)
        if mode == 0:
            out[i] = loss
        total += loss
    if mode != 0:
        total = group_sum(shared, total, THREADS)
        if cuda.threadIdx.x == 0:
            out[cuda.blockIdx.x] = total


def bce(x, y, weight=None, reduction="mean"):
    """Binary cross-entropy of probabilities `x` and `y`, and weights of elements, of one shape."""
    return reduced(_bce_loop, x, y, MODES[reduction], x if weight is None else weight, weight is not None)


@kernel
def _bce_backward_loop(grad: In, x: In, y: In, weight: In, is_weighted: bool, mode: int, result: Out):
    """result[i] = grad * weight[i] * (x[i] - y[i]) / (x[i] * (1 - x[i])), over the count for a mean."""
    real = x.dtype.type
    one, least = real(1), real(1e-12)
    share = one / real(x.size) if mode == 1 else one
    for i in range(cuda.grid(1), result.size, cuda.gridsize(1)):
        g = grad[i] if mode == 0 else grad[0] * share
        variance = (one - x[i]) * x[i]
        variance = least if variance < least else variance
        result[i] = (x[i] - y[i]) / variance * g * (weight[i] if is_weighted else one)


def bce_backward(grad, x, y, weight=None, reduction="mean"):
    """Return the gradient of `bce` with respect to `x`; the variance x * (1 - x) is held above 1e-12."""
    chosen = x if weight is None else weight
    return backward(_bce_backward_loop, grad, x, y, reduction, chosen, weight is not None)


@kernel
def _kl_div_loop(x: In, y: In, is_log: bool, mode: int, out: Out):
    """Divergence y * (log(y) - x), of which y is 0 counts 0, or each block's sum; y may be given as log."""
    shared = cuda.shared.array(THREADS, x.dtype)
    zero, total = x.dtype.type(0), x.dtype.type(0)
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        if is_log:
            loss = exp(y[i]) * (y[i] - x[i])
        else:
            own = zero
            if y[i] != zero:
                own = y[i] * log(y[i]) if y[i] > zero else x.dtype.type(_NAN)
            loss = own - y[i] * x[i]
        if mode == 0:
            out[i] = loss
        total += loss
    if mode != 0:
        total = group_sum(shared, total, THREADS)
        if cuda.threadIdx.x == 0:
            out[cuda.blockIdx.x] = total


def kl_div(x, y, is_log=False, divisor=None):
    """Kullback-Leibler divergence of log-probabilities `x` from `y`, elementwise or its sum over `divisor`.

    Parameters
    ----------
    x, y : array, of one shape
    is_log : bool
        Whether `y` holds log-probabilities as well.
    divisor : float, optional
    """
    return reduced_over(_kl_div_loop, x, y, divisor, is_log)
