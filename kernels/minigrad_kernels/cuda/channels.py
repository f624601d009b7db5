"""Normalisation of channels over a batch, with the affine map that follows; a group of threads a channel."""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad_kernels.cuda._block import blocks_for_rows, group_sum, lanes_for
from minigrad_kernels.cuda._kernel import In, Out, Real, empty, kernel, subroutine
from minigrad_kernels.cuda._math import sqrt
from minigrad_kernels.cuda._memory import module
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda.norm import affine


@subroutine
def _place(k, channel, channels, inner):
    """Return where element `k` of a channel is in an array (batch, channels, inner)."""
    return (k // inner * channels + channel) * inner + k % inner


@kernel
def _norm_channels_loop(
    x: In, weight: In, bias: In, inner: int, eps: Real, lanes: int, means: Out, variances: Out, out: Out
):
    """Normalise each channel of x, seen as (batch, channels, inner), over the batch, then scale and shift it."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, channels = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), means.size
    count = x.size // channels
    for start in range(cuda.blockIdx.x * groups, channels, cuda.gridDim.x * groups):
        c = start + cuda.threadIdx.x // lanes
        end = count if c < channels else 0
        total, square = x.dtype.type(0), x.dtype.type(0)
        for k in range(lane, end, lanes):
            total += x[_place(k, c, channels, inner)]
        mean = group_sum(shared, total, lanes) / x.dtype.type(count)
        for k in range(lane, end, lanes):
            distance = x[_place(k, c, channels, inner)] - mean
            square += distance * distance
        variance = group_sum(shared, square, lanes) / x.dtype.type(count)
        rstd = x.dtype.type(1) / sqrt(variance + eps)
        for k in range(lane, end, lanes):
            i = _place(k, c, channels, inner)
            out[i] = (x[i] - mean) * rstd * weight[c] + bias[c]
        if lane == 0 and c < channels:
            means[c], variances[c] = mean, variance


@kernel
def _norm_channels_backward_loop(
    grad: In,
    x: In,
    weight: In,
    inner: int,
    eps: Real,
    lanes: int,
    means: In,
    variances: In,
    of_weight: Out,
    of_bias: Out,
    of_x: Out,
):
    """Gradients of `_norm_channels_loop`."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, channels = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), means.size
    count = x.size // channels
    for start in range(cuda.blockIdx.x * groups, channels, cuda.gridDim.x * groups):
        c = start + cuda.threadIdx.x // lanes
        end, last = count if c < channels else 0, min(c, channels - 1)
        mean, rstd = means[last], x.dtype.type(1) / sqrt(variances[last] + eps)
        along, across = x.dtype.type(0), x.dtype.type(0)
        for k in range(lane, end, lanes):
            i = _place(k, c, channels, inner)
            along += grad[i]
            across += grad[i] * (x[i] - mean)
        along, across = group_sum(shared, along, lanes), group_sum(shared, across, lanes)
        shift, slope = along / x.dtype.type(count), across * rstd * rstd / x.dtype.type(count)
        for k in range(lane, end, lanes):
            i = _place(k, c, channels, inner)
            of_x[i] = rstd * weight[c] * (grad[i] - shift - (x[i] - mean) * slope)
        if lane == 0 and c < channels:
            of_weight[c], of_bias[c] = across * rstd, along


def batch_norm(x, weight, bias, eps):
    """Return x, shape (batch, channels, ...), each channel normalised over the batch; means and biased variances.

    Parameters
    ----------
    weight, bias : array, shape (channels,), or None
    """
    channels, xp = x.shape[1], module()
    real = np.float32 if x.itemsize == 2 else x.dtype
    out, means, variances = empty(x.shape, x.dtype), xp.zeros(channels, real), xp.zeros(channels, real)
    if x.size:
        weight, bias = affine(weight, bias, channels, x.dtype)
        count = x.size // channels
        lanes = lanes_for(count)
        launch = _norm_channels_loop[x.dtype]
        arguments = x, weight, bias, count // x.shape[0], eps, lanes, means, variances, out
        launch(*arguments, blocks=blocks_for_rows(channels, lanes))
    return out, means, variances


def batch_norm_backward(grad, x, weight, means, variances, eps):
    """Return the gradients of `batch_norm` for x, weight and bias."""
    channels, xp = x.shape[1], module()
    of_x, of_weight, of_bias = empty(x.shape, x.dtype), xp.zeros(channels, x.dtype), xp.zeros(channels, x.dtype)
    if x.size:
        weight, _ = affine(weight, weight, channels, x.dtype)
        count = x.size // channels
        lanes = lanes_for(count)
        launch = _norm_channels_backward_loop[x.dtype]
        arguments = grad, x, weight, count // x.shape[0], eps, lanes, means, variances, of_weight, of_bias, of_x
        launch(*arguments, blocks=blocks_for_rows(channels, lanes))
    return of_x, of_weight, of_bias


@kernel
def _scale_channels_loop(x: In, scale: In, shift: In, inner: int, out: Out):
    """Out = x * scale + shift, with a scale and a shift for each channel of `inner` elements."""
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        channel = i // inner % scale.size
        out[i] = x[i] * scale[channel] + shift[channel]


def scale_channels(x, scale, shift):
    """Return x, shape (batch, channels, ...), times a scale plus a shift for each channel, shape (channels,)."""
    out = empty(x.shape, x.dtype)
    if x.size:
        _scale_channels_loop[x.dtype](x, scale, shift, prod(x.shape[2:]), out)
    return out
