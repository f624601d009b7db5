"""The graph itself: the class of its nodes."""

from __future__ import annotations

from typing import Any

from minigrad.autograd.node import Node
from minigrad.ops.state import Upper

__all__ = ["Node", "increment_version"]


def increment_version(tensor: Any) -> None:
    """Count a write that was made behind minigrad's back, through ``x.numpy()`` say.

    Parameters
    ----------
    tensor : Tensor or iterable of Tensor
    """
    for each in (tensor,) if isinstance(tensor, Upper.Tensor) else tensor:
        each._writes[0] += 1
