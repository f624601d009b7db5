"""Python's operators on tensors: ``x + y``, ``2 - x``, ``x @= w``, ``~mask``.

Also the few methods whose operands come in another order than their function's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.backend import is_array
from minigrad.ops.op import composed_table, table
from minigrad.tensor import Tensor, register_method

_FAST = frozenset((Tensor, float, int, bool))
_OPERANDS = (Tensor, bool, int, float)

_BINARY = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}
_REFLECTED = {"sub": "rsub", "truediv": "rdiv"}
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_UNARY = {"neg": "neg", "abs": "abs", "pos": "positive"}


def _operand(other: Any) -> Any:
    """Return the other operand as operations take it: NumPy's scalars count as Python numbers, as in PyTorch."""
    if isinstance(other, np.generic):
        return other.item()
    return other if isinstance(other, _OPERANDS) or is_array(other) else NotImplemented


def _forward(call: Callable[..., Any]) -> Callable[..., Any]:
    def operate(self: Tensor, other: Any) -> Any:
        if type(other) not in _FAST and (other := _operand(other)) is NotImplemented:
            return NotImplemented
        return call(self, other)

    return operate


def _reflected(call: Callable[..., Any], swapped: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return the operator for ``other . self``; ``swapped`` takes the operands as (self, other), for numbers."""

    def operate(self: Tensor, other: Any) -> Any:
        if type(other) not in _FAST and (other := _operand(other)) is NotImplemented:
            return NotImplemented
        if swapped is not None and isinstance(other, (int, float)):
            return swapped(self, other)
        return call(other, self)

    return operate


def _invert(self: Tensor) -> Any:
    if self.dtype.is_floating_point:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return table["bitwise_not"].call(self)


def _where(self: Tensor, condition: Tensor, other: Any) -> Any:
    """Elements of this tensor where the condition holds, of ``other`` elsewhere."""
    return table["choose"].call(condition, self, other)


def _polygamma(self: Tensor, n: int) -> Any:
    """Derivative of order ``n`` of the digamma function, elementwise."""
    return table["polygamma"].call(n, self)


def _polygamma_(self: Tensor, n: int) -> Any:
    """Overwrite with the derivative of order ``n`` of the digamma function."""
    return self.copy_(_polygamma(self.clone(), n))


def _matmul(self: Tensor, other: Any) -> Any:
    return table["matmul"].call(self, other) if isinstance(other, Tensor) or is_array(other) else NotImplemented


def _rmatmul(self: Tensor, other: Any) -> Any:
    return table["matmul"].call(other, self) if isinstance(other, Tensor) or is_array(other) else NotImplemented


def _attach() -> None:
    for symbol, name in _BINARY.items():
        entry: Any = table[name]
        swapped = table[_REFLECTED[symbol]].call if symbol in _REFLECTED else None
        register_method(f"__{symbol}__", _forward(entry.call))
        register_method(f"__r{symbol}__", _reflected(entry.call, swapped))
        if entry.inplace:
            register_method(f"__i{symbol}__", _forward(entry.call_inplace))
    for name in _COMPARISONS:
        register_method(f"__{name}__", _forward(table[name].call))
    for symbol, name in _UNARY.items():
        call = (table.get(name) or composed_table[name]).call
        register_method(f"__{symbol}__", lambda self, call=call: call(self))
    register_method("__matmul__", _matmul)
    register_method("__rmatmul__", _rmatmul)
    register_method("__invert__", _invert)
    register_method("__div__", Tensor.__truediv__)
    register_method("__rdiv__", Tensor.__rtruediv__)
    register_method("__idiv__", Tensor.__itruediv__)
    register_method("where", _where)
    register_method("polygamma", _polygamma)
    register_method("polygamma_", _polygamma_)


_attach()
