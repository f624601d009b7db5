"""Normalisation of rows and of groups of channels, with the affine map that follows.

A row is read while it is in the cache, once for its moments and once for its result. Sums over many rows are kept in
double precision.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import SUMS, In, Out, OutFloat64, kernel
from minigrad_kernels.scalar._bits import wide

empty = np.empty
NOTHING = {np.dtype(each): empty(0, each) for each in (np.float32, np.float64)}
NOTHING[np.dtype(np.float16)] = NOTHING[np.dtype(np.float32)]
"""By dtype, the array that stands for a parameter that is not there."""


@kernel(fastmath=SUMS)
def _norm_rows_loop(
    x: In, weight: In, bias: In, width: int, centred: bool, eps: float, means: Out, rstds: Out, out: Out
):
    """Each row of `width` elements of out = (x - mean) / sqrt(variance + eps) * weight + bias; empty ones are left out.

    Where it is not `centred`, the mean is taken for 0.
    """
    wide()
    zero = x.dtype.type(0)
    for i in range(means.size):
        row, result = x[i * width : (i + 1) * width], out[i * width : (i + 1) * width]
        mean = zero
        if centred:
            total = zero
            for j in range(row.size):
                total += row[j]
            mean = x.dtype.type(total / width)
        square = zero
        for j in range(row.size):
            square += (row[j] - mean) * (row[j] - mean)
        rstd = x.dtype.type(1 / math.sqrt(square / width + eps))
        means[i], rstds[i] = mean, rstd
        if weight.size == 0:
            for j in range(row.size):
                result[j] = (row[j] - mean) * rstd
        elif bias.size == 0:
            for j in range(row.size):
                result[j] = (row[j] - mean) * rstd * weight[j]
        else:
            for j in range(row.size):
                result[j] = (row[j] - mean) * rstd * weight[j] + bias[j]


@kernel(fastmath=SUMS)
def _norm_rows_backward_loop(
    grad: In,
    x: In,
    weight: In,
    means: In,
    rstds: In,
    width: int,
    centred: bool,
    of_x: Out,
    of_weight: OutFloat64,
    of_bias: OutFloat64,
):
    """Gradients of `_norm_rows_loop`; those of weight and bias are added to what is there."""
    wide()
    for i in range(means.size):
        g, row = grad[i * width : (i + 1) * width], x[i * width : (i + 1) * width]
        result = of_x[i * width : (i + 1) * width]
        mean, rstd = means[i], rstds[i]
        along = across = x.dtype.type(0)
        if weight.size == 0:
            for j in range(row.size):
                along += g[j]
                across += g[j] * (row[j] - mean)
        else:
            for j in range(row.size):
                along += g[j] * weight[j]
                across += g[j] * weight[j] * (row[j] - mean)
        along = x.dtype.type(along / width) if centred else x.dtype.type(0)
        across = x.dtype.type(across * rstd * rstd / width)
        if weight.size == 0:
            for j in range(row.size):
                result[j] = rstd * (g[j] - along - (row[j] - mean) * across)
        else:
            for j in range(row.size):
                result[j] = rstd * (g[j] * weight[j] - along - (row[j] - mean) * across)
        for j in range(row.size):
            of_weight[j] += g[j] * ((row[j] - mean) * rstd)
        for j in range(row.size):
            of_bias[j] += g[j]


def layer_norm(x, weight, bias, width, centred, eps):
    """Return ``(x - mean) / sqrt(variance + eps) * weight + bias`` for each `width` elements; means, 1 / deviations.

    Parameters
    ----------
    weight, bias : ndarray of `width` elements, or None
    centred : bool
        False to take the means for 0: root-mean-square normalisation.
    """
    out = empty(x.shape, x.dtype)
    rows = x.size // width if width else 0
    real = np.float32 if x.itemsize == 2 else x.dtype
    means, rstds = empty(rows, real), empty(rows, real)
    if bias is not None and weight is None:
        weight = np.ones(width, x.dtype)
    if rows:
        _norm_rows_loop[x.dtype](
            x,
            NOTHING[x.dtype] if weight is None else weight,
            NOTHING[x.dtype] if bias is None else bias,
            width,
            centred,
            eps,
            means,
            rstds,
            out,
        )
    return out, means, rstds


def layer_norm_backward(grad, x, weight, means, rstds, width, centred):
    """Return the gradients of `layer_norm` for x, weight and bias."""
    of_x, of_weight, of_bias = empty(x.shape, x.dtype), np.zeros(width), np.zeros(width)
    if means.size:
        loop = _norm_rows_backward_loop[x.dtype]
        loop(
            grad,
            x,
            NOTHING[x.dtype] if weight is None else weight,
            means,
            rstds,
            width,
            centred,
            of_x,
            of_weight,
            of_bias,
        )
    return of_x, of_weight.astype(x.dtype), of_bias.astype(x.dtype)


@kernel(fastmath=SUMS)
def _norm_groups_loop(x: In, weight: In, bias: In, each: int, inner: int, eps: float, means: Out, rstds: Out, out: Out):
    """Normalise each group, a row of `each` channels of `inner` elements, then scale and shift each channel."""
    wide()
    width, groups = each * inner, weight.size // each
    for i in range(means.size):
        row, result = x[i * width : (i + 1) * width], out[i * width : (i + 1) * width]
        total = square = x.dtype.type(0)
        for j in range(row.size):
            total += row[j]
        mean = x.dtype.type(total / width)
        for j in range(row.size):
            square += (row[j] - mean) * (row[j] - mean)
        rstd = x.dtype.type(1 / math.sqrt(square / width + eps))
        means[i], rstds[i] = mean, rstd
        for k in range(each):
            channel = i % groups * each + k
            part, part_out = row[k * inner : (k + 1) * inner], result[k * inner : (k + 1) * inner]
            scale, shift = rstd * weight[channel], bias[channel]
            for j in range(part.size):
                part_out[j] = (part[j] - mean) * scale + shift


@kernel(fastmath=SUMS)
def _norm_groups_backward_loop(
    grad: In,
    x: In,
    weight: In,
    each: int,
    inner: int,
    means: In,
    rstds: In,
    of_x: Out,
    of_weight: OutFloat64,
    of_bias: OutFloat64,
):
    """Gradients of `_norm_groups_loop`; those of weight and bias are added to what is there."""
    wide()
    width, groups = each * inner, weight.size // each
    for i in range(means.size):
        mean, rstd = means[i], rstds[i]
        along = across = 0.0
        for k in range(each):
            channel, start = i % groups * each + k, i * width + k * inner
            g, part = grad[start : start + inner], x[start : start + inner]
            total = product = x.dtype.type(0)
            for j in range(part.size):
                total += g[j]
                product += g[j] * (part[j] - mean)
            along += total * weight[channel]
            across += product * weight[channel]
            of_weight[channel] += product * rstd
            of_bias[channel] += total
        shift = x.dtype.type(along / width)
        slope = x.dtype.type(across * rstd * rstd / width)
        for k in range(each):
            scale, start = weight[i % groups * each + k], i * width + k * inner
            g, part, result = grad[start : start + inner], x[start : start + inner], of_x[start : start + inner]
            for j in range(part.size):
                result[j] = rstd * (g[j] * scale - shift - (part[j] - mean) * slope)


def affine(weight, bias, channels, dtype):
    """Return a weight and a bias, those that are missing without effect."""
    return np.ones(channels, dtype) if weight is None else weight, np.zeros(channels, dtype) if bias is None else bias


def group_norm(x, weight, bias, groups, eps):
    """Return x, shape (batch, channels, ...), with each group of channels normalised; means and 1 / deviations."""
    batch, channels = x.shape[:2]
    out = empty(x.shape, x.dtype)
    real = np.float32 if x.itemsize == 2 else x.dtype
    means, rstds = empty(batch * groups, real), empty(batch * groups, real)
    weight, bias = affine(weight, bias, channels, x.dtype)
    if x.size:
        inner = x.size // (batch * channels)
        _norm_groups_loop[x.dtype](x, weight, bias, channels // groups, inner, eps, means, rstds, out)
    return out, means, rstds


def group_norm_backward(grad, x, weight, means, rstds, groups):
    """Return the gradients of `group_norm` for x, weight and bias."""
    batch, channels = x.shape[:2]
    of_x, of_weight, of_bias = empty(x.shape, x.dtype), np.zeros(channels), np.zeros(channels)
    weight, _ = affine(weight, weight, channels, x.dtype)
    if x.size:
        inner = x.size // (batch * channels)
        loop = _norm_groups_backward_loop[x.dtype]
        loop(grad, x, weight, channels // groups, inner, means, rstds, of_x, of_weight, of_bias)
    return of_x, of_weight.astype(x.dtype), of_bias.astype(x.dtype)
