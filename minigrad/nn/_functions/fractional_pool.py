"""Max pooling over windows whose places are drawn, so that the output is a fraction of the input of any size."""

from __future__ import annotations

import functools
from typing import Any

from minigrad.ops.dims import hashable
from minigrad.ops.fractional_pool import max_pool_at
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
    shape = input.shape
    if samples is None and (output_size or ratio) and not input.is_floating_point():
        raise not_implemented("check_uniform_bounds", input.numpy())
    try:
        kernel, out = _find_sizes(shape, rank, kernel, output_size, ratio)
    except TypeError:  # perhaps because of lists, which cannot be remembered
        kernel, out = _find_sizes(shape, rank, *map(hashable, (kernel, output_size, ratio)))
    if samples is None:
        samples = rand(1 if len(shape) == rank + 1 else shape[0], shape[-rank - 1], rank, dtype=input.dtype)
    else:
        _check_samples(input, rank, samples)
    values, indices = max_pool_at(input, samples, kernel, out)
    named(values, f"FractionalMaxPool{rank}DBackward0")
    return (values, indices) if return_indices else values


@functools.lru_cache(maxsize=256)
def _find_sizes(
    shape: tuple[int, ...], rank: int, kernel: Any, output_size: Any, ratio: Any
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the windows' lengths and their number along each dimension, or refuse them; found out once."""
    name, lengths = f"fractional_max_pool{rank}d", shape[-rank:]
    function = name if rank == 2 else f"{name}_out"
    if output_size is None:
        if ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        output_size = tuple(int(n * r) for n, r in zip(lengths, per_dim(ratio, rank), strict=True))
    sizes = []
    for word, given in (("kernel_size", kernel), ("output_size", output_size)):
        found = per_dim(given, rank)
        if len(found) not in (1, rank):
            raise RuntimeError(f"{name}: {word} must either be a single Int or tuple of Ints")
        sizes.append(found * rank if len(found) == 1 else found)
    if len(shape) not in (rank + 1, rank + 2):
        raise RuntimeError(f"{function}(): Expected {rank + 1}D or {rank + 2}D tensor, but got: {list(shape)}")
    if 0 in shape[-rank - 1 :]:
        place = len(shape) - rank - 1 + list(shape[-rank - 1 :]).index(0)
        raise RuntimeError(
            f"{function}(): Expected input to have non-zero size for non-batch dimensions, but got{list(shape)} "
            f"with dimension {place} being empty."
        )
    for word, length, k, count in zip(_LENGTHS[rank], lengths, *sizes, strict=True):
        if count + k - 1 >= length + (rank == 2):
            raise RuntimeError(f"{function}(): pool {word} {k} too large relative to input {word} {length}")
    return sizes[0], sizes[1]


def _check_samples(input: Tensor, rank: int, samples: Tensor) -> None:
    """Refuse draws that are not those of each plane."""
    shape, given = input.shape, samples.shape
    if samples.dtype != input.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    if len(given) != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions, got {len(given)}")
    if given[0] < (1 if len(shape) == rank + 1 else shape[0]):
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")
    if given[1] != shape[-rank - 1]:
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")
    if given[2] != rank:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {rank}; got {given[2]}.")
