"""Draws from discrete distributions, as arrays: each takes from the stream the words that PyTorch takes for it."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from minigrad.ops.quiet import divide
from minigrad.random.continuous import draw, exponential, standard_uniform, u53
from minigrad.random.stream import BLOCK, Array, Loaded, Stream, or_on_device

# The largest value that `random_()` without arguments gives, where it is not the dtype's own.
_EXACT = {np.dtype(np.float16): 2**11, np.dtype(np.float32): 2**24, np.dtype(np.float64): 2**53}
_SHORT_SHUFFLE = 64  # in Python up to here
_LONG_SHUFFLE, _LONG_MASK = 512, 10_000  # from here on, a kernel that is loaded anyway is faster


def largest_integer(dtype: np.dtype[Any]) -> int:
    """Return the largest integer that a dtype holds along with all smaller ones."""
    if dtype in _EXACT:
        return _EXACT[dtype]
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)


def _r64(words: Array) -> Array:
    """Return 64-bit words, of two words each, the high one first."""
    pairs = np.empty(words.size, np.uint32)
    pairs[::2] = words[1::2]
    pairs[1::2] = words[::2]
    return pairs.view(np.uint64)


def _remainder(words: Array, divisor: int) -> Array:
    """Return ``words % divisor`` of unsigned integers."""
    if divisor & (divisor - 1) == 0:
        return words & words.dtype.type(divisor - 1)
    divisor = words.dtype.type(divisor)
    if words.size < 4096:
        return words % divisor
    return words - words // divisor * divisor  # NumPy divides by one number in vectors, but takes no remainders so


@or_on_device
def integers(stream: Stream, size: int, dtype: np.dtype[Any], low: int, high: int) -> Array:
    """Return integers from low to high - 1, of one word each, or of two where the range has 2**28 values or more.

    Parameters
    ----------
    stream : Stream
    size : int
    dtype : numpy.dtype
    low, high : int
        With high > low, and at most 2**64 apart.

    Returns
    -------
    ndarray, shape (size,)
    """
    width = high - low
    if width < 2**28:

        def transform(words: Array) -> Array:
            values = _remainder(words, width).astype(np.int64)
            return values + low if low else values

        return draw(stream, size, 1, dtype, transform)
    offset = np.uint64(low % 2**64)

    def transform_pairs(words: Array) -> Array:
        values = _r64(words)
        return (values if width == 2**64 else _remainder(values, width) + offset).view(np.int64)

    return draw(stream, size, 2, dtype, transform_pairs)


@or_on_device
def random_integers(stream: Stream, size: int, dtype: np.dtype[Any]) -> Array:
    """Return what ``random_()`` draws: integers from 0 to the largest that the dtype holds exactly."""
    width = largest_integer(dtype) + 1
    if dtype.itemsize == 8:
        return draw(stream, size, 2, dtype, lambda words: _remainder(_r64(words), width))
    return draw(stream, size, 1, dtype, lambda words: _remainder(words, width))


@or_on_device
def permutation(stream: Stream, n: int) -> Array:
    """Return 0..n-1 in random order (Fisher and Yates), int64: place i is swapped with place ``i + word % (n - i)``."""
    if n < 2:
        return np.arange(n)
    words = stream.take(n - 1)
    if n >= _LONG_SHUFFLE and ("numba" in sys.modules or n > 10**6):
        from minigrad_kernels.cpu.random import randperm

        return np.asarray(randperm(words))
    order = list(range(n))
    if n < _SHORT_SHUFFLE:
        partners = [i + word % (n - i) for i, word in enumerate(words.tolist())]
    else:
        places = np.arange(n - 1)
        partners = (places + words % (n - places)).tolist()
    for i, j in enumerate(partners):
        order[i], order[j] = order[j], order[i]
    return np.array(order)


@or_on_device
def bernoulli(stream: Stream, size: int, p: float) -> Array:
    """Return booleans ``u53 < p``, with p in [0, 1]."""
    if Loaded.kernel is not None and size > _LONG_MASK:
        from minigrad_kernels.cpu.random import bernoulli

        return draw(stream, size, 2, np.bool_, lambda words: bernoulli(words, p))
    # u53 < p says that the 53-bit integer behind u53 is below this one. Its upper 21 bits nearly always decide.
    upper, lower = divmod(math.ceil(p * 2.0**53), 2**32)

    def transform(words: Array) -> Array:
        high = words.view(np.uint64) & 0x1FFFFF if sys.byteorder == "little" else words[::2] & 0x1FFFFF
        below = high < upper
        if lower:
            undecided = np.flatnonzero(high == upper)
            below[undecided] = words[1::2][undecided] < lower
        return below

    return draw(stream, size, 2, np.bool_, transform)


@or_on_device
def bernoulli_each(stream: Stream, p: Array) -> Array:
    """Return a boolean for each element of a one-dimensional array of probabilities, in its order."""
    kind = np.dtype(np.float64 if p.dtype == np.float64 else np.float32)
    return standard_uniform(stream, p.size, kind) < p


@or_on_device
def geometric(stream: Stream, size: int, dtype: np.dtype[Any], p: float) -> Array:
    """Return the number of trials to the first success, ``ceil(log(u53) / log(1 - p))``."""
    scale = math.log1p(-p)

    def transform(words: Array) -> Array:
        return np.ceil(np.log(u53(words)) / scale)

    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return draw(stream, size, 2, dtype, transform)


@or_on_device
def multinomial(stream: Stream, weights: Array, count: int, replacement: bool) -> Array:
    """Return ``count`` indices a row, drawn with the probabilities that the rows of weights are proportional to.

    Parameters
    ----------
    stream : Stream
    weights : ndarray, shape (rows, categories), floating
        Not negative, each row with a positive sum.
    count : int
    replacement : bool

    Returns
    -------
    ndarray of int64, shape (rows, count)
    """
    if replacement and count > 1:
        return _with_replacement(stream, weights, count)
    waiting = exponential(stream, weights.size, weights.dtype, 1.0).reshape(weights.shape)
    speed = divide(weights, waiting)
    if count == 1:
        return speed.argmax(axis=1).reshape(-1, 1)
    return np.argsort(-speed, axis=1, kind="stable")[:, :count].copy()


def _with_replacement(stream: Stream, weights: Array, count: int) -> Array:
    out = np.empty((len(weights), count), np.int64)
    for row, chances in zip(out, weights, strict=True):
        cumulative = chances.cumsum(dtype=np.float32 if chances.itemsize == 2 else None)
        cumulative /= cumulative[-1]
        cumulative[-1] = 1
        row[:] = cumulative.astype(np.float64).searchsorted(standard_uniform(stream, count, np.dtype(np.float64)))
    return out


@or_on_device
def poisson(stream: Stream, rates: Array) -> Array:
    """Return Poisson counts, one for each of a one-dimensional array of rates; how many words each takes is random.

    Counts of low rates are those of arrivals in unit time (Knuth); for rates of 10 and more, transformed rejection:
    W. Hörmann, "The transformed rejection method for generating Poisson random variables", 1993.
    """
    with contextlib.closing(_uniforms(stream)) as uniforms:
        counts = [
            0 if rate == 0 else _arrivals(uniforms, rate) if rate < 10 else _transformed_rejection(uniforms, rate)
            for rate in rates.tolist()
        ]
    return np.array(counts, rates.dtype)


def _uniforms(stream: Stream) -> Generator[float, None, None]:
    """Yield the uniforms u53, and take from the stream those that were asked for."""
    used = 0
    try:
        while True:
            words = stream.ahead(BLOCK)
            for used, value in enumerate(u53(words[: words.size // 2 * 2]).tolist(), 1):  # noqa: B007
                yield value
            stream.advance(2 * used)
            used = 0
    finally:
        stream.advance(2 * used)


def _arrivals(uniforms: Iterator[float], rate: float) -> int:
    limit, product, count = math.exp(-rate), next(uniforms), 0
    while product > limit:
        product *= next(uniforms)
        count += 1
    return count


def _transformed_rejection(uniforms: Iterator[float], rate: float) -> int:
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    log_inverse_alpha = math.log(1.1239 + 1.1328 / (b - 3.4))
    log_rate, safe = math.log(rate), 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = next(uniforms) - 0.5, next(uniforms)
        us = 0.5 - abs(u)
        if us == 0:  # far out in a tail, where no count is accepted
            continue
        count = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= safe:
            return count
        if count < 0 or (us < 0.013 and v > us):
            continue
        acceptance = math.log(v) + log_inverse_alpha - math.log(a / (us * us) + b) if v > 0 else -math.inf
        if acceptance <= -rate + count * log_rate - math.lgamma(count + 1):
            return count


def binomial_of(stream: Stream, counts: Array, chances: Array) -> Array:
    """Return numbers of successes, one for each of one-dimensional arrays of trials and chances.

    Few expected successes are counted by their distances; from 10 on, transformed rejection: W. Hörmann, "The
    generation of binomial random variates", 1993.
    """
    with contextlib.closing(_uniforms(stream)) as uniforms:
        found = [_successes(uniforms, n, p) for n, p in zip(counts.tolist(), chances.tolist(), strict=True)]
    return np.array(found, counts.dtype)


def _successes(uniforms: Iterator[float], count: float, chance: float) -> float:
    if count <= 0 or chance <= 0:
        return 0
    if chance >= 1:
        return count
    if math.isnan(chance):
        return math.nan
    rarer = min(chance, 1 - chance)
    draw = _binomial_rejection if count * rarer >= 10 else _distances
    found = draw(uniforms, count, rarer)
    return found if chance <= 0.5 else count - found


def _distances(uniforms: Iterator[float], count: float, chance: float) -> int:
    """Return how many distances between successes fit into the trials."""
    place, found, scale = 0.0, 0, math.log1p(-chance)
    while True:
        u = next(uniforms)
        place += math.ceil(math.log(u) / scale) if u > 0 else math.inf
        if place > count:
            return found
        found += 1


_TAILS = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
    0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def _stirling_tail(k: float) -> float:
    """Return what Stirling's formula lacks of the logarithm of a factorial."""
    if k <= 9:
        return _TAILS[int(k)]
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def _binomial_rejection(uniforms: Iterator[float], count: float, chance: float) -> float:
    spread = math.sqrt(count * chance * (1 - chance))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * chance
    safe, odds = 0.92 - 4.2 / b, chance / (1 - chance)
    alpha = (2.83 + 5.1 / b) * spread
    m = math.floor((count + 1) * chance)
    while True:
        u, v = next(uniforms) - 0.5, next(uniforms)
        us = 0.5 - abs(u)
        if us == 0:
            continue
        k = math.floor((2 * a / us + b) * u + count * chance + 0.5)
        if us >= 0.07 and v <= safe:
            return k
        if k < 0 or k > count:
            continue
        height = math.log(v * alpha / (a / (us * us) + b)) if v > 0 else -math.inf
        bound = (
            (m + 0.5) * math.log((m + 1) / (odds * (count - m + 1)))
            + (count + 1) * math.log((count - m + 1) / (count - k + 1))
            + (k + 0.5) * math.log(odds * (count - k + 1) / (k + 1))
            + _stirling_tail(m)
            + _stirling_tail(count - m)
            - _stirling_tail(k)
            - _stirling_tail(count - k)
        )
        if height <= bound:
            return k
