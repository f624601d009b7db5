"""GPUs: which there are, their memory, their streams of work, and their random numbers.

CuPy holds the memory and Numba's kernels compute; both come with ``pip install minigrad[cuda]``. Without them, or
without a GPU, the questions here are answered all the same, and what needs a GPU says what is missing.
`docs/cuda.md` tells more.
"""

from __future__ import annotations

import importlib
from typing import Any

from minigrad.cuda._devices import (
    current_device,
    device,
    device_count,
    get_device_capability,
    get_device_name,
    get_device_properties,
    init,
    is_available,
    is_bf16_supported,
    is_initialized,
    set_device,
    synchronize,
)
from minigrad.cuda._memory import (
    empty_cache,
    max_memory_allocated,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_reserved,
    reset_peak_memory_stats,
)
from minigrad.cuda._streams import Event, Stream, current_stream, default_stream, stream
from minigrad.cuda.random import (
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)
from minigrad.legacy import CUDA_TYPES

__all__ = [
    "Event",
    "Stream",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_rng_state",
    "get_rng_state_all",
    "init",
    "initial_seed",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_reserved",
    "reset_peak_memory_stats",
    "seed",
    "seed_all",
    "set_device",
    "set_rng_state",
    "set_rng_state_all",
    "stream",
    "synchronize",
]

globals().update(CUDA_TYPES)
__all__ += list(CUDA_TYPES)


def __getattr__(name: str) -> Any:
    """Import ``cuda.amp`` when it is asked for as an attribute; answer programs that ask for PyTorch's inner name."""
    if name == "_initialized":
        return is_initialized()
    if name == "amp":
        return importlib.import_module("minigrad.cuda.amp")
    raise AttributeError(f"module 'minigrad.cuda' has no attribute '{name}'")
