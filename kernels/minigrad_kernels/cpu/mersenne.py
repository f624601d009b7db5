"""The MT19937 generator: its words, a block of 624 at a time."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import OutWords, kernel
from minigrad_kernels.scalar._bits import wide

_UINT32 = np.dtype("uint32")


@kernel
def _twister_words_loop(key: OutWords, other: OutWords, out: OutWords):
    """Fill out with tempered words, whole blocks of 624, and advance key; the recurrence of Matsumoto and Nishimura.

    Blocks are made in key and other by turns: in place, the loops would read what they write and so would not be
    vectorised. Each of the first three loops reads of the new block only what the loop before has written.
    """
    wide()
    upper, lower, matrix = np.uint32(0x80000000), np.uint32(0x7FFFFFFF), np.uint32(0x9908B0DF)
    zero, one = np.uint32(0), np.uint32(1)
    old, new = key, other
    blocks = out.size // 624
    for block in range(blocks):
        made, here, after, ahead = new[:227], old[:227], old[1:228], old[397:624]
        for i in range(227):
            y = (here[i] & upper) | (after[i] & lower)
            made[i] = ahead[i] ^ (y >> one) ^ ((zero - (y & one)) & matrix)
        made, here, after, ahead = new[227:454], old[227:454], old[228:455], new[:227]
        for i in range(227):
            y = (here[i] & upper) | (after[i] & lower)
            made[i] = ahead[i] ^ (y >> one) ^ ((zero - (y & one)) & matrix)
        made, here, after, ahead = new[454:623], old[454:623], old[455:624], new[227:396]
        for i in range(169):
            y = (here[i] & upper) | (after[i] & lower)
            made[i] = ahead[i] ^ (y >> one) ^ ((zero - (y & one)) & matrix)
        y = (old[623] & upper) | (new[0] & lower)
        new[623] = new[396] ^ (y >> one) ^ ((zero - (y & one)) & matrix)

        words = out[block * 624 : block * 624 + 624]
        for i in range(624):
            y = new[i]
            y ^= y >> np.uint32(11)
            y ^= (y << np.uint32(7)) & np.uint32(0x9D2C5680)
            y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
            words[i] = y ^ (y >> np.uint32(18))
        old, new = new, old
    if blocks % 2:
        for i in range(624):
            new[i] = old[i]


def twister_words(key, out):
    """Fill ``out`` with the next words of the stream, and move its state on.

    Parameters
    ----------
    key : ndarray of uint32, shape (624,)
        The state of the generator; overwritten.
    out : ndarray of uint32, shape (624 * n,)
        Overwritten.
    """
    _twister_words_loop[_UINT32](key, np.empty_like(key), out)
