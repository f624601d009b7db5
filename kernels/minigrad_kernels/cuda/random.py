"""Random numbers by a counter: Philox4x32-10 [1]_, of which every call is independent of every other.

A draw is a function of the generator's seed, of an offset and of the number's place, so any number of threads draw the
same numbers as one. Four words of 32 bits come from each value of the counter; `counters` says how many values a draw
of some size takes, which is what a generator has to move its offset on by.

.. [1] J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cuda._kernel import (
    In,
    Out,
    OutBool,
    OutInt64,
    OutWords,
    Real,
    blocks_for,
    empty,
    kernel,
    subroutine,
    working_dtype,
)
from minigrad_kernels.cuda._math import cos, log, sin, sqrt
from minigrad_kernels.cuda._memory import module
from minigrad_kernels.cuda._numba import cuda

_U = np.uint64  # words are held in 64 bits, where products of two of them fit
_WORD, _LOW, _ONE = _U(32), _U(0xFFFFFFFF), _U(1)
_FACTOR0, _FACTOR1 = _U(0xD2511F53), _U(0xCD9E8D57)
_STEP0, _STEP1 = _U(0x9E3779B9), _U(0xBB67AE85)
_DROPPED24, _DROPPED53, _KEPT53 = _U(8), _U(11), _U(21)  # bits of words that a float has no place for
_2_24, _2_53 = 2.0**-24, 2.0**-53
_TWO_PI = 2 * math.pi


@subroutine
def _philox(low, high, key0, key1):
    """Return the four words of a counter, given as two words; the counter's upper half is zero."""
    zero = low & ~low
    c0, c1, c2, c3, k0, k1 = low, high, zero, zero, key0, key1
    for _ in range(10):
        product0, product1 = _FACTOR0 * c0, _FACTOR1 * c2
        c0, c1, c2, c3 = (
            (product1 >> _WORD) ^ c1 ^ k0,
            product1 & _LOW,
            (product0 >> _WORD) ^ c3 ^ k1,
            product0 & _LOW,
        )
        k0, k1 = (k0 + _STEP0) & _LOW, (k1 + _STEP1) & _LOW
    return c0, c1, c2, c3


@subroutine
def _draw(offset, i, key0, key1):
    """Return the four words of the counter ``offset + i``."""
    counter = _U(offset + i)
    return _philox(counter & _LOW, counter >> _WORD, _U(key0), _U(key1))


@subroutine
def _wide_unit(a, b, real):
    """Return a number from [0, 1) made of 53 bits of two words."""
    return real((a << _KEPT53) | (b >> _DROPPED53)) * real(_2_53)


# Number j of a counter goes to place ``i + j * counters``, so that neighbouring threads write side by side.


@kernel(dtypes=("uint32",))
def _words_loop(key0: int, key1: int, offset: int, out: OutWords):
    """Four words of each counter."""
    counters = (out.size + 3) // 4
    for i in range(cuda.grid(1), counters, cuda.gridsize(1)):
        a, b, c, d = _draw(offset, i, key0, key1)
        out[i] = a
        if i + counters < out.size:
            out[i + counters] = b
        if i + 2 * counters < out.size:
            out[i + 2 * counters] = c
        if i + 3 * counters < out.size:
            out[i + 3 * counters] = d


@kernel(dtypes=("float32",))
def _uniform32_loop(key0: int, key1: int, offset: int, dropped: int, low: Real, width: Real, out: Out):
    """Four numbers u * width + low of each counter, u of 32 - dropped bits."""
    real = out.dtype.type
    counters, shift = (out.size + 3) // 4, _U(dropped)
    unit = real(1) / real(_ONE << (_WORD - shift))
    for i in range(cuda.grid(1), counters, cuda.gridsize(1)):
        a, b, c, d = _draw(offset, i, key0, key1)
        out[i] = real(a >> shift) * unit * width + low
        if i + counters < out.size:
            out[i + counters] = real(b >> shift) * unit * width + low
        if i + 2 * counters < out.size:
            out[i + 2 * counters] = real(c >> shift) * unit * width + low
        if i + 3 * counters < out.size:
            out[i + 3 * counters] = real(d >> shift) * unit * width + low


@kernel(dtypes=("float64",))
def _uniform64_loop(key0: int, key1: int, offset: int, low: Real, width: Real, out: Out):
    """Two numbers u * width + low of each counter, u of 53 bits."""
    real = out.dtype.type
    counters = (out.size + 1) // 2
    for i in range(cuda.grid(1), counters, cuda.gridsize(1)):
        a, b, c, d = _draw(offset, i, key0, key1)
        out[i] = _wide_unit(a, b, real) * width + low
        if i + counters < out.size:
            out[i + counters] = _wide_unit(c, d, real) * width + low


@kernel(dtypes=("float32",), wide=True)  # sin and cos reduce huge angles in double precision; none is huge here
def _normal32_loop(key0: int, key1: int, offset: int, mean: Real, std: Real, out: Out):
    """Four normal numbers of each counter, by Box and Muller: two radii and two angles."""
    real = out.dtype.type
    counters = (out.size + 3) // 4
    for i in range(cuda.grid(1), counters, cuda.gridsize(1)):
        a, b, c, d = _draw(offset, i, key0, key1)
        radius = std * sqrt(real(-2) * log(real((a >> _DROPPED24) + _ONE) * real(_2_24)))
        angle = real(b >> _DROPPED24) * real(_2_24 * _TWO_PI)
        out[i] = radius * cos(angle) + mean
        if i + counters < out.size:
            out[i + counters] = radius * sin(angle) + mean
        radius = std * sqrt(real(-2) * log(real((c >> _DROPPED24) + _ONE) * real(_2_24)))
        angle = real(d >> _DROPPED24) * real(_2_24 * _TWO_PI)
        if i + 2 * counters < out.size:
            out[i + 2 * counters] = radius * cos(angle) + mean
        if i + 3 * counters < out.size:
            out[i + 3 * counters] = radius * sin(angle) + mean


@kernel(dtypes=("float64",))
def _normal64_loop(key0: int, key1: int, offset: int, mean: Real, std: Real, out: Out):
    """Two normal numbers of each counter, by Box and Muller."""
    real = out.dtype.type
    counters = (out.size + 1) // 2
    for i in range(cuda.grid(1), counters, cuda.gridsize(1)):
        a, b, c, d = _draw(offset, i, key0, key1)
        radius = std * sqrt(real(-2) * log(real(1) - _wide_unit(a, b, real)))
        angle = _wide_unit(c, d, real) * real(_TWO_PI)
        out[i] = radius * cos(angle) + mean
        if i + counters < out.size:
            out[i + counters] = radius * sin(angle) + mean


@kernel(dtypes=("int64",))
def _integers_loop(key0: int, key1: int, offset: int, low: int, width: int, out: OutInt64):
    """Two integers low + r % width of each counter, r of 64 bits; a width of 0 stands for all of them."""
    counters, every = (out.size + 1) // 2, _U(width)
    for i in range(cuda.grid(1), counters, cuda.gridsize(1)):
        a, b, c, d = _draw(offset, i, key0, key1)
        first, second = (a << _WORD) | b, (c << _WORD) | d
        out[i] = low + np.int64(first % every if width != 0 else first)
        if i + counters < out.size:
            out[i + counters] = low + np.int64(second % every if width != 0 else second)


@kernel(dtypes=("bool",))
def _bernoulli_loop(key0: int, key1: int, offset: int, limit: int, out: OutBool):
    """Four trials of each counter: whether a word is below `limit`."""
    counters, top = (out.size + 3) // 4, _U(limit)
    for i in range(cuda.grid(1), counters, cuda.gridsize(1)):
        a, b, c, d = _draw(offset, i, key0, key1)
        out[i] = a < top
        if i + counters < out.size:
            out[i + counters] = b < top
        if i + 2 * counters < out.size:
            out[i + 2 * counters] = c < top
        if i + 3 * counters < out.size:
            out[i + 3 * counters] = d < top


@kernel
def _dropout_loop(x: In, key0: int, key1: int, offset: int, limit: int, scale: Real, mask: OutBool, out: Out):
    """Out = x * scale where a trial, kept in mask, succeeds, and 0 elsewhere; the trials are `_bernoulli_loop`'s."""
    counters, top, zero = (out.size + 3) // 4, _U(limit), x.dtype.type(0)
    for i in range(cuda.grid(1), counters, cuda.gridsize(1)):
        a, b, c, d = _draw(offset, i, key0, key1)
        mask[i] = a < top
        out[i] = x[i] * (scale if a < top else zero)
        j = i + counters
        if j < out.size:
            mask[j] = b < top
            out[j] = x[j] * (scale if b < top else zero)
        j += counters
        if j < out.size:
            mask[j] = c < top
            out[j] = x[j] * (scale if c < top else zero)
        j += counters
        if j < out.size:
            mask[j] = d < top
            out[j] = x[j] * (scale if d < top else zero)


def counters(size, dtype):
    """Return how many values of the counter a draw of so many numbers takes: two numbers of 8 bytes each, or four."""
    return -(-size // (2 if np.dtype(dtype).itemsize == 8 else 4))


def _run(loop, seed, offset, *rest):
    """Run a loop that fills its last argument, each counter by one thread."""
    out = rest[-1]
    blocks = blocks_for(counters(out.size, out.dtype))
    loop[working_dtype(out.dtype)](seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF, offset, *rest, blocks=blocks)
    return out


def words(shape, seed, offset):
    """Return words of 32 random bits.

    Parameters
    ----------
    shape : tuple of int
    seed : int
        64 bits.
    offset : int
        The first value of the counter, from 0 to 2**63.

    Returns
    -------
    array of uint32
    """
    return _run(_words_loop, seed, offset, empty(shape, np.dtype(np.uint32)))


def uniform(shape, dtype, seed, offset, low=0.0, high=1.0):
    """Return numbers from [low, high), of as many bits as the dtype has; see `words` for the seed and the offset."""
    out = empty(shape, dtype)
    if out.dtype == np.float64:
        return _run(_uniform64_loop, seed, offset, low, high - low, out)
    dropped = 21 if out.dtype == np.float16 else 8
    return _run(_uniform32_loop, seed, offset, dropped, low, high - low, out)


def normal(shape, dtype, seed, offset, mean=0.0, std=1.0):
    """Return normally distributed numbers; see `words` for the seed and the offset."""
    out = empty(shape, dtype)
    return _run(_normal64_loop if out.dtype == np.float64 else _normal32_loop, seed, offset, mean, std, out)


def integers(shape, seed, offset, low, high):
    """Return int64 from [low, high); see `words` for the seed and the offset."""
    width = (high - low) % 2**64
    signed = width - 2**64 if width >= 2**63 else width
    return _run(_integers_loop, seed, offset, low, signed, empty(shape, np.dtype(np.int64)))


def bernoulli(shape, p, seed, offset):
    """Return booleans that are true with probability `p`; see `words` for the seed and the offset."""
    return _run(_bernoulli_loop, seed, offset, round(p * 2**32), empty(shape, np.dtype(bool)))


def dropout(x, p, seed, offset):
    """Return `x`, each element zeroed with probability `p` or else divided by ``1 - p``, and the mask of those."""
    out, mask = empty(x.shape, x.dtype), empty(x.shape, np.dtype(bool))
    key0, key1, limit = seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF, round((1 - p) * 2**32)
    scale, blocks = 0.0 if p == 1 else 1 / (1 - p), blocks_for(counters(x.size, mask.dtype))
    _dropout_loop[x.dtype](x, key0, key1, offset, limit, scale, mask, out, blocks=blocks)
    return out, mask


def permutation(n, seed, offset):
    """Return the numbers 0 to n - 1 in random order, as int64: what sorts random integers of 64 bits."""
    return module().argsort(integers((n,), seed, offset, -(2**63), 2**63)).astype(np.int64, copy=False)
