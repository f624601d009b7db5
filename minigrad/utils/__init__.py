"""Utilities, at the paths where PyTorch has them."""

from __future__ import annotations

from minigrad.utils import data

__all__ = ["data"]
