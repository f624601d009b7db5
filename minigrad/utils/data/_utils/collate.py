"""The path ``utils.data._utils.collate``, under which PyTorch's users extend collation."""

from __future__ import annotations

from minigrad.utils.data.collate import collate, default_collate, default_collate_fn_map, default_convert

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]
