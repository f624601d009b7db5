"""Random numbers made on a GPU, by the counter-based generator Philox.

A number is a function of the seed and of its place in the stream, so all of a tensor's can be made at once. They are
not those that the CPU draws from the same seed, in PyTorch neither.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011,
doi:10.1145/2063384.2063405.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from minigrad_kernels.cuda import _memory
from minigrad_kernels.cuda import random as kernels

Array = Any


class PhiloxStream:
    """A position in the stream of numbers of one seed; each draw takes the next ones.

    Its methods are what `minigrad.random.continuous` and `minigrad.random.discrete` draw from the CPU's streams, under
    the same names, and return arrays of the current device.

    Attributes
    ----------
    seed : int
        In [0, 2**64).
    """

    __slots__ = ("_lock", "_offset", "seed")

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self.restart(seed)

    def restart(self, seed: int) -> None:
        """Go to the beginning of the stream of a seed."""
        self.seed, self._offset = seed, 0

    def state(self) -> np.ndarray[Any, Any]:
        """Return seed and position as 16 bytes."""
        return np.array([self.seed, self._offset], np.uint64).view(np.uint8)

    def restore(self, state: np.ndarray[Any, Any]) -> None:
        """Go to where a stream was when its state was taken."""
        if state.size != 16:
            raise RuntimeError("RNG state is wrong size")
        self.seed, self._offset = (int(each) for each in np.ascontiguousarray(state).view(np.uint64))

    def _advance(self, size: int, dtype: Any) -> tuple[int, int]:
        """Return the seed and the place of the next numbers, and step over so many."""
        with self._lock:
            offset = self._offset
            self._offset += kernels.counters(size, dtype)
        return self.seed, offset

    def standard_uniform(self, size: int, dtype: np.dtype[Any]) -> Array:
        """Return numbers uniform in [0, 1)."""
        return kernels.uniform((size,), dtype, *self._advance(size, dtype))

    def uniform(self, size: int, dtype: np.dtype[Any], low: float, high: float) -> Array:
        """Return numbers uniform in [low, high)."""
        return kernels.uniform((size,), dtype, *self._advance(size, dtype), low, high)

    def normal(self, size: int, dtype: np.dtype[Any], mean: float, std: float) -> Array:
        """Return normal numbers (Box and Muller)."""
        return kernels.normal((size,), dtype, *self._advance(size, dtype), mean, std)

    scattered_normal = normal

    def _positive(self, size: int, dtype: np.dtype[Any]) -> Array:
        """Return numbers uniform in (0, 1]."""
        wide = np.dtype(np.float64) if dtype.kind != "f" else dtype
        return wide.type(1) - self.standard_uniform(size, wide)

    def exponential(self, size: int, dtype: np.dtype[Any], rate: float) -> Array:
        """Return exponential numbers, ``-log(u) / rate``."""
        return -np.log(self._positive(size, dtype)) / dtype.type(rate)

    def cauchy(self, size: int, dtype: np.dtype[Any], median: float, sigma: float) -> Array:
        """Return numbers of the Cauchy distribution, ``median + sigma * tan(pi * (u - 1/2))``."""
        turns = self.standard_uniform(size, dtype) - dtype.type(0.5)
        return np.tan(turns * dtype.type(math.pi)) * dtype.type(sigma) + dtype.type(median)

    def log_normal(self, size: int, dtype: np.dtype[Any], mean: float, std: float) -> Array:
        """Return numbers whose logarithms are normal."""
        return np.exp(self.normal(size, dtype, mean, std))

    def geometric(self, size: int, dtype: np.dtype[Any], p: float) -> Array:
        """Return numbers of trials up to the first success, ``ceil(log(u) / log(1 - p))``, at least 1."""
        trials = np.ceil(np.log(self._positive(size, dtype)) / math.log1p(-p))
        return np.maximum(trials, 1).astype(dtype)

    def integers(self, size: int, dtype: np.dtype[Any], low: int, high: int) -> Array:
        """Return integers from low to high - 1."""
        return kernels.integers((size,), *self._advance(size, np.int64), low, high).astype(dtype, copy=False)

    def random_integers(self, size: int, dtype: np.dtype[Any]) -> Array:
        """Return integers from 0 to the largest that the dtype holds exactly."""
        from minigrad.random.discrete import largest_integer

        return self.integers(size, dtype, 0, largest_integer(dtype) + 1)

    def permutation(self, n: int) -> Array:
        """Return 0 to n - 1 in random order: the order that sorts random numbers."""
        return kernels.permutation(n, *self._advance(n, np.int64))

    def bernoulli(self, size: int, p: float) -> Array:
        """Return booleans, True with probability p."""
        return kernels.bernoulli((size,), p, *self._advance(size, np.bool_))

    def bernoulli_each(self, p: Array) -> Array:
        """Return a boolean for each element of an array of probabilities."""
        return self.standard_uniform(p.size, p.dtype) < p

    def multinomial(self, weights: Array, count: int, replacement: bool) -> Array:
        """Return ``count`` indices a row; see `minigrad.random.discrete.multinomial`."""
        if replacement and count > 1:
            cumulative = np.cumsum(weights.astype(np.float64), axis=1)
            wanted = self.standard_uniform(len(weights) * count, cumulative.dtype).reshape(len(weights), count)
            wanted = wanted * cumulative[:, -1:]
            rows = [np.searchsorted(row, want, side="right") for row, want in zip(cumulative, wanted, strict=True)]
            return np.stack(rows).astype(np.int64)
        waiting = self.exponential(weights.size, weights.dtype, 1.0).reshape(weights.shape)
        return np.argsort(waiting / weights, axis=1)[:, :count].astype(np.int64)

    def poisson(self, rates: Array) -> Array:
        """Return Poisson counts, which NumPy draws in its own memory."""
        seed, offset = self._advance(rates.size, rates.dtype)
        counts = np.random.default_rng([seed, offset]).poisson(_memory.to_host(rates))
        return _memory.to_device(counts.astype(rates.dtype))
