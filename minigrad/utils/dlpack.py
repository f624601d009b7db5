"""Handing memory to other libraries and taking theirs, by DLPack."""

from __future__ import annotations

from typing import Any

from minigrad.exchange import from_dlpack

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Any) -> Any:
    """Return a capsule with a tensor's memory, to be read once by another library's ``from_dlpack``."""
    return tensor.__dlpack__()
