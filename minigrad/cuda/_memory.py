"""The memory of GPUs: how much tensors take, and how much is kept for reuse.

Freed memory stays in a pool (CuPy's), from which the next tensor takes it without asking the driver.
"""

from __future__ import annotations

from typing import Any

from minigrad.cuda._devices import index_of
from minigrad_kernels.cuda import _memory


def memory_allocated(device: Any = None) -> int:
    """Return how many bytes of a device tensors take."""
    return _memory.usage(_index(device)).allocated


def max_memory_allocated(device: Any = None) -> int:
    """Return the most bytes of a device that tensors took at one time."""
    return _memory.usage(_index(device)).most_allocated


def memory_reserved(device: Any = None) -> int:
    """Return how many bytes of a device are taken or kept for reuse."""
    return _memory.usage(_index(device)).reserved


def max_memory_reserved(device: Any = None) -> int:
    """Return the most bytes of a device that were taken or kept for reuse at one time."""
    return _memory.usage(_index(device)).most_reserved


def reset_peak_memory_stats(device: Any = None) -> None:
    """Start counting the most bytes anew."""
    _memory.usage(_index(device)).reset_peak()


def empty_cache() -> None:
    """Give memory that is kept for reuse back to the driver."""
    if _memory.is_loaded():
        _memory.module().get_default_memory_pool().free_all_blocks()


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Return how many bytes of a device are free, and how many it has."""
    return _memory.module_device(index_of(device)).mem_info


def _index(device: Any) -> int:
    """Return the index of a device; 0 where none was used yet, whose counts are 0."""
    return index_of(device) if _memory.is_loaded() else 0
