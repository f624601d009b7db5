"""PyTorch's question about Intel's MKL, which minigrad does not use itself."""

from __future__ import annotations

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether Intel's MKL is used: never."""
    return False
