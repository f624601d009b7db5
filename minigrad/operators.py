"""Python's operators on tensors: ``x + y``, ``2 - x``, ``x @= w``, ``~mask``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.op import table
from minigrad.tensor import Tensor, register_method

_OPERANDS = (Tensor, bool, int, float, np.ndarray, np.generic)

_BINARY = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "truediv": "div",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_UNARY = {"neg": "neg", "abs": "abs", "invert": "bitwise_not", "pos": "positive"}
_WITHOUT_INPLACE = ("matmul",)


def _forward(call: Callable[..., Any]) -> Callable[..., Any]:
    def operate(self: Tensor, other: Any) -> Any:
        return call(self, other) if isinstance(other, _OPERANDS) else NotImplemented

    return operate


def _reflected(call: Callable[..., Any]) -> Callable[..., Any]:
    def operate(self: Tensor, other: Any) -> Any:
        return call(other, self) if isinstance(other, _OPERANDS) else NotImplemented

    return operate


def _attach() -> None:
    for symbol, name in _BINARY.items():
        entry = table.get(name)
        if entry is None:
            continue
        register_method(f"__{symbol}__", _forward(entry.call))
        register_method(f"__r{symbol}__", _reflected(entry.call))
        if entry.inplace and symbol not in _WITHOUT_INPLACE:
            register_method(f"__i{symbol}__", _forward(entry.call_inplace))
    for name in _COMPARISONS:
        if name in table:
            register_method(f"__{name}__", _forward(table[name].call))
    for symbol, name in _UNARY.items():
        if name in table:
            call = table[name].call
            register_method(f"__{symbol}__", lambda self, call=call: call(self))


_attach()
