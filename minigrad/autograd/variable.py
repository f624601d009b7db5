"""`Variable`, which PyTorch's early programs wrapped around tensors; today it only makes tensors."""

from __future__ import annotations

from typing import Any

from minigrad.ops.state import Upper

__all__ = ["Variable"]


class _VariableMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Upper.Tensor)


class Variable(metaclass=_VariableMeta):
    """``Variable(data, requires_grad)`` returns a tensor on the memory of ``data``; every tensor is a Variable."""

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: Any = None) -> Any:
        """Return a leaf tensor that shares the memory of ``data``."""
        if data is None:
            return Upper.Tensor()
        if not isinstance(data, Upper.Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)
