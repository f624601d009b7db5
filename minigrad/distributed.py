"""``torch.distributed`` of a process that trains alone: programs may ask, and nothing of it is there."""

from __future__ import annotations

__all__ = ["is_available", "is_initialized"]


def is_available() -> bool:
    """Whether several processes can train together: no."""
    return False


def is_initialized() -> bool:
    """Whether this process belongs to a group of them: no."""
    return False
