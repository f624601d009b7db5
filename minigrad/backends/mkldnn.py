"""PyTorch's question about oneDNN, which minigrad does not use itself."""

from __future__ import annotations

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether oneDNN is used: never."""
    return False
