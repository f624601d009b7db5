"""Transforms of the MT19937 word stream into PyTorch's draws."""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._kernel import InWords, Out, OutBool, OutInt64, Real, kernel, subroutine
from minigrad_kernels.scalar._bits import fused, wide
from minigrad_kernels.scalar.box_muller import normal_pair

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


@subroutine
def _unit(word):
    """Return the float32 uniform in [0, 1) of a word."""
    return np.float32(np.int32(word & np.uint32(0xFFFFFF))) * np.float32(2.0**-24)


@kernel
def _normal32_loop(words: InWords, mean: Real, std: Real, scratch: Out, out: Out):
    """Turn blocks of 16 words into normals: 8 radii and 8 angles become 8 cosines and 8 sines; times std plus mean.

    So many blocks as `scratch` has room for are laid out there as one row of radii and one of angles, for long vectors.
    """
    wide()
    half = scratch.size // 2
    radii, angles = scratch[:half], scratch[half:]
    for first in range(0, out.size, scratch.size):
        count = min(scratch.size, out.size - first) // 2
        for i in range(0, count, 8):
            at = first + 2 * i
            for j in range(8):
                radii[i + j] = _unit(words[at + j])
                angles[i + j] = _unit(words[at + 8 + j])
        for i in range(count):
            cosine, sine = normal_pair(radii[i], angles[i])
            radii[i], angles[i] = fused(cosine, std, mean), fused(sine, std, mean)
        for i in range(0, count, 8):
            at = first + 2 * i
            for j in range(8):
                out[at + j] = radii[i + j]
                out[at + 8 + j] = angles[i + j]


def normal32(words, mean=0.0, std=1.0):
    """Return float32 normals, one a word, as PyTorch makes them of blocks of 16; `words` holds whole blocks."""
    out = np.empty(words.shape, _FLOAT32)
    if out.size:
        _normal32_loop[_FLOAT32](words, mean, std, np.empty(min(words.size, _ROOM), _FLOAT32), out)
    return out


_ROOM = 1024


@kernel
def _normal64_loop(values: Out):
    """Turn each block of 16 uniforms into 16 normals: 8 radii and 8 angles become 8 cosines and 8 sines."""
    for start in range(0, values.size, 16):
        for j in range(start, start + 8):
            radius = math.sqrt(-2.0 * math.log(1.0 - values[j]))
            angle = 2 * math.pi * values[j + 8]
            values[j] = radius * math.cos(angle)
            values[j + 8] = radius * math.sin(angle)


def normal64(words):
    """Return standard float64 normals, one for two words, as PyTorch makes them of 32; `words` holds whole blocks."""
    values = uniform64(words)
    _normal64_loop[_FLOAT64](values)
    return values
