"""PyTorch's paths for collation and workers, which programs import from."""

from __future__ import annotations

from minigrad.utils.data import collate, worker

__all__ = ["collate", "worker"]
