"""Shapes, views and joins. A view of a sample is a view of all samples, so that writing into it writes into them."""

from __future__ import annotations

import math
from typing import Any

from minigrad.batching.dispatch import NO_RULE, rule, wrap
from minigrad.batching.levels import Level, front
from minigrad.batching.rules.dims import shifted
from minigrad.batching.rules.elementwise import aligned
from minigrad.ops.dims import wrap_dim

__all__: list[str] = []


@rule("reshape", "view")
def _reshape(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, size = args
    sizes = list(size) if isinstance(size, (tuple, list)) else [size]
    if not all(isinstance(each, int) for each in sizes):
        return NO_RULE  # a view in another dtype
    if -1 in sizes:
        known = math.prod(each for each in sizes if each != -1)
        if sizes.count(-1) > 1 or not known or input.numel() % known:
            return NO_RULE  # the samples say in PyTorch's words what is wrong
        sizes[sizes.index(-1)] = input.numel() // known
    elif math.prod(sizes) != input.numel():
        return NO_RULE
    return wrap(level, entry.call(input.value, (level.size, *sizes)))


@rule("expand")
def _expand(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, size = args
    sizes = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    if len(sizes) < input.ndim:
        return NO_RULE
    return wrap(level, entry.call(aligned(input, level, len(sizes)), (level.size, *sizes)))


@rule("as_strided")
def _as_strided(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, size, stride, offset = args
    value = input.value
    start = value.storage_offset() + (offset or 0)  # a sample's memory begins where the sample does
    return wrap(level, entry.call(value, (level.size, *size), (value.stride(0), *stride), start))


@rule("sum_to_size")
def _sum_to_size(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, size = args
    extra = input.ndim - len(size)
    value = input.value.sum(tuple(range(1, extra + 1))) if extra else input.value
    return wrap(level, entry.call(value, (level.size, *size)))


@rule("repeat")
def _repeat(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, repeats = args
    counts = tuple(repeats) if isinstance(repeats, (tuple, list)) else (repeats,)
    if len(counts) < input.ndim:
        return NO_RULE
    return wrap(level, entry.call(aligned(input, level, len(counts)), (1, *counts)))


@rule("permute")
def _permute(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, dims = args
    if len(dims) != input.ndim:
        return NO_RULE
    return wrap(level, entry.call(input.value, (0, *shifted(dims, input.ndim))))


@rule("t")
def _t(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    (input,) = args
    if input.ndim > 2:
        return NO_RULE
    return wrap(level, input.value.transpose(1, 2) if input.ndim == 2 else input.value.view_as(input.value))


@rule("squeeze")
def _squeeze(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, dim = args
    if dim is None:
        dims = tuple(k + 1 for k, length in enumerate(input.shape) if length == 1)
    elif not input.ndim:
        dims = ()
    else:
        found = shifted(dim, input.ndim)
        dims = found if isinstance(found, tuple) else (found,)
    return wrap(level, entry.call(input.value, dims) if dims else input.value.view_as(input.value))


@rule("unsqueeze")
def _unsqueeze(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, dim = args
    return wrap(level, entry.call(input.value, wrap_dim(dim, input.ndim + 1) + 1))


@rule("cat")
def _cat(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    tensors, dim = args
    rank = max(each.ndim for each in tensors)
    if any(each.ndim != rank for each in tensors) or not rank:
        return NO_RULE
    return wrap(level, entry.call([front(each, level) for each in tensors], shifted(dim, rank)))


@rule("stack")
def _stack(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    tensors, dim = args
    return wrap(level, entry.call([front(each, level) for each in tensors], wrap_dim(dim, tensors[0].ndim + 1) + 1))


@rule("unfold_backward", "diagonal_backward")
def _view_backward(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    grad, shape, *rest = args
    names = entry.signature.names
    values = [shifted(each, len(shape)) if names[k + 2].startswith("dim") else each for k, each in enumerate(rest)]
    return wrap(level, entry.call(grad.value, (level.size, *shape), *values))
