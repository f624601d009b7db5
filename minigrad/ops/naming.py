"""The names that PyTorch shows as ``grad_fn`` for functions that are one operation there and several here."""

from __future__ import annotations

from typing import Any


def named(result: Any, name: str) -> Any:
    """Let the node that made a result carry a name.

    Parameters
    ----------
    result : Tensor, or a tuple of them from one operation
        Not an input: its node is this call's alone.
    name : str
    """
    first = result[0] if isinstance(result, tuple) and result else result
    edge = getattr(first, "_node", None)
    if edge is not None:
        getattr(edge, "node", edge).label = name
    return result
