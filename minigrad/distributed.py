"""``torch.distributed`` as PyTorch has it when it is built without: programs may ask for it, and it is not there."""

from __future__ import annotations

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether several processes can train together: no."""
    return False
