"""Normalisation of channels over a batch or by known moments, with the affine map that follows."""

from __future__ import annotations

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
    x: In,
    weight: In,
    bias: In,
    running_mean: Out,
    running_var: Out,
    share: Real,
    inner: int,
    eps: Real,
    lanes: int,
    means: Out,
    rstds: Out,
    out: Out,
):
    """Normalise each channel of x, seen as (batch, channels, inner), over the batch, then scale and shift it.

    A group of threads takes a channel. The moments are mixed into their running averages, if there are any.
    """
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
            means[c], rstds[c] = mean, rstd
            if running_mean.size > 0:
                rest, unbiased = x.dtype.type(1) - share, variance * (x.dtype.type(count) / x.dtype.type(count - 1))
                running_mean[c] = share * mean + rest * running_mean[c]
                running_var[c] = share * unbiased + rest * running_var[c]


@kernel
def _norm_channels_backward_loop(
    grad: In,
    x: In,
    weight: In,
    inner: int,
    uses_batch: bool,
    lanes: int,
    means: In,
    rstds: In,
    of_weight: Out,
    of_bias: Out,
    of_x: Out,
):
    """Gradients of `_norm_channels_loop`, or of `_known_channels_loop`; a group of threads takes a channel."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, channels = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), means.size
    count = x.size // channels
    for start in range(cuda.blockIdx.x * groups, channels, cuda.gridDim.x * groups):
        c = start + cuda.threadIdx.x // lanes
        end, last = count if c < channels else 0, min(c, channels - 1)
        mean, rstd = means[last], rstds[last]
        along, across = x.dtype.type(0), x.dtype.type(0)
        for k in range(lane, end, lanes):
            i = _place(k, c, channels, inner)
            along += grad[i]
            across += grad[i] * (x[i] - mean)
        along, across = group_sum(shared, along, lanes), group_sum(shared, across, lanes)
        shift, slope = along / x.dtype.type(count), across * rstd * rstd / x.dtype.type(count)
        for k in range(lane, end, lanes):
            i = _place(k, c, channels, inner)
            centred = grad[i] - shift - (x[i] - mean) * slope if uses_batch else grad[i]
            of_x[i] = rstd * weight[c] * centred
        if lane == 0 and c < channels:
            of_weight[c], of_bias[c] = across * rstd, along


@kernel
def _known_channels_loop(
    x: In,
    weight: In,
    bias: In,
    running_mean: In,
    running_var: In,
    inner: int,
    eps: Real,
    means: Out,
    rstds: Out,
    out: Out,
):
    """Normalise each channel by known moments, then scale and shift it."""
    channels, first, step = means.size, cuda.grid(1), cuda.gridsize(1)
    for c in range(first, channels, step):
        means[c], rstds[c] = running_mean[c], x.dtype.type(1) / sqrt(running_var[c] + eps)
    for i in range(first, out.size, step):
        c = i // inner % channels
        out[i] = (x[i] - running_mean[c]) / sqrt(running_var[c] + eps) * weight[c] + bias[c]


def batch_norm(x, weight, bias, running_mean, running_var, uses_batch, momentum, eps):
    """Return x, shape (batch, channels, ...), each channel normalised; means and 1 / deviations of the channels.

    Parameters
    ----------
    weight, bias : array, shape (channels,), or None
    running_mean, running_var : array, shape (channels,), or None
        The moments that are used; if the batch's are, these are mixed into them in place.
    uses_batch : bool
    momentum : float
        Share of the batch's moments.
    eps : float
    """
    channels, xp = x.shape[1], module()
    real = np.float32 if x.itemsize == 2 else x.dtype
    out, means, rstds = empty(x.shape, x.dtype), xp.zeros(channels, real), xp.zeros(channels, real)
    if not x.size:
        return out, means, rstds
    weight, bias = affine(weight, bias, channels, x.dtype)
    if running_mean is None:
        running_mean = running_var = empty((0,), real)
    count = x.size // channels
    given, inner = (x, weight, bias, running_mean, running_var), count // x.shape[0]
    if uses_batch:
        lanes = lanes_for(count)
        launch = _norm_channels_loop[x.dtype]
        launch(*given, momentum, inner, eps, lanes, means, rstds, out, blocks=blocks_for_rows(channels, lanes))
    else:
        _known_channels_loop[x.dtype](*given, inner, eps, means, rstds, out)
    return out, means, rstds


def batch_norm_backward(grad, x, weight, means, rstds, uses_batch):
    """Return the gradients of `batch_norm` for x, weight and bias."""
    channels, xp = x.shape[1], module()
    of_x, of_weight, of_bias = empty(x.shape, x.dtype), xp.zeros(channels, x.dtype), xp.zeros(channels, x.dtype)
    if x.size:
        weight, _ = affine(weight, weight, channels, x.dtype)
        count = x.size // channels
        lanes = lanes_for(count)
        launch = _norm_channels_backward_loop[x.dtype]
        arguments = grad, x, weight, count // x.shape[0], uses_batch, lanes, means, rstds, of_weight, of_bias, of_x
        launch(*arguments, blocks=blocks_for_rows(channels, lanes))
    return of_x, of_weight, of_bias


def channel_sums(x, dim):
    """Return the sums over all dimensions but one: shape (x.shape[dim],)."""
    return x.sum(tuple(k for k in range(x.ndim) if k != dim), dtype=x.dtype)
