"""Python's ``multiprocessing``, with tensors in memory that processes share.

A tensor goes to another process as a copy of its elements, unless `Tensor.share_memory_` has moved it into shared
memory: then both processes see what either writes.
"""

from __future__ import annotations

import multiprocessing as _python
from multiprocessing import *  # noqa: F403

from minigrad.multiprocessing.spawn import (
    ProcessContext,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)

__all__ = [
    *_python.__all__,
    "ProcessContext",
    "ProcessExitedException",
    "ProcessRaisedException",
    "SpawnContext",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]

_STRATEGY = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """Return the names of the ways of sharing memory: by an open file that has no name."""
    return {_STRATEGY}


def get_sharing_strategy() -> str:
    """Return the name of the way in which memory is shared."""
    return _STRATEGY


def set_sharing_strategy(new_strategy: str) -> None:
    """Choose the way in which memory is shared; there is one.

    Raises
    ------
    ValueError
        For another.
    """
    if new_strategy != _STRATEGY:
        raise ValueError(f"minigrad shares memory by 'file_descriptor', not by {new_strategy!r}")
