"""Normalisation of channels over a batch or by known moments, with the affine map that follows.

Where a channel is more than a number a sample, all of it is read before the next one, so that it stays in the cache.
Sums over the batch are kept in double precision.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import SUMS, In, Out, OutFloat64, kernel, subroutine
from minigrad_kernels.cpu.norm import NOTHING
from minigrad_kernels.scalar._bits import wide

empty = np.empty


@subroutine
def _mix(running_mean, running_var, c, share, mean, square, count):
    """Mix the moments of a channel into their running averages, if there are any; the variance is made unbiased."""
    if running_mean.size > 0:
        running_mean[c] = share * mean + (1 - share) * running_mean[c]
        running_var[c] = share * (square / (count - 1)) + (1 - share) * running_var[c]


@subroutine
def _factors(weight, bias, c, rstd):
    """Return the scale and the shift of a channel, of which either may be missing."""
    return rstd * weight[c] if weight.size > 0 else rstd, bias[c] if bias.size > 0 else bias.dtype.type(0)


@kernel(fastmath=SUMS)
def _norm_channels_loop(
    x: In,
    weight: In,
    bias: In,
    running_mean: Out,
    running_var: Out,
    share: float,
    inner: int,
    eps: float,
    means: Out,
    rstds: Out,
    out: Out,
):
    """Normalise each channel of x, seen as (batch, channels, inner), over the batch, then scale and shift it."""
    wide()
    channels, zero = means.size, x.dtype.type(0)
    stride = channels * inner
    count = x.size // channels
    for c in range(channels):
        total = square = 0.0
        for start in range(c * inner, x.size, stride):
            part, some = x[start : start + inner], zero
            for j in range(part.size):
                some += part[j]
            total += some
        mean = x.dtype.type(total / count)
        for start in range(c * inner, x.size, stride):
            part, some = x[start : start + inner], zero
            for j in range(part.size):
                some += (part[j] - mean) * (part[j] - mean)
            square += some
        _mix(running_mean, running_var, c, share, total / count, square, count)
        rstd = 1 / math.sqrt(square / count + eps)
        means[c], rstds[c] = mean, rstd
        factor, shift = _factors(weight, bias, c, rstd)
        scale = x.dtype.type(factor)
        for start in range(c * inner, x.size, stride):
            part, result = x[start : start + inner], out[start : start + inner]
            for j in range(part.size):
                result[j] = (part[j] - mean) * scale + shift


@kernel(fastmath=SUMS)
def _norm_channels_backward_loop(
    grad: In,
    x: In,
    weight: In,
    inner: int,
    uses_batch: bool,
    means: In,
    rstds: In,
    of_x: Out,
    of_weight: Out,
    of_bias: Out,
):
    """Gradients of `_norm_channels_loop`, or of the same by known moments."""
    wide()
    channels, zero = means.size, x.dtype.type(0)
    stride = channels * inner
    count = x.size // channels
    for c in range(channels):
        mean, rstd, along, across = means[c], float(rstds[c]), 0.0, 0.0
        for start in range(c * inner, x.size, stride):
            g, part, total, product = grad[start : start + inner], x[start : start + inner], zero, zero
            for j in range(part.size):
                total += g[j]
                product += g[j] * (part[j] - mean)
            along += total
            across += product
        of_weight[c], of_bias[c] = across * rstd, along
        scale = x.dtype.type(rstd * weight[c] if weight.size > 0 else rstd)
        if not uses_batch:
            for start in range(c * inner, x.size, stride):
                g, result = grad[start : start + inner], of_x[start : start + inner]
                for j in range(g.size):
                    result[j] = scale * g[j]
            continue
        shift, slope = x.dtype.type(along / count), x.dtype.type(across * rstd * rstd / count)
        for start in range(c * inner, x.size, stride):
            g, part, result = grad[start : start + inner], x[start : start + inner], of_x[start : start + inner]
            for j in range(part.size):
                result[j] = scale * (g[j] - shift - (part[j] - mean) * slope)


@kernel(fastmath=SUMS)
def _norm_columns_loop(
    x: In,
    weight: In,
    bias: In,
    running_mean: Out,
    running_var: Out,
    share: float,
    eps: float,
    sums: OutFloat64,
    factors: Out,
    means: Out,
    rstds: Out,
    out: Out,
):
    """Normalise each column of x, then scale and shift it; `sums` and `factors` hold two numbers a column."""
    wide()
    width, rows = means.size, x.size // means.size
    squares, scale, shift = sums[width:], factors[:width], factors[width:]
    for j in range(sums.size):
        sums[j] = 0
    for i in range(rows):
        row = x[i * width : (i + 1) * width]
        for j in range(row.size):
            sums[j] += row[j]
    for j in range(width):
        sums[j] /= rows
        means[j] = sums[j]
    for i in range(rows):
        row = x[i * width : (i + 1) * width]
        for j in range(row.size):
            squares[j] += (row[j] - means[j]) * (row[j] - means[j])
    for j in range(width):
        _mix(running_mean, running_var, j, share, sums[j], squares[j], rows)
        rstd = 1 / math.sqrt(squares[j] / rows + eps)
        rstds[j] = rstd
        scale[j], shift[j] = _factors(weight, bias, j, rstd)
    for i in range(rows):
        row, result = x[i * width : (i + 1) * width], out[i * width : (i + 1) * width]
        for j in range(row.size):
            result[j] = (row[j] - means[j]) * scale[j] + shift[j]


@kernel(fastmath=SUMS)
def _norm_columns_backward_loop(
    grad: In,
    x: In,
    weight: In,
    uses_batch: bool,
    sums: OutFloat64,
    factors: Out,
    means: In,
    rstds: In,
    of_x: Out,
    of_weight: Out,
    of_bias: Out,
):
    """Gradients of `_norm_columns_loop`, or of the same by known moments.

    `sums` holds two numbers a column, `factors` three.
    """
    wide()
    width, rows = means.size, x.size // means.size
    along, across = sums[:width], sums[width:]
    for j in range(sums.size):
        sums[j] = 0
    for i in range(rows):
        g, row = grad[i * width : (i + 1) * width], x[i * width : (i + 1) * width]
        for j in range(row.size):
            along[j] += g[j]
            across[j] += g[j] * (row[j] - means[j])
    shift, slope, scale = factors[:width], factors[width : 2 * width], factors[2 * width :]
    for j in range(width):
        rstd = float(rstds[j])
        of_weight[j], of_bias[j] = across[j] * rstd, along[j]
        shift[j], slope[j] = along[j] / rows, across[j] * rstd * rstd / rows
        scale[j] = rstd * weight[j] if weight.size > 0 else rstd
    for i in range(rows):
        g, row = grad[i * width : (i + 1) * width], x[i * width : (i + 1) * width]
        result = of_x[i * width : (i + 1) * width]
        if uses_batch:
            for j in range(row.size):
                result[j] = scale[j] * (g[j] - shift[j] - (row[j] - means[j]) * slope[j])
        else:
            for j in range(row.size):
                result[j] = scale[j] * g[j]


@kernel
def _known_channels_loop(
    x: In,
    weight: In,
    bias: In,
    running_mean: In,
    running_var: In,
    inner: int,
    eps: float,
    factors: Out,
    means: Out,
    rstds: Out,
    out: Out,
):
    """Normalise each channel by known moments, then scale and shift it; `factors` holds two numbers a channel."""
    wide()
    channels = means.size
    scale, shift = factors[:channels], factors[channels:]
    for c in range(channels):
        rstd = 1 / math.sqrt(running_var[c] + eps)
        means[c], rstds[c] = running_mean[c], rstd
        factor, summand = _factors(weight, bias, c, rstd)
        scale[c], shift[c] = factor, summand - running_mean[c] * factor
    if inner == 1:
        for i in range(x.size // channels):
            row, result = x[i * channels : (i + 1) * channels], out[i * channels : (i + 1) * channels]
            for j in range(row.size):
                result[j] = row[j] * scale[j] + shift[j]
        return
    for i in range(x.size // inner):
        part, result = x[i * inner : (i + 1) * inner], out[i * inner : (i + 1) * inner]
        factor, summand = scale[i % channels], shift[i % channels]
        for j in range(part.size):
            result[j] = part[j] * factor + summand


def batch_norm(x, weight, bias, running_mean, running_var, uses_batch, momentum, eps):
    """Return x, shape (batch, channels, ...), each channel normalised; means and 1 / deviations of the channels.

    Parameters
    ----------
    weight, bias : ndarray, shape (channels,), or None
    running_mean, running_var : ndarray, shape (channels,), or None
        The moments that are used; if the batch's are, these are mixed into them in place.
    uses_batch : bool
    momentum : float
        Share of the batch's moments.
    eps : float
    """
    channels = x.shape[1]
    real = np.float32 if x.itemsize == 2 else x.dtype
    out = empty(x.shape, x.dtype)
    if not x.size:
        return out, np.zeros(channels, real), np.zeros(channels, real)
    means, rstds = empty(channels, real), empty(channels, real)
    inner = x.size // (x.shape[0] * channels)
    nothing = NOTHING[x.dtype]
    given = (
        x,
        nothing if weight is None else weight,
        nothing if bias is None else bias,
        nothing if running_mean is None else running_mean,
        nothing if running_var is None else running_var,
    )
    if not uses_batch:
        _known_channels_loop[x.dtype](*given, inner, eps, empty(2 * channels, real), means, rstds, out)
    elif inner == 1:
        work = empty(2 * channels), empty(2 * channels, real)
        _norm_columns_loop[x.dtype](*given, momentum, eps, *work, means, rstds, out)
    else:
        _norm_channels_loop[x.dtype](*given, momentum, inner, eps, means, rstds, out)
    return out, means, rstds


def batch_norm_backward(grad, x, weight, means, rstds, uses_batch):
    """Return the gradients of `batch_norm` for x, weight and bias."""
    channels = x.shape[1]
    of_x = empty(x.shape, x.dtype)
    if not x.size:
        return of_x, np.zeros(channels, x.dtype), np.zeros(channels, x.dtype)
    results = means, rstds, of_x, empty(channels, x.dtype), empty(channels, x.dtype)
    inner = x.size // (x.shape[0] * channels)
    if inner == 1:
        work = empty(2 * channels), empty(3 * channels, means.dtype)
        _norm_columns_backward_loop[x.dtype](
            grad, x, NOTHING[x.dtype] if weight is None else weight, uses_batch, *work, *results
        )
    else:
        _norm_channels_backward_loop[x.dtype](
            grad, x, NOTHING[x.dtype] if weight is None else weight, inner, uses_batch, *results
        )
    return results[2:]


@kernel(fastmath=SUMS)
def _channel_sums_loop(x: In, inner: int, sums: OutFloat64):
    """Add the sum of each channel of x, seen as (outer, channels, inner), to what is there."""
    wide()
    for i in range(x.size // inner):
        for start in range(i * inner, (i + 1) * inner, 1024):
            part, some = x[start : min(start + 1024, (i + 1) * inner)], x.dtype.type(0)
            for j in range(part.size):
                some += part[j]
            sums[i % sums.size] += some


def channel_sums(x, dim):
    """Return the sums over all dimensions but one: shape (x.shape[dim],)."""
    sums = np.zeros(x.shape[dim])
    if x.size:
        _channel_sums_loop[x.dtype](x, math.prod(x.shape[dim + 1 :]), sums)
    return sums.astype(x.dtype)
