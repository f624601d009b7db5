"""Integers in the order of numbers of any dtype, and sorting and selecting by them.

A nan comes after everything, and -0 is a 0. Sorting is by the bytes of the keys, the last first, so it is stable and no
branch depends on the data; rows of a few elements are sorted by counting, for each, how many come before it.
"""

from __future__ import annotations

import numpy as np
from numba.core import config, types
from numba.extending import overload

from minigrad_kernels.cpu._kernel import subroutine
from minigrad_kernels.scalar._bits import INLINED, apart, bits_of

COUNTED = 80  # the longest rows that are sorted by counting
_RANKED = 24  # the longest rows whose k-th element is found by counting
_LOW32, _SIGN64 = np.uint64(2**32 - 1), np.uint64(2**63)
_BYTE, _EIGHT, _HALF = np.uint64(255), np.uint64(8), np.uint64(32)
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_LEAST32, _MOST32, _MOST64 = np.int64(-(2**31)), np.int64(2**31 - 1), np.int64(2**63 - 1)


def _key32(v):
    bits = np.int64(bits_of(v + np.float32(0)))
    return _MOST32 if v != v else bits ^ _MOST32 if bits < 0 else bits


def _key64(v):
    bits = bits_of(v + 0.0)
    return _MOST64 if v != v else bits ^ _MOST64 if bits < 0 else bits


def _key_of_integer(v):
    return np.int64(v)


def _chosen(is_single, is_double):
    return _key32 if is_single else _key64 if is_double else _key_of_integer


def _key_of(v):
    """Return a number's key."""
    with np.errstate(all="ignore"):
        return _chosen(isinstance(v, np.float32), isinstance(v, np.float64))(v)


if not config.DISABLE_JIT:
    overload(_key_of, jit_options=INLINED, strict=False)(lambda v: _chosen(v == types.float32, v == types.float64))


@subroutine
def fill_keys(row, descending, keys):
    """Write the keys of a row; return the least (possible) and how far the greatest is from it."""
    for j in range(row.size):
        keys[j] = ~_key_of(row[j]) if descending else _key_of(row[j])
    if row.itemsize <= 4:
        return _LEAST32, _LOW32
    least, most = keys[0], keys[0]
    for j in range(keys.size):
        least = min(least, keys[j])
        most = max(most, keys[j])
    return least, np.uint64(most) - np.uint64(least)


@subroutine
def _goes_after(b, a, j, i):
    """Return 1 if the key b at j comes after the key a at i, else 0."""
    return np.int64((a < b) | ((a == b) & (i < j)))


@subroutine
def _rank(keys, ranks):
    """Write how many keys come before each; four are compared with all at a time."""
    apart()
    for j in range(keys.size):
        ranks[j] = 0
    fours = keys.size // 4 * 4
    for i in range(0, fours, 4):
        a, b, c, d = keys[i], keys[i + 1], keys[i + 2], keys[i + 3]
        for j in range(keys.size):
            key = keys[j]
            ranks[j] += (_goes_after(key, a, j, i) + _goes_after(key, b, j, i + 1)) + (
                _goes_after(key, c, j, i + 2) + _goes_after(key, d, j, i + 3)
            )
    for i in range(fours, keys.size):
        a = keys[i]
        for j in range(keys.size):
            ranks[j] += _goes_after(keys[j], a, j, i)


@subroutine
def rank_words(words, ranks):
    """Write how many words, all different, come before each."""
    apart()
    for j in range(words.size):
        ranks[j] = 0
    fours = words.size // 4 * 4
    for i in range(0, fours, 4):
        a, b, c, d = words[i], words[i + 1], words[i + 2], words[i + 3]
        for j in range(words.size):
            word = words[j]
            ranks[j] += (np.int64(a < word) + np.int64(b < word)) + (np.int64(c < word) + np.int64(d < word))
    for i in range(fours, words.size):
        a = words[i]
        for j in range(words.size):
            ranks[j] += np.int64(a < words[j])


@subroutine
def _ends(words, shift, counts):
    """Write where the words of each byte begin, if sorted by it; return whether there are several bytes."""
    apart()
    for b in range(256):
        counts[b] = 0
    for j in range(words.size):
        counts[(words[j] >> shift) & _BYTE] += 1
    several = counts[(words[0] >> shift) & _BYTE] < words.size
    begin = 0
    for b in range(256):
        count = counts[b]
        counts[b] = begin
        begin += count
    return several


@subroutine
def _sort_packed(words, spare, span, counts):
    """Sort words by their high halves, which go up to `span`."""
    apart()
    source, target, is_moved = words, spare, False
    shift = _HALF
    while span >> (shift - _HALF) != _ZERO:
        if _ends(source, shift, counts):
            for j in range(source.size):
                word = source[j]
                b = (word >> shift) & _BYTE
                target[counts[b]] = word
                counts[b] += 1
            source, target, is_moved = target, source, not is_moved
        if shift == np.uint64(56):
            break
        shift += _EIGHT
    if is_moved:
        for j in range(words.size):
            words[j] = source[j]


@subroutine
def _sort_wide(words, spare, at, spare_at, counts):
    """Sort words of 64 bits, and `at` with them."""
    apart()
    source, target, source_at, target_at, is_moved = words, spare, at, spare_at, False
    for step in range(8):
        shift = np.uint64(8 * step)
        if _ends(source, shift, counts):
            for j in range(source.size):
                word = source[j]
                b = (word >> shift) & _BYTE
                place = counts[b]
                target[place], target_at[place] = word, source_at[j]
                counts[b] = place + 1
            source, target, source_at, target_at = target, source, target_at, source_at
            is_moved = not is_moved
    if is_moved:
        for j in range(words.size):
            words[j], at[j] = source[j], source_at[j]


@subroutine
def pack(keys, least, words):
    """Write words of the keys, which span 32 bits, and their places."""
    for j in range(keys.size):
        words[j] = ((np.uint64(keys[j]) - np.uint64(least)) << _HALF) | np.uint64(j)


@subroutine
def pack_sorted(keys, least, span, at, words):
    """Write words of keys whose order is known, or of what stands for them, and their places."""
    if span <= _LOW32:
        pack(keys, least, words)
        return
    rank = _ZERO
    for j in range(keys.size):
        if j > 0 and keys[at[j]] != keys[at[j - 1]]:
            rank += _ONE
        words[at[j]] = (rank << _HALF) | np.uint64(at[j])


@subroutine
def pack_row(keys, least, span, words, spare, at, spare_at, counts):
    """Write words of keys, or of what stands for them, and their places."""
    if span > _LOW32:
        sort_row(keys, least, span, words, spare, at, spare_at, counts)
    pack_sorted(keys, least, span, at, words)


@subroutine
def place_in(word):
    """Return the place that a word tells."""
    return np.int64(word & _LOW32)


@subroutine
def sort_row(keys, least, span, words, spare, at, spare_at, counts):
    """Write to `at` the places of keys in order, of equals the first first."""
    is_narrow = span <= _LOW32
    if is_narrow:
        pack(keys, least, words)
    if keys.size <= COUNTED:
        if is_narrow:
            rank_words(words, spare_at)
        else:
            _rank(keys, spare_at)
        for j in range(keys.size):
            at[spare_at[j]] = j
    elif is_narrow:
        _sort_packed(words, spare, span, counts)
        for j in range(keys.size):
            at[j] = np.int64(words[j] & _LOW32)
    else:
        for j in range(keys.size):
            words[j] = np.uint64(keys[j]) ^ _SIGN64
            at[j] = j
        _sort_wide(words, spare, at, spare_at, counts)


@subroutine
def has_equals(keys, at):
    """Return whether keys, whose order is known, are not all different."""
    equals = 0
    for j in range(1, keys.size):
        equals += np.int64(keys[at[j]] == keys[at[j - 1]])
    return equals > 0


@subroutine
def kth_key(keys, kth, least, span, words, counts):
    """Return the key that a sort would put at `kth`, by counting bytes, the first first; of a short row by ranks."""
    if keys.size <= _RANKED:
        _rank(keys, counts[: keys.size])
        for j in range(keys.size):
            if counts[j] == kth:
                return keys[j]
    for j in range(keys.size):
        words[j] = np.uint64(keys[j]) - np.uint64(least)
    shift = _ZERO
    while shift < np.uint64(56) and span >> (shift + _EIGHT) != _ZERO:
        shift += _EIGHT
    left = words
    while left.size > 1:
        _ends(left, shift, counts)
        chosen = 0
        for b in range(1, 256):
            chosen += np.int64(counts[b] <= kth)
        kth -= counts[chosen]
        b, count = np.uint64(chosen), 0
        for j in range(left.size):
            word = left[j]
            left[count] = word
            count += np.int64((word >> shift) & _BYTE == b)
        left = left[:count]
        if shift == _ZERO:
            break
        shift -= _EIGHT
    return np.int64(left[0] + np.uint64(least))


@subroutine
def place_of(keys, key, number):
    """Return where the key is that comes at `number` of those equal to `key` and smaller, and how many are equal."""
    smaller, equal = 0, 0
    for j in range(keys.size):
        smaller += np.int64(keys[j] < key)
        equal += np.int64(keys[j] == key)
    skipped = number - smaller
    for j in range(keys.size):
        if keys[j] == key:
            if skipped == 0:
                return j, equal
            skipped -= 1
    return 0, equal
