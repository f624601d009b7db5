"""Functions that PyTorch writes in Python, at its address for them: ``torch.functional.einsum``."""

from __future__ import annotations

from minigrad.low_rank import pca_lowrank, svd_lowrank
from minigrad.ops.op import composed_table, table
from minigrad.ops.stacking import broadcast_shapes
from minigrad.ranges import meshgrid

__all__ = ["broadcast_shapes", "meshgrid", "pca_lowrank", "svd_lowrank"]

_OF_THE_TABLE = (
    "atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors cartesian_prod cdist chain_matmul einsum lu norm "
    "split tensordot unique unique_consecutive unravel_index"
)

for _name in _OF_THE_TABLE.split():
    globals()[_name] = {**table, **composed_table}[_name].call
    __all__ += [_name]
