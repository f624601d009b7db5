"""Linear algebra under the names of ``torch.linalg``: norms, solutions, factorisations, products; all batched."""

from __future__ import annotations

from minigrad.ops.errors import LinAlgError
from minigrad.ops.op import composed_table, table

_CALLS = {
    entry.name: entry.call for entry in (*table.values(), *composed_table.values()) if entry.namespace == "linalg"
}
globals().update(_CALLS)

__all__ = ["LinAlgError", *sorted(_CALLS)]
