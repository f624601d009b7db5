"""Normalisation of rows and of groups of channels, with the affine map that follows; a group of threads a row.

The gradients of weights and biases are summed by one group of threads for each, in a fixed order.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cuda._block import blocks_for_rows, group_sum, lanes_for
from minigrad_kernels.cuda._kernel import In, Out, Real, empty, kernel, subroutine
from minigrad_kernels.cuda._math import sqrt
from minigrad_kernels.cuda._memory import module
from minigrad_kernels.cuda._numba import THREADS, cuda


@subroutine
def moments_of(shared, x, first, end, lanes, width, centred, eps):
    """Return mean and 1 / deviation of a group's row; this thread looks at x[first], x[first + lanes], ..."""
    mean, square = x.dtype.type(0), x.dtype.type(0)
    if centred:
        for i in range(first, end, lanes):
            mean += x[i]
        mean = group_sum(shared, mean, lanes) / x.dtype.type(width)
    for i in range(first, end, lanes):
        square += (x[i] - mean) * (x[i] - mean)
    variance = group_sum(shared, square, lanes) / x.dtype.type(width)
    return mean, x.dtype.type(1) / sqrt(variance + eps)


@kernel
def _norm_rows_loop(
    x: In,
    weight: In,
    bias: In,
    each: int,
    inner: int,
    centred: bool,
    eps: Real,
    lanes: int,
    means: Out,
    rstds: Out,
    out: Out,
):
    """Each row of out = (x - mean) / deviation * weight + bias.

    A row is `each` channels of `inner` elements; the channels of the next row are the next ones, and start anew when
    there are no more weights.
    """
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, rows, width = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), means.size, each * inner
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        first, end = row * width + lane, (row * width + width if row < rows else 0)
        mean, rstd = moments_of(shared, x, first, end, lanes, width, centred, eps)
        for i in range(first, end, lanes):
            channel = i // inner % weight.size
            out[i] = (x[i] - mean) * rstd * weight[channel] + bias[channel]
        if lane == 0 and row < rows:
            means[row], rstds[row] = mean, rstd


@kernel
def _norm_rows_backward_loop(
    grad: In, x: In, weight: In, means: In, rstds: In, each: int, inner: int, centred: bool, lanes: int, of_x: Out
):
    """Gradient of `_norm_rows_loop` for x."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, rows, width = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), means.size, each * inner
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        first, end, last = row * width + lane, row * width + width, min(row, rows - 1)
        if row >= rows:
            end = 0
        mean, rstd = means[last], rstds[last]
        along, across = x.dtype.type(0), x.dtype.type(0)
        for i in range(first, end, lanes):
            scaled = grad[i] * weight[i // inner % weight.size]
            along += scaled
            across += scaled * (x[i] - mean)
        along = group_sum(shared, along, lanes) / x.dtype.type(width)
        across = group_sum(shared, across, lanes) * rstd * rstd / x.dtype.type(width)
        if not centred:
            along = x.dtype.type(0)
        for i in range(first, end, lanes):
            scaled = grad[i] * weight[i // inner % weight.size]
            of_x[i] = rstd * (scaled - along - (x[i] - mean) * across)


@kernel
def _norm_parameters_loop(
    grad: In, x: In, means: In, rstds: In, width: int, inner: int, lanes: int, of_weight: Out, of_bias: Out
):
    """Gradients of `_norm_rows_loop` for weight and bias: sums over all elements of a channel."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, channels = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), of_weight.size
    count = x.size // channels
    for start in range(cuda.blockIdx.x * groups, channels, cuda.gridDim.x * groups):
        channel = start + cuda.threadIdx.x // lanes
        product, total = x.dtype.type(0), x.dtype.type(0)
        for k in range(lane, count if channel < channels else 0, lanes):
            i = (k // inner * channels + channel) * inner + k % inner
            row = i // width
            product += grad[i] * ((x[i] - means[row]) * rstds[row])
            total += grad[i]
        product, total = group_sum(shared, product, lanes), group_sum(shared, total, lanes)
        if lane == 0 and channel < channels:
            of_weight[channel], of_bias[channel] = product, total


def affine(weight, bias, channels, dtype):
    """Return a weight and a bias, those that are missing without effect."""
    xp = module()
    return xp.ones(channels, dtype) if weight is None else weight, xp.zeros(channels, dtype) if bias is None else bias


def _normalised(x, weight, bias, each, inner, centred, eps):
    rows = x.size // (each * inner) if each * inner else 0
    real = np.float32 if x.itemsize == 2 else x.dtype
    out, means, rstds = empty(x.shape, x.dtype), empty((rows,), real), empty((rows,), real)
    if rows:
        lanes = lanes_for(each * inner)
        launch = _norm_rows_loop[x.dtype]
        arguments = x, weight, bias, each, inner, centred, eps, lanes, means, rstds, out
        launch(*arguments, blocks=blocks_for_rows(rows, lanes))
    return out, means, rstds


def _gradients(grad, x, weight, means, rstds, each, inner, centred):
    channels, width, xp = weight.size, each * inner, module()
    of_x = empty(x.shape, x.dtype)
    if not means.size:
        return of_x, xp.zeros(channels, x.dtype), xp.zeros(channels, x.dtype)
    of_weight, of_bias = empty((channels,), x.dtype), empty((channels,), x.dtype)
    lanes = lanes_for(width)
    launch = _norm_rows_backward_loop[x.dtype]
    arguments = grad, x, weight, means, rstds, each, inner, centred, lanes, of_x
    launch(*arguments, blocks=blocks_for_rows(means.size, lanes))
    lanes = lanes_for(x.size // channels)
    launch = _norm_parameters_loop[x.dtype]
    arguments = grad, x, means, rstds, width, inner, lanes, of_weight, of_bias
    launch(*arguments, blocks=blocks_for_rows(channels, lanes))
    return of_x, of_weight, of_bias


def layer_norm(x, weight, bias, width, centred, eps):
    """Return ``(x - mean) / sqrt(variance + eps) * weight + bias`` for each `width` elements; means, 1 / deviations.

    Parameters
    ----------
    weight, bias : array of `width` elements, or None
    centred : bool
        False to take the means for 0: root-mean-square normalisation.
    """
    return _normalised(x, *affine(weight, bias, width, x.dtype), width, 1, centred, eps)


def layer_norm_backward(grad, x, weight, means, rstds, width, centred):
    """Return the gradients of `layer_norm` for x, weight and bias."""
    weight, _ = affine(weight, weight, width, x.dtype)
    return _gradients(grad, x, weight, means, rstds, width, 1, centred)


def group_norm(x, weight, bias, groups, eps):
    """Return x, shape (batch, channels, ...), with each group of channels normalised; means and 1 / deviations."""
    batch, channels = x.shape[:2]
    inner = x.size // (batch * channels) if x.size else 0
    return _normalised(x, *affine(weight, bias, channels, x.dtype), channels // groups, inner, True, eps)


def group_norm_backward(grad, x, weight, means, rstds, groups):
    """Return the gradients of `group_norm` for x, weight and bias."""
    batch, channels = x.shape[:2]
    weight, _ = affine(weight, weight, channels, x.dtype)
    inner = x.size // (batch * channels) if x.size else 0
    return _gradients(grad, x, weight, means, rstds, channels // groups, inner, True)
