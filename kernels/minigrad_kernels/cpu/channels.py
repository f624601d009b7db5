"""Normalisation of channels over a batch, with the affine map that follows.

Where a channel is more than a number a sample, all of it is read before the next one, so that it stays in the cache.
Sums over the batch are kept in double precision.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import SUMS, In, Out, OutFloat64, kernel
from minigrad_kernels.cpu.norm import affine
from minigrad_kernels.scalar._bits import wide

empty = np.empty


@kernel(fastmath=SUMS)
def _norm_channels_loop(x: In, weight: In, bias: In, inner: int, eps: float, means: Out, variances: Out, out: Out):
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
        means[c], variances[c] = mean, square / count
        scale, shift = x.dtype.type(weight[c] / math.sqrt(square / count + eps)), bias[c]
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
    eps: float,
    means: In,
    variances: In,
    of_x: Out,
    of_weight: Out,
    of_bias: Out,
):
    """Gradients of `_norm_channels_loop`."""
    wide()
    channels, zero = means.size, x.dtype.type(0)
    stride = channels * inner
    count = x.size // channels
    for c in range(channels):
        mean, along, across = means[c], 0.0, 0.0
        for start in range(c * inner, x.size, stride):
            g, part, total, product = grad[start : start + inner], x[start : start + inner], zero, zero
            for j in range(part.size):
                total += g[j]
                product += g[j] * (part[j] - mean)
            along += total
            across += product
        rstd = 1 / math.sqrt(variances[c] + eps)
        of_weight[c], of_bias[c] = across * rstd, along
        scale = x.dtype.type(rstd * weight[c])
        shift, slope = x.dtype.type(along / count), x.dtype.type(across * rstd * rstd / count)
        for start in range(c * inner, x.size, stride):
            g, part, result = grad[start : start + inner], x[start : start + inner], of_x[start : start + inner]
            for j in range(part.size):
                result[j] = scale * (g[j] - shift - (part[j] - mean) * slope)


@kernel(fastmath=SUMS)
def _norm_columns_loop(
    x: In, weight: In, bias: In, eps: float, sums: OutFloat64, scale: Out, means: Out, variances: Out, out: Out
):
    """Normalise each column of x, then scale and shift it; `sums` and `scale` hold a number a column."""
    wide()
    width, rows = means.size, x.size // means.size
    for j in range(width):
        sums[j] = 0
    for i in range(rows):
        row = x[i * width : (i + 1) * width]
        for j in range(row.size):
            sums[j] += row[j]
    for j in range(width):
        means[j] = sums[j] / rows
        sums[j] = 0
    for i in range(rows):
        row = x[i * width : (i + 1) * width]
        for j in range(row.size):
            sums[j] += (row[j] - means[j]) * (row[j] - means[j])
    for j in range(width):
        variances[j] = sums[j] / rows
        scale[j] = weight[j] / math.sqrt(sums[j] / rows + eps)
    for i in range(rows):
        row, result = x[i * width : (i + 1) * width], out[i * width : (i + 1) * width]
        for j in range(row.size):
            result[j] = (row[j] - means[j]) * scale[j] + bias[j]


@kernel(fastmath=SUMS)
def _norm_columns_backward_loop(
    grad: In,
    x: In,
    weight: In,
    eps: float,
    sums: OutFloat64,
    factors: Out,
    means: In,
    variances: In,
    of_x: Out,
    of_weight: Out,
    of_bias: Out,
):
    """Gradients of `_norm_columns_loop`; `sums` holds two numbers a column, `factors` three."""
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
        rstd = 1 / math.sqrt(variances[j] + eps)
        of_weight[j], of_bias[j] = across[j] * rstd, along[j]
        shift[j], slope[j], scale[j] = along[j] / rows, across[j] * rstd * rstd / rows, rstd * weight[j]
    for i in range(rows):
        g, row = grad[i * width : (i + 1) * width], x[i * width : (i + 1) * width]
        result = of_x[i * width : (i + 1) * width]
        for j in range(row.size):
            result[j] = scale[j] * (g[j] - shift[j] - (row[j] - means[j]) * slope[j])


def batch_norm(x, weight, bias, eps):
    """Return x, shape (batch, channels, ...), each channel normalised over the batch; means and biased variances.

    Parameters
    ----------
    weight, bias : ndarray, shape (channels,), or None
    """
    channels = x.shape[1]
    real = np.float32 if x.itemsize == 2 else x.dtype
    out, means, variances = empty(x.shape, x.dtype), np.zeros(channels, real), np.zeros(channels, real)
    if not x.size:
        return out, means, variances
    weight, bias = affine(weight, bias, channels, x.dtype)
    if x.size == x.shape[0] * channels:
        loop, scale = _norm_columns_loop[x.dtype], empty(channels, real)
        loop(x, weight, bias, eps, empty(channels), scale, means, variances, out)
    else:
        inner = x.size // (x.shape[0] * channels)
        _norm_channels_loop[x.dtype](x, weight, bias, inner, eps, means, variances, out)
    return out, means, variances


def batch_norm_backward(grad, x, weight, means, variances, eps):
    """Return the gradients of `batch_norm` for x, weight and bias."""
    channels = x.shape[1]
    of_x, of_weight, of_bias = empty(x.shape, x.dtype), np.zeros(channels, x.dtype), np.zeros(channels, x.dtype)
    if not x.size:
        return of_x, of_weight, of_bias
    weight, _ = affine(weight, weight, channels, x.dtype)
    results = means, variances, of_x, of_weight, of_bias
    if x.size == x.shape[0] * channels:
        loop, factors = _norm_columns_backward_loop[x.dtype], empty(3 * channels, means.dtype)
        loop(grad, x, weight, eps, empty(2 * channels), factors, *results)
    else:
        inner = x.size // (x.shape[0] * channels)
        _norm_channels_backward_loop[x.dtype](grad, x, weight, inner, eps, *results)
    return of_x, of_weight, of_bias


@kernel
def _scale_channels_loop(x: In, scale: In, shift: In, inner: int, out: Out):
    """Out = x * scale + shift, with a scale and a shift for each channel of `inner` elements."""
    wide()
    for i in range(x.size // inner):
        part, result, channel = x[i * inner : (i + 1) * inner], out[i * inner : (i + 1) * inner], i % scale.size
        factor, summand = scale[channel], shift[channel]
        for j in range(part.size):
            result[j] = part[j] * factor + summand


def scale_channels(x, scale, shift):
    """Return x, shape (batch, channels, ...), times a scale plus a shift for each channel, shape (channels,)."""
    inner = math.prod(x.shape[2:])
    if inner == 1:
        return x * scale.reshape(-1, *(1,) * (x.ndim - 2)) + shift.reshape(-1, *(1,) * (x.ndim - 2))
    out = empty(x.shape, x.dtype)
    if x.size:
        _scale_channels_loop[x.dtype](x, scale, shift, inner, out)
    return out
