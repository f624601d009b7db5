"""Batch normalisation without running averages, which pure functions cannot update."""

from __future__ import annotations

from typing import Any

from minigrad.nn.batchnorm import PlainBatchNorm

__all__ = ["replace_all_batch_norm_modules_"]


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Take the running averages away from all layers of batch normalisation in a module, in place, and return it."""
    for layer in root.modules():
        if isinstance(layer, PlainBatchNorm) and layer.track_running_stats:
            layer.running_mean = layer.running_var = layer.num_batches_tracked = None
            layer.track_running_stats = False
    return root
