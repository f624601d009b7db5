"""The levels of ``vmap`` that are open, and the moves of batch dimensions between them.

Every call of a function under ``vmap`` opens a level. A tensor batched at several levels is a batched tensor whose
tensor behind is batched itself; the deepest level, opened last, is the outermost wrapper.
"""

from __future__ import annotations

import threading
from typing import Any

from minigrad.batching.tensor import BatchedTensor, batch
from minigrad.ops.state import mode

__all__ = ["Level", "bind", "front", "lift", "lower", "open_levels"]


class Level:
    """One call of a function under ``vmap``.

    Attributes
    ----------
    depth : int
        How many levels are open around it.
    size : int
        The number of samples.
    randomness : str
        "error", "same" or "different": what random functions do.
    """

    __slots__ = ("depth", "randomness", "size")

    def __init__(self, size: int, randomness: str = "error") -> None:
        self.size = size
        self.randomness = randomness
        self.depth = -1

    def __enter__(self) -> Level:
        self.depth = len(_thread.levels)
        _thread.levels.append(self)
        mode.mapped += 1
        return self

    def __exit__(self, *error: object) -> None:
        _thread.levels.pop()
        mode.mapped -= 1


class _Thread(threading.local):
    def __init__(self) -> None:
        self.levels: list[Level] = []


_thread = _Thread()


def open_levels() -> list[Level]:
    """Return the levels that are open in this thread, the outermost first."""
    return list(_thread.levels)


def deepest(values: Any) -> Level | None:
    """Return the deepest level at which a tensor among ``values`` (nested lists and dictionaries too) is batched."""
    found: Level | None = None
    for each in values:
        if isinstance(each, BatchedTensor):
            level = each.level
        elif isinstance(each, (list, tuple)):
            level = deepest(each)
        elif isinstance(each, dict):
            level = deepest(each.values())
        else:
            continue
        if level is not None and (found is None or level.depth > found.depth):
            found = level
    return found


def front(tensor: Any, level: Level) -> Any:
    """Return a tensor with the samples of a level as its first dimension; repeated where it is not batched there."""
    if not isinstance(tensor, BatchedTensor) or tensor.level.depth < level.depth:
        return tensor.unsqueeze(0).expand(level.size, *tensor.shape)
    if tensor.level is level:
        return tensor.value
    return batch(tensor.level, front(tensor.value, level).transpose(0, 1))


def bind(tensor: Any, level: Level) -> Any:
    """Return a tensor batched at a level, whose samples are the first dimension: the inverse of `front`."""
    if isinstance(tensor, BatchedTensor) and tensor.level.depth > level.depth:
        return batch(tensor.level, bind(tensor.value.transpose(0, 1), level))
    return batch(level, tensor)


def lower(tensor: Any, levels: list[Level]) -> Any:
    """Return a tensor with the samples of several levels as its first dimensions, the outermost level first."""
    for level in reversed(levels):
        tensor = front(tensor, level)
    return tensor


def lift(tensor: Any, levels: list[Level]) -> Any:
    """Return a tensor batched at several levels: the inverse of `lower`."""
    for level in levels:
        tensor = bind(tensor, level)
    return tensor
