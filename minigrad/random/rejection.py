"""Samples by rejection: gamma, Dirichlet and binomial numbers, each of which takes as many words as it needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.random.continuous import normal_pairs, u53
from minigrad.random.discrete import binomial_of
from minigrad.random.generator import Generator, stream_of
from minigrad.random.mapped import vmappable
from minigrad.random.stream import Array, Stream
from minigrad.tensor import Tensor

__all__ = ["binomial", "standard_dirichlet", "standard_gamma"]


def _gammas(stream: Stream, shapes: Array) -> Array:
    """Return gamma numbers in float64, one for each shape [1]_.

    References
    ----------
    .. [1] G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", 2000.
    """

    def uniform() -> float:
        return float(u53(stream.take(2))[0])

    def normal() -> float:
        return float(normal_pairs(stream, 1, 0.0, 1.0)[0])

    return np.array([_gamma(float(each), uniform, normal) for each in shapes.reshape(-1)]).reshape(shapes.shape)


def _gamma(shape: float, uniform: Callable[[], float], normal: Callable[[], float]) -> float:
    scale = 1.0
    if shape < 1:
        if shape == 0:
            return 0.0
        scale = (1 - uniform()) ** (1 / shape)
        shape += 1
    d = shape - 1 / 3
    c = 1 / math.sqrt(9 * d)
    while True:
        x = normal()
        y = 1 + c * x
        while y <= 0:
            x = normal()
            y = 1 + c * x
        v = y * y * y
        u = 1 - uniform()
        xx = x * x
        if u < 1 - 0.0331 * xx * xx or math.log(u) < 0.5 * xx + d * (1 - v + math.log(v)):
            return scale * d * v


def _array_of(name: str, input: Any) -> Array:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return input._array


@vmappable
def standard_gamma(concentration: Tensor, generator: Generator | None = None) -> Tensor:
    """Return gamma numbers of rate 1, one for each shape; without a graph."""
    shapes = _array_of("_standard_gamma", concentration)
    drawn = _gammas(stream_of(generator, "_standard_gamma"), shapes).astype(shapes.dtype)
    return Tensor._wrap(np.maximum(drawn, np.finfo(shapes.dtype).tiny))


@vmappable
def standard_dirichlet(concentration: Tensor, generator: Generator | None = None) -> Tensor:
    """Return vectors of positive numbers with sum 1, one for each vector of shapes; without a graph."""
    shapes = _array_of("_sample_dirichlet", concentration)
    gammas = _gammas(stream_of(generator, "_sample_dirichlet"), shapes.astype(np.float64))
    kind = shapes.dtype.type
    drawn = (gammas / gammas.sum(-1, keepdims=True)).astype(shapes.dtype)
    return Tensor._wrap(np.clip(drawn, np.finfo(kind).tiny, np.nextafter(kind(1), kind(0))))


@vmappable
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """Return numbers of successes in ``count`` trials of probability ``prob``, elementwise.

    Parameters
    ----------
    count, prob : Tensor
        Of one floating dtype; they broadcast.
    generator : Generator, optional

    Raises
    ------
    RuntimeError
        For counts and probabilities of two dtypes, or of integers.
    """
    counts, chances = _array_of("binomial", count), _array_of("binomial", prob)
    if counts.dtype != chances.dtype:
        raise RuntimeError("Found dtype mismatch between count and prob: they must be of one floating point dtype")
    counts, chances = np.broadcast_arrays(counts, chances)
    drawn = binomial_of(stream_of(generator, "binomial"), counts.reshape(-1), chances.reshape(-1))
    return Tensor._wrap(drawn.reshape(counts.shape))
