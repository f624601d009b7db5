"""Transforms of the MT19937 word stream into PyTorch's draws."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import InWords, Out, OutBool, OutInt64, Real, kernel

_INT64, _BOOL, _FLOAT32, _FLOAT64 = np.dtype("int64"), np.dtype("bool"), np.dtype("float32"), np.dtype("float64")


@kernel
def _randperm_loop(words: InWords, out: OutInt64):
    """Shuffle 0..n-1 into out: for each i, swap places i and i + words[i] % (n - i)."""
    n = out.size
    for i in range(n):
        out[i] = i
    for i in range(n - 1):
        j = i + np.int64(words[i]) % (n - i)
        held = out[i]
        out[i] = out[j]
        out[j] = held


def randperm(words):
    """Return the permutation of 0..n-1 that PyTorch's ``randperm(n)`` makes of these words.

    Parameters
    ----------
    words : ndarray of uint32, shape (n - 1,)
        One word a swap. For n = 0 use ``np.arange(0)``; an empty array means n = 1.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    out = np.empty(words.size + 1, _INT64)
    _randperm_loop[_INT64](words, out)
    return out


@kernel
def _uniform32_loop(words: InWords, low: Real, high: Real, out: Out):
    """out[i] = u24 * (high - low) + low, each step rounded to float32."""
    width = high - low
    scale = np.float32(2.0**-24)
    for i in range(out.size):
        out[i] = np.float32(np.int32(words[i] & np.uint32(0xFFFFFF))) * scale * width + low


def uniform32(words, low=0.0, high=1.0):
    """Return float32 uniforms in [low, high), one a word, of the words' shape."""
    out = np.empty(words.shape, _FLOAT32)
    _uniform32_loop[_FLOAT32](words, low, high, out)
    return out


@kernel
def _uniform64_loop(words: InWords, low: Real, high: Real, out: Out):
    """out[i] = u53 * (high - low) + low, of two words each, the high one first."""
    width = high - low
    for i in range(out.size):
        pair = (np.uint64(words[2 * i]) << np.uint64(32)) | np.uint64(words[2 * i + 1])
        out[i] = np.float64(np.int64(pair & np.uint64(0x1FFFFFFFFFFFFF))) * 2.0**-53 * width + low


def uniform64(words, low=0.0, high=1.0):
    """Return float64 uniforms in [low, high), one for each two words (high word first): shape (words.size // 2,)."""
    out = np.empty(words.size // 2, _FLOAT64)
    _uniform64_loop[_FLOAT64](words, low, high, out)
    return out


@kernel
def _bernoulli_loop(words: InWords, p: float, out: OutBool):
    """out[i] = u53 < p, of two words each, the high one first."""
    for i in range(out.size):
        pair = (np.uint64(words[2 * i]) << np.uint64(32)) | np.uint64(words[2 * i + 1])
        out[i] = np.float64(np.int64(pair & np.uint64(0x1FFFFFFFFFFFFF))) * 2.0**-53 < p


def bernoulli(words, p):
    """Return ``u53 < p`` for each two words (high word first): booleans of shape (words.size // 2,)."""
    out = np.empty(words.size // 2, _BOOL)
    _bernoulli_loop[_BOOL](words, p, out)
    return out


@kernel
def _normal_blocks_loop(values: Out, two_pi: Real):
    """Turn each full block of 16 uniforms into 16 normals: 8 radii and 8 angles become 8 cosines and 8 sines."""
    one = values.dtype.type(1)
    minus_two = values.dtype.type(-2)
    for block in range(values.size // 16):
        start = 16 * block
        for j in range(start, start + 8):
            radius = math.sqrt(minus_two * math.log(one - values[j]))
            angle = two_pi * values[j + 8]
            values[j] = radius * math.cos(angle)
            values[j + 8] = radius * math.sin(angle)


def normal_blocks32(values):
    """Turn float32 uniforms into standard normals in place, in PyTorch's blocks of 16; a rest is left alone."""
    _normal_blocks_loop[_FLOAT32](values, 2 * math.pi)


def normal_blocks64(values):
    """Turn float64 uniforms into standard normals in place, in PyTorch's blocks of 16; a rest is left alone."""
    _normal_blocks_loop[_FLOAT64](values, 2 * math.pi)
