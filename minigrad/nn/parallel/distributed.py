"""A module on several processes at once, of which there is one."""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """What programs ask for in ``isinstance``; there is never a group of processes to make one for.

    Raises
    ------
    ValueError
        As in PyTorch, where `distributed.is_initialized` is False.
    """

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")
