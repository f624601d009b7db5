"""Joining tensors, and taking them apart."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.dims import wrap_dim
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import common_dtype
from minigrad.ops.shape import row_major

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _same_dtype(arrays: Sequence[Any]) -> list[Any]:
    dtype = arrays[0].dtype
    for each in arrays:
        if each.dtype is not dtype and each.dtype != dtype:
            dtype = common_dtype(*arrays)
            return [other.astype(dtype, copy=False) for other in arrays]
    return list(arrays)


def _concatenate(arrays: Sequence[Any], axis: int) -> Any:
    """Join arrays in row-major order, whatever theirs; only images whose channels all lie together stay so."""
    joined = np.concatenate(arrays, axis)
    if joined.flags.c_contiguous or all(map(_has_channels_last, arrays)):
        return joined
    return row_major(joined)


def _has_channels_last(array: Any) -> bool:
    """Whether the channels of a batch of images or volumes are neighbours in memory."""
    if array.ndim not in (4, 5) or not array.size:
        return False
    batch, channels, *inner = array.strides
    order = [channels, *inner[::-1], batch]
    lengths = [array.shape[1], *array.shape[:1:-1]]
    steps = zip(order, order[1:], lengths, strict=False)
    return batch != channels and all(after >= before * length for before, after, length in steps)


@op(method=False, aliases=("concat", "concatenate"), reference=lambda xs, dim=0: np.concatenate(xs, axis=dim))
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along a dimension that they have; the other lengths must agree.

    1-D empty tensors are skipped whatever the others' number of dimensions, as in PyTorch.
    """
    try:
        joined = np.concatenate(tensors, operator.index(dim))
        if joined.dtype is tensors[0].dtype and joined.flags.c_contiguous:
            return joined
    except ValueError:
        pass  # empty vectors, which PyTorch skips, or shapes that do not fit
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    arrays = _same_dtype(tensors)
    for k, each in enumerate(arrays):
        if each.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {k}) cannot be concatenated")
    first = next((each for each in arrays if each.shape != (0,)), arrays[0])
    place = wrap_dim(dim, first.ndim)
    some = [each for each in arrays if each.shape != (0,) or first.ndim == 1]
    for k, each in enumerate(arrays):
        if each.shape == (0,):
            continue
        if each.ndim != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and {each.ndim}")
        for axis, (length, expected) in enumerate(zip(each.shape, first.shape, strict=True)):
            if axis != place and length != expected:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {place}. Expected size {expected} but got size "
                    f"{length} for tensor number {k} in the list."
                )
    return _concatenate(some, place)


@cat.gradient
def _(grad, tensors_shape, dim, needs):
    dim = wrap_dim(dim, grad.ndim)
    gradients = []
    start = 0
    for shape, wanted in zip(tensors_shape, needs, strict=True):
        length = shape[dim] if shape != (0,) or grad.ndim == 1 else 0
        part = (slice(None),) * dim + (slice(start, start + length),)
        gradients.append(grad[part] if wanted and shape != (0,) else None)
        start += length
    return gradients


@cat.samples
def _(make):
    yield make.sample([make(2, 3), make(4, 3)])
    yield make.sample([make(2, 3), make(2, 1), make(2, 0)], dim=1)
    yield make.sample([make(2, 3), make(2, 3)], dim=-1)
    yield make.sample([make(2), make(0), make(3)])
    yield make.sample([make(3, 2).T, make(1, 3)])


@op(reference=lambda xs, dim=0: np.stack(xs, axis=dim))
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors of one shape along a new dimension."""
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    arrays = _same_dtype(tensors)
    shape = arrays[0].shape
    for k, each in enumerate(arrays):
        if each.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and {list(each.shape)} "
                f"at entry {k}"
            )
    place = wrap_dim(dim, len(shape) + 1)
    if place == len(shape):
        return row_major(_concatenate([each[(..., None)] for each in arrays], place))
    return _concatenate(arrays, place).reshape(*shape[:place], len(arrays), *shape[place:])


@stack.gradient
def _(grad, dim, needs):
    dim = wrap_dim(dim, grad.ndim)
    return [grad[(slice(None),) * dim + (k,)] if wanted else None for k, wanted in enumerate(needs)]


@stack.samples
def _(make):
    yield make.sample([make(2, 3), make(2, 3)])
    yield make.sample([make(2, 3), make(2, 3), make(2, 3)], dim=-1)
    yield make.sample([make(), make()])
    yield make.sample([make(0, 2), make(0, 2)], dim=1)


@op(method=True, view=True, outputs=("outputs",), reference=lambda x, dim=0: list(np.moveaxis(x, dim, 0)))
def unbind(input: Tensor, dim: int = 0) -> Tensor:
    """Views of the entries along a dimension, as a tuple."""
    if not input.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    dim = wrap_dim(dim, input.ndim)
    before = (slice(None),) * dim
    places = [(*before, k, Ellipsis) for k in range(input.shape[dim])]
    return tuple([input[place] for place in places])


@unbind.gradient
def _(grads, dim):
    return stack(list(grads), dim)


@unbind.samples
def _(make):
    yield make.sample(make(3, 2))
    yield make.sample(make(3, 2), 1)
    yield make.sample(make(3))


@op(namespace=None, name="split_parts", view=True, outputs=("outputs",), node="SplitBackward0")
def split_parts(input: Tensor, sizes: tuple[int, ...], dim: int) -> Tensor:
    """Views of consecutive parts of the given lengths along a dimension."""
    before = (slice(None),) * dim
    ends = itertools.accumulate(sizes)
    parts = [(*before, slice(end - size, end)) for end, size in zip(ends, sizes, strict=True)]
    return tuple([input[part] for part in parts])


@split_parts.gradient
def _(grads, dim):
    return cat(list(grads), dim)


@split_parts.samples
def _(make):
    yield make.sample(make(5, 2), (2, 3), 0)
    yield make.sample(make(2, 4), (1, 1, 2), 1)


@composed(method=True, reference=references.split)
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> Any:
    """Views of consecutive parts along a dimension: each of a given length, or of the lengths listed.

    The last of equal parts may be shorter.

    Returns
    -------
    tuple of Tensor
    """
    place, length = _divided(tensor, "split", dim)
    if not isinstance(split_size_or_sections, int):
        return split_with_sizes(tensor, split_size_or_sections, place)
    size = split_size_or_sections
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and length:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}")
    return split_parts(tensor, _equal_parts(length, size), place)


def _divided(tensor: Any, name: str, dim: int) -> tuple[int, int]:
    """Return the dimension that ``name`` divides, and its length.

    Raises
    ------
    RuntimeError
        For a tensor that has none.
    """
    shape = tensor.shape
    if not shape:
        raise RuntimeError(f"{name} expects at least a 1-dimensional tensor")
    place = wrap_dim(dim, len(shape))
    return place, shape[place]


def _equal_parts(length: int, size: int) -> tuple[int, ...]:
    """Return the lengths of parts of one length, of which the last may be shorter."""
    if not size or not length:
        return (0,)
    count, rest = divmod(length, size)
    return (size,) * count + (rest,) * (rest > 0)


split.entry.signature.also("split_size", "split_size_or_sections")


@split.samples
def _(make):
    yield make.sample(make(5, 2), 2)
    yield make.sample(make(5, 2), [1, 4])
    yield make.sample(make(2, 6), 3, dim=-1)


@composed(method=True, reference=references.split)
def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> Any:
    """Views of consecutive parts of the lengths listed along a dimension, as a tuple."""
    place, length = _divided(input, "split", dim)
    sizes = list(split_sizes)
    if sizes and min(sizes) < 0:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={sizes}"
        )
    if sum(sizes) != length:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at "
            f"dimension {place}), but got split_sizes={sizes}"
        )
    return named(split_parts(input, tuple(sizes), place), "SplitWithSizesBackward0")


@split_with_sizes.samples
def _(make):
    yield make.sample(make(5, 2), [1, 4])
    yield make.sample(make(2, 6), (3, 0, 3), dim=-1)
    yield make.sample(make(0, 2), [0])


@composed(method=True, reference=references.chunk)
def chunk(input: Tensor, chunks: int, dim: int = 0) -> Any:
    """Views of at most ``chunks`` consecutive parts of equal length along a dimension; the last may be shorter."""
    place, length = _divided(input, "chunk", dim)
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    sizes = _equal_parts(length, -(-length // chunks)) if length else (0,) * chunks
    return split_parts(input, sizes, place)


@composed(method=True, reference=references.chunk)
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> Any:
    """Parts as of `chunk`, whose names promise that nobody writes into them."""
    return named(chunk(input, chunks, dim), "UnsafeSplitBackward0")


@unsafe_chunk.samples
def _(make):
    yield make.sample(make(5, 2), 2)


@composed(method=True, reference=references.split)
def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> Any:
    """Parts as of `split`, whose names promise that nobody writes into them."""
    return named(split(input, split_size, dim), "UnsafeSplitBackward0")


@unsafe_split.samples
def _(make):
    yield make.sample(make(5, 2), 2)


@composed(method=True, reference=references.split)
def unsafe_split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> Any:
    """Parts as of `split_with_sizes`, whose names promise that nobody writes into them."""
    return named(split_with_sizes(input, split_sizes, dim), "UnsafeSplitWithSizesBackward0")


@unsafe_split_with_sizes.samples
def _(make):
    yield make.sample(make(5, 2), [1, 4])


@chunk.samples
def _(make):
    yield make.sample(make(5, 2), 2)
    yield make.sample(make(2, 6), 3, dim=-1)
