"""Max pooling over windows whose places are drawn, so that the output is a fraction of the input of any size."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from minigrad.creation import from_numpy
from minigrad.ops.naming import named
from minigrad.ops.promotion import not_implemented
from minigrad.random import rand
from minigrad.tensor import Tensor

from .sizes import per_dim

_LENGTHS = {2: ("height", "width"), 3: ("time", "height", "width")}


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Return the largest element of each of so many windows, at places drawn for each image and channel [1]_.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, height, width), with or without the batch
    kernel_size : int or (int, int)
        Of the windows, which may overlap.
    output_size : int or (int, int), optional
        How many windows along each dimension.
    output_ratio : (float, float), optional
        The same, as a fraction of the input's lengths.
    return_indices : bool
        Whether to return, too, where each maximum was: its number among the elements of the channel.
    _random_samples : Tensor, shape (batch, channels, 2), optional
        Numbers between 0 and 1 to place the windows by, instead of drawn ones.

    References
    ----------
    .. [1] Graham. Fractional Max-Pooling. 2014. arXiv:1412.6071
    """
    return _pool(input, 2, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Return the largest element of each of so many windows of a volume; see `fractional_max_pool2d`."""
    return _pool(input, 3, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def _pool(
    input: Tensor, rank: int, kernel: Any, output_size: Any, ratio: Any, return_indices: bool, samples: Tensor | None
) -> Any:
    name = f"fractional_max_pool{rank}d"
    if output_size is None:
        if ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        ratios = per_dim(ratio, rank)
        output_size = tuple(int(input.size(k - rank) * ratios[k]) for k in range(rank))
    if samples is None:
        batch = 1 if input.dim() == rank + 1 else input.size(0)
        channels = input.size(-rank - 1)
        if not input.is_floating_point():
            raise not_implemented("check_uniform_bounds", input.numpy())
        samples = rand(batch, channels, rank, dtype=input.dtype)
    kernel, out = _checked(name, input, rank, kernel, output_size, samples)
    places = _find_maxima(input, rank, kernel, out, samples.numpy(force=True))
    indices = from_numpy(places.reshape(*input.shape[:-rank], *out)).to(input.device)
    values = input.flatten(-rank).gather(-1, indices.flatten(-rank)).reshape(indices.shape)
    values = named(values, f"FractionalMaxPool{rank}DBackward0")
    return (values, indices) if return_indices else values


def _checked(
    name: str, input: Tensor, rank: int, kernel: Any, output_size: Any, samples: Tensor
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the windows' lengths and their number along each dimension, or refuse them."""
    sizes = []
    for word, given in (("kernel_size", kernel), ("output_size", output_size)):
        found = per_dim(given, rank)
        if len(found) not in (1, rank):
            raise RuntimeError(f"{name}: {word} must either be a single Int or tuple of Ints")
        sizes.append(found * rank if len(found) == 1 else found)
    if samples.dtype != input.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    if samples.size(2) != rank:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {rank}; got {samples.size(2)}.")
    lengths = input.shape[-rank:]
    if 0 in input.shape[-rank - 1 :]:
        place = input.dim() - rank - 1 + list(input.shape[-rank - 1 :]).index(0)
        raise RuntimeError(
            f"{name}(): Expected input to have non-zero size for non-batch dimensions, but got{list(input.shape)} "
            f"with dimension {place} being empty."
        )
    for word, length, k, count in zip(_LENGTHS[rank], lengths, *sizes, strict=True):
        if count + k - 1 >= length + (rank == 2):
            function = name if rank == 2 else f"{name}_out"
            raise RuntimeError(f"{function}(): pool {word} {k} too large relative to input {word} {length}")
    return sizes[0], sizes[1]


def _find_maxima(
    input: Tensor, rank: int, kernel: tuple[int, ...], out: tuple[int, ...], samples: Any
) -> np.ndarray[Any, Any]:
    """Return the place, within its channel, of each window's first maximum: (batch * channels, windows)."""
    lengths = input.shape[-rank:]
    planes = input.numpy(force=True).reshape(math.prod(input.shape[:-rank]), math.prod(lengths))
    draws = samples.reshape(-1, rank)[: len(planes)]
    # PyTorch's first draw of an image is the width's; of a volume, they are in order.
    draws = draws[:, ::-1] if rank == 2 else draws
    starts: Any = np.zeros((len(planes), 1), np.int64)
    for length, k, count, draw in zip(lengths, kernel, out, draws.T, strict=True):
        starts = starts[:, :, None] * length + _starts(draw, length, count, k)[:, None, :]
        starts = starts.reshape(len(planes), math.prod(starts.shape[1:]))
    steps = np.ravel_multi_index(list(zip(*itertools.product(*map(range, kernel)), strict=True)), lengths)
    windows = starts[:, :, None] + steps
    values = planes[np.arange(len(planes))[:, None, None], windows]
    return starts + steps[values.argmax(-1)]


def _starts(draws: Any, length: int, count: int, kernel: int) -> Any:
    """Return where the windows start along a dimension: Graham's pseudo-random sequence, one row a draw."""
    last = length - kernel
    if count < 2:
        return np.full((len(draws), count), last)
    step = draws.dtype.type(last) / draws.dtype.type(count - 1)
    numbers = np.arange(count, dtype=draws.dtype) + draws[:, None]
    starts = (numbers * step).astype(np.int64) - (draws[:, None] * step).astype(np.int64)
    starts[:, -1] = last
    return starts
