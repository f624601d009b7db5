"""PyTorch's questions about Apple's GPUs, which minigrad does not use."""

from __future__ import annotations

__all__ = ["is_available", "is_built"]


def is_built() -> bool:
    """Whether this installation could use Apple's GPUs: never."""
    return False


def is_available() -> bool:
    """Whether Apple's GPUs can be used: never."""
    return False
