"""How pooling windows lie over planes, on any device.

Everything is said for three spatial dimensions; one- and two-dimensional images have leading lengths of 1. The place
of a maximum is kept as the number of the tap within its window, in one byte, where a window has no more taps than that
counts, and as the element's number within its plane otherwise.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

_BYTE = 127
_SHORT = 4  # lines of fewer windows are quicker window by window
_WIDE = (16, 64)  # lines of windows one or two steps apart are quicker tap by tap from here on


class Windows:
    """How windows lie over planes.

    Parameters
    ----------
    size : tuple of int
        Lengths of a plane: 1 to 3 of them, as of all tuples here.
    spans : tuple of tuple of (int, int, int)
        For each dimension and each window: its first position inside, the end of its last, and how many positions
        count for the mean.
    dilation : tuple of int
    taps : tuple, optional
        ``(kernel, stride, padding)`` where all windows are alike; of the maximum only.

    Attributes
    ----------
    out : tuple of int
        Windows along each dimension.
    rank : int
        How many there are.
    is_one : bool
        Whether there is one window, over all of a plane, whose mean is the plane's.
    """

    def __init__(self, size, spans, dilation, taps=None):
        missing = 3 - len(size)
        ones = (1,) * missing
        self.size, self.out, self.rank = size, tuple(len(each) for each in spans), len(size)
        self.is_one = all(each == ((0, n, n),) for n, each in zip(size, spans, strict=True))
        lengths = (*ones, *size, *ones, *dilation, *ones, *self.out)
        self.shape = np.array(lengths, np.int64)
        spans = (*(((0, 1, 1),),) * missing, *spans)
        self.spans = [np.array(each, np.int64).reshape(-1) for each in spans]
        # A tap's number needs a tap inside: dilated windows may step over a short input.
        is_hollow = any((each[0::3] >= each[1::3]).any() for each in self.spans)
        is_short = taps is None or (self.out[-1] < _SHORT and taps[0][-1] > 2)
        self.is_by_two = False
        self.has_bytes = not (is_short or is_hollow) and math.prod(taps[0]) <= _BYTE
        if self.has_bytes:
            steps, borders = ones + taps[1], (0,) * missing + taps[2]
            counts = ones + taps[0]
            _, height, width = ones + size
            rows = [range(k) for k in counts]
            across = ones + dilation
            taps = [
                (a * across[0] * height + b * across[1]) * width + e * across[2] for a, b, e in itertools.product(*rows)
            ]
            self.offsets = np.array(taps, np.int64)
            self.all_alike = np.array([*lengths[:3], *counts, *steps, *borders, *across, *lengths[6:]], np.int64)
            corners = [np.arange(n) * t - b for n, t, b in zip(lengths[6:], steps, borders, strict=True)]
            planes = (corners[0][:, None, None] * height + corners[1][:, None]) * width + corners[2]
            self.corners = planes.reshape(self.out)
            self.is_by_two = counts == (1, 2, 2) and steps == (1, 2, 2) and not any(borders) and across == (1, 1, 1)
            self.is_by_two = self.is_by_two and all(2 * n <= m for n, m in zip(self.out[-2:], size[-2:], strict=True))
            self.is_by_window = steps[2] > 2 or self.out[-1] < _WIDE[steps[2] - 1]
            self.is_covered = all(2 * n == m for n, m in zip(self.out[-2:], size[-2:], strict=True))

    @functools.cached_property
    def table(self):
        """All of it in one array of int64, as loops take it that ask which windows cover an element.

        After `shape` come the spans of each dimension, and then, for each dimension and each position, the first window
        that may cover it and the end of those that may.
        """
        covering = []
        for length, each in zip(self.shape[:3], self.spans, strict=True):
            starts, ends = np.minimum.accumulate(each[0::3][::-1])[::-1], np.maximum.accumulate(each[1::3])
            places = np.arange(length)
            first, end = np.searchsorted(ends, places, "right"), np.searchsorted(starts, places, "right")
            covering.append(np.stack([first, end], 1).reshape(-1))
        return np.concatenate([self.shape, *self.spans, *covering])


@functools.lru_cache(maxsize=512)
def pool_windows(size, kernel, stride, padding, dilation, out):
    """Return the `Windows` of equal windows, made once; for a mean they count the padding, and nothing beyond it."""
    spans = []
    for n, k, s, p, d, count in zip(size, kernel, stride, padding, dilation, out, strict=True):
        starts = [j * s - p for j in range(count)]
        spans.append(
            tuple(
                (a if a >= 0 else a + -(a // d) * d, min(a + (k - 1) * d + 1, n), min(a + k, n + p) - a) for a in starts
            )
        )
    return Windows(size, tuple(spans), dilation, (kernel, stride, padding))


@functools.lru_cache(maxsize=512)
def windows_without_padding(size, kernel, stride, padding, out):
    """Return the `Windows` of equal windows of which the padding does not count for the mean."""
    whole = pool_windows(size, kernel, stride, padding, (1,) * len(size), out)
    spans = [each.reshape(-1, 3).tolist() for each in whole.spans[3 - len(size) :]]
    return Windows(size, tuple(tuple((a, b, b - a) for a, b, _ in each) for each in spans), (1,) * len(size))


@functools.lru_cache(maxsize=512)
def even_windows(size, out):
    """Return the `Windows` that cover each dimension evenly with so many windows."""
    spans = tuple(
        tuple((j * n // count, -(-(j + 1) * n // count)) for j in range(count))
        for n, count in zip(size, out, strict=True)
    )
    return Windows(size, tuple(tuple((a, b, b - a) for a, b in each) for each in spans), (1,) * len(size))


def drawn_starts(xp, draws, length, size, count):
    """Return where windows start along a dimension: Graham's pseudo-random sequence, one row a draw.

    Parameters
    ----------
    xp : module
        The array module of the draws.
    draws : array, shape (planes,)
        Between 0 and 1; steps are rounded in its dtype, as PyTorch does.
    length, size, count : int
        Of the dimension, of the windows, and how many windows there are.
    """
    last, real = length - size, draws.dtype.type
    if count < 2:
        return xp.full((len(draws), count), last)
    step = real(last) / real(count - 1)
    numbers = xp.arange(count, dtype=draws.dtype) + draws[:, None]
    starts = (numbers * step).astype(np.int64) - (draws[:, None] * step).astype(np.int64)
    starts[:, -1] = last
    return starts


def lowest(dtype):
    """Return what is largest where there is nothing."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
