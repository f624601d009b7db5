"""Sample inputs of operations, from which the gradient, reference and parity tests are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np


class Sample(NamedTuple):
    """The arguments of one call; arrays stand for tensors.

    Attributes
    ----------
    args : tuple
    kwargs : dict
    gradient : bool
        Whether the gradient is to be checked on this sample (not at kinks, not for integers).
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    gradient: bool = True


class Make:
    """Makes arrays of random numbers, the same in every run.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)

    def __call__(self, *shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray[Any, Any]:
        """Return a float64 array of a shape, uniform between ``low`` and ``high``."""
        return np.asarray(self._random.uniform(low, high, shape))

    def apart(self, *shape: int, gap: float = 0.1) -> np.ndarray[Any, Any]:
        """Return a float64 array of distinct values at least ``gap`` apart and away from 0 (for max, sort, median)."""
        count = int(np.prod(shape))
        values = (self._random.permutation(count) - count / 2 + 0.25) * gap * 2
        return values.reshape(shape)

    def integers(self, *shape: int, low: int = 0, high: int = 5) -> np.ndarray[Any, Any]:
        """Return an int64 array, uniform over ``low <= k < high``."""
        return np.asarray(self._random.integers(low, high, shape))

    def booleans(self, *shape: int) -> np.ndarray[Any, Any]:
        """Return a bool array, fair coins."""
        return np.asarray(self._random.integers(0, 2, shape).astype(bool))

    @staticmethod
    def sample(*args: Any, gradient: bool = True, **kwargs: Any) -> Sample:
        """Return the sample of a call with these arguments."""
        # NumPy makes scalars of 0-d arrays wherever it computes with them.
        arrays = tuple(np.asarray(each) if isinstance(each, np.generic) else each for each in args)
        return Sample(arrays, kwargs, gradient)


def elementwise_samples(make: Make, low: float = -2.0, high: float = 2.0, **kwargs: Any) -> Iterator[Sample]:
    """Yield vector, matrix, 0-d, empty and non-contiguous inputs between ``low`` and ``high``."""
    for shape in ((5,), (2, 3), (), (0,), (2, 0, 3)):
        yield make.sample(make(*shape, low=low, high=high), **kwargs)
    yield make.sample(make(4, 3, low=low, high=high).T, **kwargs)
    yield make.sample(make(6, low=low, high=high)[::2], **kwargs)


def binary_samples(make: Make, low: float = -2.0, high: float = 2.0, **kwargs: Any) -> Iterator[Sample]:
    """Yield pairs of equal, broadcast, 0-d, empty and non-contiguous inputs, and a Python number for the second."""

    def values(*shape: int) -> np.ndarray[Any, Any]:
        return make(*shape, low=low, high=high)

    for left, right in (
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((3,), ()),
        ((), ()),
        ((0,), (1,)),
        ((1,), (2, 0)),
    ):
        yield make.sample(values(*left), values(*right), **kwargs)
    yield make.sample(values(4, 3).T, values(4), **kwargs)
    yield make.sample(values(2, 3), high, **kwargs)
