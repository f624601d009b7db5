"""Tensors as the state of a parameter starts: of its shape, dtype and device."""

from __future__ import annotations

from minigrad.creation import full
from minigrad.tensor import Tensor

__all__ = ["full_like", "ones_like", "zeros_like"]


def full_like(p: Tensor, value: float) -> Tensor:
    """Return a tensor like ``p``, all elements equal."""
    return full(p.shape, value, dtype=p.dtype, device=p.device)


def zeros_like(p: Tensor) -> Tensor:
    """Return zeros like ``p``."""
    return full_like(p, 0)


def ones_like(p: Tensor) -> Tensor:
    """Return ones like ``p``."""
    return full_like(p, 1)
