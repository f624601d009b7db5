"""Parameters and buffers: tensors that a module recognises as its own when they are assigned to it."""

from __future__ import annotations

from typing import Any

from minigrad.creation import empty
from minigrad.tensor import Tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor that a module trains: assigned to a module's attribute, it is found by ``module.parameters()``.

    Parameters
    ----------
    data : Tensor, optional
        Its memory is shared, not copied. By default an empty tensor.
    requires_grad : bool
        False freezes the parameter.

    Examples
    --------
    >>> from minigrad.creation import tensor
    >>> Parameter(tensor([1.0, 2.0]))
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        """Return a leaf on the memory of ``data``."""
        data = empty(0) if data is None else data.detach()
        if requires_grad and not data.is_floating_point():
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        return cls._make_subclass(data, requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        attributes = {name: value for name, value in self.__dict__.items() if name not in _OF_THE_GRAPH}
        return type(self), (self.data, self.requires_grad), attributes or None

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor that belongs to a module's state but is not trained: assigned to an attribute, it becomes a buffer.

    Parameters
    ----------
    data : Tensor, optional
        Its memory is shared, not copied. By default an empty tensor.
    persistent : bool
        Whether it is part of the module's state dict.
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        """Return a tensor on the memory of ``data``."""
        data = empty(0) if data is None else data
        self = cls._make_subclass(data.detach(), data.requires_grad)
        self.persistent = persistent
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), persistent=self.persistent)
        return memo[id(self)]

    def __repr__(self) -> str:  # type: ignore[override]
        return repr(Tensor._make_subclass(self, self.requires_grad))

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild_buffer, (type(self), self.data, self.persistent)


# What hooks and the engine keep in a tensor's __dict__; it means nothing in another process.
_OF_THE_GRAPH = ("_hooks", "_post_hooks", "_retains_grad", "_view_of", "_view_call", "_view_version")


def _rebuild_buffer(kind: type[Buffer], data: Tensor, persistent: bool) -> Buffer:
    return kind(data, persistent=persistent)
