"""Which elements a resampled signal, image or volume takes from the given one, and with what weights; on any device.

Each dimension is resampled by itself: an element of the result is a weighted sum of a few elements, its taps. What each
given element adds to is said in the same form, so that the gradient of a resampling is one.
"""

from __future__ import annotations

import functools
import math

import numpy as np

_HEADER = 19  # numbers before the tables in `Resampling.numbers`


class Taps:
    """Where the elements of a dimension come from, and with what weights.

    Parameters
    ----------
    starts : ndarray of int64, shape (count + 1,)
        The taps of element j are those from ``starts[j]`` to ``starts[j + 1]``.
    places : ndarray of int64, shape (taps,)
    weights : ndarray of float64, of that shape
    length : int
        Of the dimension that they are taken from.

    Attributes
    ----------
    count : int
        Elements of the result.
    selects : bool
        Whether each of them is one of the given elements.
    """

    def __init__(self, starts, places, weights, length):
        self.starts, self.places, self.weights, self.length = starts, places, weights, length
        self.count = len(starts) - 1
        self.selects = len(places) == self.count and bool((np.diff(starts) == 1).all() and (weights == 1).all())
        self._as = {np.dtype(np.float64): weights}

    def runs(self):
        """Return the longest run of elements side by side that are so given, and how often each one is repeated.

        Returns
        -------
        start, end : int
        repeat : int
            0 where they are not all repeated equally often, in their order.
        """
        breaks = np.flatnonzero(np.diff(self.places) != 1) + 1
        edges = np.concatenate([[0], breaks, [self.count]])
        longest = int(np.diff(edges).argmax())
        repeat = self.count // self.length
        is_repeated = np.array_equal(self.places, np.repeat(np.arange(self.length), repeat))
        return int(edges[longest]), int(edges[longest + 1]), repeat if is_repeated else 0

    @functools.cached_property
    def back(self):
        """The taps by which the given elements take the gradients of the others."""
        order = np.argsort(self.places, kind="stable")
        starts = np.searchsorted(self.places[order], np.arange(self.length + 1))
        owners = np.repeat(np.arange(self.count), np.diff(self.starts))
        made = Taps(starts.astype(np.int64), owners[order], self.weights[order], self.count)
        made.__dict__["back"] = self
        return made

    @functools.cached_property
    def fixed(self):
        """The same for bytes, whose weights PyTorch has in fixed point, of 16 bits, those of one element added up.

        Returns
        -------
        places, weights : ndarray of int32, shape (taps, count)
            The weights of what some elements do not have are 0.
        bits : int
            After the point: as many as the largest weight allows.
        """
        taps, largest = [], 0.0
        for first, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            sums = {}
            for place, weight in zip(self.places[first:end].tolist(), self.weights[first:end].tolist(), strict=True):
                sums[place] = sums.get(place, 0.0) + weight
                largest = max(largest, sums[place])
            taps.append(sums)
        bits = 0
        while bits < 22 and int(0.5 + largest * 2 ** (bits + 1)) < 2**15:
            bits += 1
        shape = max(map(len, taps)), self.count
        places, weights = np.zeros(shape, np.int32), np.zeros(shape)
        for j, sums in enumerate(taps):
            places[: len(sums), j], weights[: len(sums), j] = list(sums), list(sums.values())
        scaled = weights * 2**bits
        return places, np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int32), bits

    @functools.cached_property
    def lines(self):
        """The taps in lines, the first of all elements, the second of all, and so on; an even number of lines.

        Returns
        -------
        places : ndarray of int32, shape (taps, count)
            -1 for those that some elements do not have.
        weights : ndarray of float64, of that shape
        """
        counts = np.diff(self.starts)
        most = max(2, int(counts.max(initial=0)))
        shape = self.count, most + most % 2
        places, weights = np.full(shape, -1, np.int32), np.zeros(shape)
        is_tap = np.arange(shape[1]) < counts[:, None]
        places[is_tap], weights[is_tap] = self.places, self.weights
        return np.ascontiguousarray(places.T), np.ascontiguousarray(weights.T)

    def weights_as(self, dtype):
        """Return the weights in the dtype that arrays of `dtype` are computed in."""
        dtype = np.dtype(np.float32) if dtype == np.float16 else dtype
        if dtype not in self._as:
            self._as[dtype] = self.weights.astype(dtype)
        return self._as[dtype]


class Resampling:
    """The taps of the last dimensions of an array, one to three of them.

    Parameters
    ----------
    taps : sequence of Taps

    Attributes
    ----------
    rank : int
        How many dimensions.
    out : tuple of int
        Their lengths in the result.
    selects, undoes : bool
        Whether each element of the result is one of the given, and whether this is the gradient of such a resampling.
    numbers : ndarray of int64
        All that a loop needs beside the weights: lengths before and after, of three dimensions; the rank; of each
        dimension where its starts, places and weights begin; of a selection the `Taps.runs` of the last dimension; the
        starts and places.
    work : int
        Elements of the workspace for a plane: of what is between two steps.
    """

    def __init__(self, taps):
        self.taps, self.rank = tuple(taps), len(taps)
        self.out = tuple(each.count for each in self.taps)
        missing = 3 - self.rank
        size = (1,) * missing + tuple(each.length for each in self.taps)
        out = (1,) * missing + self.out
        self.enlarges = math.prod(out) > math.prod(size)
        (d, h, w), (od, oh, ow) = size, out
        self.work = (d * h * ow + d * oh * ow) if self.enlarges else (od * h * w + od * oh * w)
        self.selects, self.undoes = all(each.selects for each in self.taps), False
        header, tables, at, first = [*size, *out, self.rank], [], _HEADER, 0
        for each in (None,) * missing + self.taps:
            if each is None:
                header += [0, 0, 0]
                continue
            header += [at, at + len(each.starts), first]
            tables += [each.starts, each.places]
            at += len(each.starts) + len(each.places)
            first += len(each.places)
        header += self.taps[-1].runs() if self.selects else (0, 0, 0)
        self.numbers = np.concatenate([np.array(header, np.int64), *tables])
        self._weights, self._last = {}, {}

    @functools.cached_property
    def back(self):
        """The resampling that is the gradient of this one."""
        made = Resampling([each.back for each in self.taps])
        made.__dict__["back"], made.undoes = self, self.selects
        return made

    def weights(self, dtype):
        """Return the weights of all dimensions, one after the other."""
        if dtype not in self._weights:
            self._weights[dtype] = np.concatenate([each.weights_as(dtype) for each in self.taps])
        return self._weights[dtype]

    def last_lines(self, dtype):
        """Return the `Taps.lines` of the last dimension, the weights as arrays of `dtype` are computed with."""
        if dtype not in self._last:
            places, weights = self.taps[-1].lines
            self._last[dtype] = places, weights.astype(np.float32 if dtype == np.float16 else dtype)
        return self._last[dtype]
