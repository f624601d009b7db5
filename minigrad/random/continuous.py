"""Draws from continuous distributions, as arrays: each takes from the stream the words that PyTorch takes for it.

PyTorch computes these with fused multiply-adds on every processor of the last ten years, so a scaled and shifted
value is rounded once here too (`_affine`). Sixteen and more normal numbers come from a kernel, to the last digit as
PyTorch's; elsewhere logarithms, sines and cosines may differ in the last digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.quiet import quiet
from minigrad.random.stream import CHUNK, Array, Stream, or_on_device

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_I64, _U32 = np.dtype(np.int64), np.dtype(np.uint32)

# An array of no dimension meets an array in half the time that a number takes.
_LOW_24, _LOW_21 = np.array(0xFFFFFF, np.uint32), np.array(0x1FFFFF, np.uint32)
_ULP_24, _ULP_53 = np.array(2.0**-24, np.float32), np.array(2.0**-53)


def u24(words: Array) -> Array:
    """Return float32 uniforms in [0, 1), one a word."""
    values = (words & _LOW_24).astype(_F32)
    values *= _ULP_24
    return values


def u53(words: Array) -> Array:
    """Return float64 uniforms in [0, 1), one for each two words, the high one first."""
    pairs = np.empty(words.size, _U32)
    pairs[::2] = words[1::2]
    np.bitwise_and(words[::2], _LOW_21, pairs[1::2])
    return pairs.view(_I64) * _ULP_53


def draw(stream: Stream, size: int, each: int, dtype: Any, transform: Callable[[Array], Array]) -> Array:
    """Return ``size`` values that ``transform`` makes of ``each`` words a value, piece by piece where they are many."""
    if size * each <= CHUNK:
        return transform(stream.take(size * each)).astype(dtype, copy=False)
    out = np.empty(size, dtype)
    step = CHUNK // each
    for start in range(0, size, step):
        piece = out[start : start + step]
        piece[:] = transform(stream.take(piece.size * each))
    return out


@or_on_device
def standard_uniform(stream: Stream, size: int, dtype: np.dtype[Any]) -> Array:
    """Return uniforms in [0, 1): float64 ones of two words each, or others of one."""
    if dtype.itemsize == 8:
        return draw(stream, size, 2, dtype, u53)
    values = draw(stream, size, 1, _F32, u24)
    if dtype.itemsize == 2:
        values = values.astype(dtype)
        values[values == 1] = 0
    return values


@or_on_device
def uniform(stream: Stream, size: int, dtype: np.dtype[Any], low: float, high: float) -> Array:
    """Return values uniform in [low, high); one that rounding brings to ``high`` becomes ``low``, as in PyTorch.

    Parameters
    ----------
    stream : Stream
    size : int
    dtype : numpy.dtype
        float16, float32 or float64.
    low, high : float

    Returns
    -------
    ndarray, shape (size,)
    """
    if low == 0 and high == 1:
        return standard_uniform(stream, size, dtype)
    if dtype.itemsize == 8:
        width = high - low
        values = draw(stream, size, 2, dtype, lambda words: _affine(u53(words), width, low))
        closest = math.nextafter(high, low)
    else:
        low, high = float(np.float32(low)), float(np.float32(high))
        width = float(np.float32(high - low))
        step, shift = np.array(width * 2.0**-24), np.array(low)

        def transform(words: Array) -> Array:  # in float64, where the product is exact
            wide = (words & _LOW_24) * step
            wide += shift
            return wide.astype(_F32)

        values = draw(stream, size, 1, _F32, transform)
        closest = high
    if dtype.itemsize == 2:
        values = values.astype(dtype)
        values[values == dtype.type(high)] = low
    elif values.dtype.type((1 - 2.0 ** (-53 if dtype.itemsize == 8 else -24)) * width + low) >= closest:
        values[values == high] = low
    return values


@quiet
def _affine(values: Array, scale: float, shift: float) -> Array:
    """Return ``values * scale + shift`` in the precision of ``values``, rounded once."""
    kind = values.dtype.type
    if shift == 0 or math.frexp(scale)[0] in (0.5, -0.5):  # the product is exact, or is the result
        result = values * kind(scale)
        if shift != 0:
            result += kind(shift)
        return result
    if kind is np.float32:
        exact = values * np.float64(scale)
        exact += float(kind(shift))
        return exact.astype(np.float32)
    return _fused_multiply_add(values, scale, shift)


def _split(value: Any) -> Any:
    """Return the upper half of a float64's digits (Veltkamp), so that products of halves are exact."""
    spread = value * 134217729.0
    return spread - (spread - value)


def _fused_multiply_add(values: Array, scale: float, shift: float) -> Array:
    """Return ``values * scale + shift`` in float64, rounded once, by error-free transformations (Dekker, Knuth)."""
    product = values * scale
    high, scale_high = _split(values), _split(scale)
    low, scale_low = values - high, scale - scale_high
    lost = ((high * scale_high - product) + high * scale_low + low * scale_high) + low * scale_low
    total = product + shift
    back = total - product
    lost += (product - (total - back)) + (shift - back)
    return np.where(np.isfinite(lost), total + lost, total)


@or_on_device
def normal(stream: Stream, size: int, dtype: np.dtype[Any], mean: float, std: float) -> Array:
    """Return normal values for a contiguous target: in blocks of 16 where there are 16 or more, else in pairs.

    Parameters
    ----------
    stream : Stream
    size : int
    dtype : numpy.dtype
        float16, float32 or float64.
    mean, std : float

    Returns
    -------
    ndarray, shape (size,)
    """
    if size < 16:
        return scattered_normal(stream, size, dtype, mean, std)
    each = 2 if dtype.itemsize == 8 else 1

    def transform(words: Array) -> Array:
        if each == 1:
            return kernels_of(words).normal32(words, mean, std)
        values = kernels_of(words).normal64(words)
        return values if mean == 0 and std == 1 else _affine(values, std, mean)

    rest = size % 16
    if not rest:
        return draw(stream, size, each, dtype, transform)
    out = np.empty(size, dtype)
    out[:-rest] = draw(stream, size - rest, each, dtype, transform)
    if dtype.itemsize > 2:  # uniforms that PyTorch draws for the rest, and then does not use
        stream.take(rest * each)
    out[-16:] = transform(stream.take(16 * each))
    return out


def normal_pairs(stream: Stream, size: int, mean: float, std: float) -> Array:
    """Return normal values in float64, made in pairs; the second of an unfinished pair stays with the stream.

    This is how PyTorch fills fewer than 16 values, and any number of values that do not lie side by side.
    """
    if size == 0:
        return np.empty(0)
    kept, stream.normal = stream.normal, None
    first = [] if kept is None else [kept]
    count = (size - len(first) + 1) // 2
    words = stream.take(4 * count)
    if count <= _FEW_PAIRS:
        values = np.array(first + _few_pairs(words.tolist()))
    else:
        values = np.concatenate([first, _many_pairs(u53(words))])
    if values.size > size:
        stream.normal = float(values[-1])
        values = values[:-1]
    return values if mean == 0 and std == 1 else _affine(values, std, mean)


_FEW_PAIRS = 8  # of which Python makes any number faster


@or_on_device
def scattered_normal(stream: Stream, size: int, dtype: np.dtype[Any], mean: float, std: float) -> Array:
    """Return normal values for a target with gaps, or in another order than its memory's."""
    values = normal_pairs(stream, size, mean, std)
    return values.astype(dtype, copy=False)


def _few_pairs(words: list[int]) -> list[float]:
    """Return a cosine and a sine for each four words; these few in Python, by the C library that PyTorch calls."""
    values = []
    given = iter(words)
    for high1, low1, high2, low2 in zip(given, given, given, given, strict=True):
        angle = ((high1 & 0x1FFFFF) << 32 | low1) * (2 * math.pi * 2.0**-53)
        radius = math.sqrt(-2 * math.log1p(-((high2 & 0x1FFFFF) << 32 | low2) * 2.0**-53))
        values += [radius * math.cos(angle), radius * math.sin(angle)]
    return values


def _many_pairs(uniforms: Array) -> Array:
    """Return what `_few_pairs` returns, for many."""
    radius = np.sqrt(-2 * np.log1p(-uniforms[1::2]))
    angle = 2 * math.pi * uniforms[::2]
    values = np.empty(uniforms.size)
    np.multiply(radius, np.cos(angle), out=values[::2])
    np.multiply(radius, np.sin(angle), out=values[1::2])
    return values


@or_on_device
@quiet
def exponential(stream: Stream, size: int, dtype: np.dtype[Any], rate: float) -> Array:
    """Return exponential values ``-log(1 - u53) / rate``."""
    return draw(stream, size, 2, dtype, lambda words: np.log1p(-u53(words)) * (-1 / rate))


@or_on_device
@quiet
def log_normal(stream: Stream, size: int, dtype: np.dtype[Any], mean: float, std: float) -> Array:
    """Return ``exp`` of normal values, which are always made in pairs."""
    return np.exp(normal_pairs(stream, size, mean, std)).astype(dtype)


@or_on_device
@quiet
def cauchy(stream: Stream, size: int, dtype: np.dtype[Any], median: float, sigma: float) -> Array:
    """Return Cauchy values ``median + sigma * tan(pi * (u53 - 1/2))``."""

    def transform(words: Array) -> Array:
        values: Array = _affine(np.tan(math.pi * (u53(words) - 0.5)), sigma, median)
        return values

    return draw(stream, size, 2, dtype, transform)
