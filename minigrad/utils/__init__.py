"""Utilities, at the paths where PyTorch has them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from minigrad.utils import data

if TYPE_CHECKING:
    from minigrad.utils import benchmark, checkpoint, dlpack, hooks

__all__ = ["benchmark", "checkpoint", "data", "dlpack", "hooks"]


def __getattr__(name: str) -> Any:
    """Import a submodule that is asked for as an attribute."""
    if name in ("benchmark", "checkpoint", "dlpack", "hooks"):
        return importlib.import_module(f"minigrad.utils.{name}")
    raise AttributeError(f"module 'minigrad.utils' has no attribute '{name}'")
