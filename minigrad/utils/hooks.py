"""Handles of hooks, at the address where PyTorch has them."""

from __future__ import annotations

from minigrad.autograd.hooks import RemovableHandle

__all__ = ["RemovableHandle"]
