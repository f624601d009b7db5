"""Linear interpolation, the step of every moving average."""

from __future__ import annotations

from typing import Any

__all__ = ["lerp"]


def lerp(start: Any, end: Any, weight: float) -> Any:
    """Return ``start + weight * (end - start)``, computed from the nearer end (as PyTorch's ``lerp`` does).

    Parameters
    ----------
    start, end : array or Tensor
    weight : float
        0 gives ``start``, 1 gives ``end`` exactly.
    """
    if weight < 0.5:
        return start + weight * (end - start)
    return end - (end - start) * (1 - weight)
