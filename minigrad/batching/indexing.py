"""``x[index]`` and ``x[index] = value`` with batched tensors among them."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.batching.dispatch import NO_BATCH_IN_PLACE, by_samples, is_batched
from minigrad.batching.levels import Level, deepest, front
from minigrad.batching.tensor import BatchedTensor, batch
from minigrad.creation import as_tensor
from minigrad.ops.index import advanced_index, basic_index, get_item
from minigrad.ops.index import set_item as set_plain_item
from minigrad.ops.index_parts import split_index
from minigrad.ops.state import NeedsValues, Upper
from minigrad.ranges import arange
from minigrad.tensor import Tensor

__all__ = ["get_batched", "set_item"]


def get_batched(tensor: Any, index: Any) -> Any:
    """Return ``tensor[index]`` where the tensor or an index is batched."""
    entries = index if isinstance(index, (tuple, list)) else (index,)
    level = deepest(entries)
    if level is None or (isinstance(tensor, BatchedTensor) and tensor.level.depth > level.depth):
        return _by_plain_index(tensor, index)
    if isinstance(index, BatchedTensor) and index.dtype.numpy.kind in "iu":
        rows = index.value
        if not is_batched(tensor, level):
            return batch(level, tensor[rows])
        if not isinstance(rows, BatchedTensor):
            samples = arange(level.size).reshape([-1] + [1] * index.ndim)
            return batch(level, tensor.value[samples, rows])
    if any(isinstance(each, BatchedTensor) and each.dtype.numpy.kind == "b" for each in entries):
        raise RuntimeError(
            "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over "
            "indexing with a boolean mask."
        )
    return by_samples(get_item, (tensor, index), {})


def _by_plain_index(tensor: Any, index: Any) -> Any:
    """Return ``tensor[index]`` of a batched tensor and an index that is the same for all samples."""
    shape_only = np.broadcast_to(np.empty((), tensor.dtype.numpy), tuple(tensor.shape))
    basic, advanced = split_index(shape_only, index)
    if basic is not None:
        tensor = basic_index(tensor, basic)
    return tensor if advanced is None else advanced_index(tensor, advanced)


def set_item(tensor: Any, index: Any, value: Any) -> None:
    """Carry out ``tensor[index] = value`` for a batched tensor.

    Raises
    ------
    RuntimeError
        When the index differs from sample to sample at places that one write cannot reach.
    """
    if not isinstance(tensor, BatchedTensor):
        raise NeedsValues(NO_BATCH_IN_PLACE)
    level: Level = tensor.level
    entries = index if isinstance(index, (tuple, list)) else (index,)
    deeper = deepest((value, entries))
    if deeper is not None and deeper.depth > level.depth:
        raise NeedsValues(NO_BATCH_IN_PLACE)
    if not isinstance(value, Tensor):
        value = as_tensor(value, dtype=tensor.dtype)
    target = tensor[index] if deepest(entries) is not level else None
    if target is not None and _is_view(index):
        target.copy_(value)
        return
    for k in range(level.size):
        part = front(value, level)[k] if is_batched(value, level) else value
        set_plain_item(tensor.value[k], _sample_of(index, level, k), part)


def _is_view(index: Any) -> bool:
    """Whether an index gives a view: integers, slices, None and Ellipsis."""
    entries = index if isinstance(index, tuple) else (index,)
    return all(
        each is None or each is Ellipsis or (isinstance(each, (int, slice)) and not isinstance(each, bool))
        for each in entries
    )


def _sample_of(index: Any, level: Level, k: int) -> Any:
    if isinstance(index, (tuple, list)):
        return type(index)(_sample_of(each, level, k) for each in index)
    return index.value[k] if is_batched(index, level) else index


Upper.batched_index = get_batched  # type: ignore[method-assign]
Upper.batched_write = set_item  # type: ignore[method-assign]
