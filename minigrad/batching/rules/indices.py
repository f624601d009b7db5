"""Reading and writing at indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.batching.dispatch import NO_RULE, is_batched, rule, wrap
from minigrad.batching.levels import Level, front
from minigrad.batching.rules.dims import shifted
from minigrad.ops.backend import is_array
from minigrad.ranges import arange

__all__ = ["offsets"]


@rule("basic_index")
def _basic_index(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, index = args
    return wrap(level, entry.call(input.value, (slice(None), *index)))


@rule("basic_index_backward")
def _basic_index_backward(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    grad, shape, index = args
    return wrap(level, entry.call(grad.value, (level.size, *shape), (slice(None), *index)))


def _moved_first(index: tuple[Any, ...]) -> int | None:
    """Return how many dimensions NumPy puts before all others for an index; None where they keep their place."""
    places = [k for k, each in enumerate(index) if is_array(each)]
    if places[-1] - places[0] + 1 == len(places):
        return None
    shapes = [(1,) if each.dtype.kind == "b" else each.shape for each in index if is_array(each)]
    return len(np.broadcast_shapes(*shapes))


@rule("advanced_index")
def _advanced_index(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, index = args
    first = _moved_first(index)
    result = entry.call(input.value, (slice(None), *index))
    return wrap(level, result if first is None else result.movedim(first, 0))


@rule("advanced_index_backward")
def _advanced_index_backward(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    grad, shape, index = args
    first = _moved_first(index)
    values = grad.value if first is None else grad.value.movedim(0, first)
    return wrap(level, entry.call(values, (level.size, *shape), (slice(None), *index)))


@rule("gather", "scatter_add", "scatter_set", "scatter_reduce")
def _gather(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, dim, index, *rest = args
    if not input.ndim or index.ndim != input.ndim:
        return NO_RULE
    if rest and hasattr(rest[0], "ndim"):
        if rest[0].ndim != input.ndim:
            return NO_RULE
        rest[0] = front(rest[0], level)
    elif rest and entry.name != "gather":
        return NO_RULE
    return wrap(level, entry.call(front(input, level), shifted(dim, input.ndim), front(index, level), *rest))


@rule("gather_backward")
def _gather_backward(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    grad, shape, dim, index = args
    if not shape or index.ndim != len(shape):
        return NO_RULE
    values = (front(grad, level), (level.size, *shape), shifted(dim, len(shape)), front(index, level))
    return wrap(level, entry.call(*values))


@rule("index_select")
def _index_select(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, dim, index = args
    if not input.ndim:
        return NO_RULE
    if not is_batched(index, level):
        return wrap(level, entry.call(input.value, shifted(dim, input.ndim), index))
    if index.ndim != 1:
        return NO_RULE
    place = shifted(dim, input.ndim) - 1
    shape = [*input.shape[:place], index.shape[0], *input.shape[place + 1 :]]
    spread = index.reshape([-1 if k == place else 1 for k in range(input.ndim)]).expand(shape)
    return input.gather(place, spread)


@rule("index_add_to_zeros")
def _index_add_to_zeros(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    grad, shape, dim, index = args
    if is_batched(index, level) or not shape:
        return NO_RULE
    return wrap(level, entry.call(grad.value, (level.size, *shape), shifted(dim, len(shape)), index))


@rule("index_add", "index_copy")
def _index_add(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, dim, index, source, *rest = args
    if is_batched(index, level) or not input.ndim or source.ndim != input.ndim:
        return NO_RULE
    return wrap(level, entry.call(front(input, level), shifted(dim, input.ndim), index, front(source, level), *rest))


@rule("put_along_dim")
def _put_along_dim(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    """Places inside the samples' gradients; the indices are one array for all."""
    grad, indices, shape, dim = args
    if not shape:
        return NO_RULE
    array = getattr(indices, "value", indices)
    array = getattr(array, "_array", array)
    if not is_batched(indices, level):
        array = np.broadcast_to(array, (level.size, *array.shape))
    return wrap(level, entry.call(front(grad, level), array, (level.size, *shape), shifted(dim, len(shape))))


def offsets(indices: Any, level: Level, step: int) -> Any:
    """Return the indices of all samples into rows that lie one sample after the other, ``step`` rows each."""
    starts = arange(level.size, dtype=indices.dtype) * step
    return front(indices, level) + starts.reshape([-1] + [1] * indices.ndim)


@rule("embedding_rows")
def _embedding(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    weight, indices, padding_idx = args
    if not is_batched(weight, level):
        return wrap(level, entry.call(weight, indices.value, padding_idx))
    if padding_idx not in (None, -1):
        return NO_RULE
    rows = weight.value.reshape((-1, weight.shape[1]))
    return wrap(level, entry.call(rows, offsets(indices, level, weight.shape[0]), padding_idx))


@rule("bucketize", "isin")
def _looked_up(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, *rest = args
    return NO_RULE if any(is_batched(each, level) for each in rest) else wrap(level, entry.call(input.value, *rest))


@rule("functional.one_hot")
def _one_hot(entry: Any, level: Level, args: tuple[Any, ...]) -> Any:
    input, classes = args
    return NO_RULE if classes < 0 else wrap(level, entry.call(input.value, classes))
