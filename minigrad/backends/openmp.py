"""PyTorch's question about OpenMP, which minigrad does not use itself."""

from __future__ import annotations

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether OpenMP is used: never."""
    return False
