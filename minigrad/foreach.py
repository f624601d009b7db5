"""Operations on lists of tensors, by the names under which programs find them: ``torch._foreach_mul_(averages, 0.99)``.

PyTorch runs a whole list by one kernel of a GPU; here an operation is called for each tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from minigrad.ops.op import composed_table, table
from minigrad.tensor import Tensor

__all__ = ["find"]

_NAMES = (
    "abs acos add addcdiv addcmul asin atan ceil clamp_max clamp_min cos cosh div erf erfc exp expm1 floor frac lerp "
    "lgamma log log10 log1p log2 maximum minimum mul neg pow reciprocal round rsqrt sigmoid sign sin sinh sqrt sub tan "
    "tanh trunc"
)
_OF_NUMBERS = {"maximum": "clamp_min", "minimum": "clamp_max"}


def find(name: str) -> Callable[..., Any] | None:
    """Return ``_foreach_<...>``, None where there is no such function."""
    kind = name.removeprefix("_foreach_")
    if kind in _OTHERS:
        return _OTHERS[kind]
    plain = kind.removesuffix("_")
    if plain not in _NAMES.split():
        return None
    return _in_place(plain) if kind.endswith("_") else _out_of_place(plain)


def _out_of_place(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **options: Any) -> tuple[Tensor, ...]:
        return tuple(_operation(name, *call) for call in _calls(name, self, args, options))

    return call


def _in_place(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **options: Any) -> Any:
        for tensor, rest, by_name in _calls(name, self, args, options):
            tensor.copy_(_operation(name, tensor, rest, by_name))
        return self

    return call


def _operation(name: str, tensor: Tensor, args: list[Any], options: dict[str, Any]) -> Any:
    """Call an operation; of two tensors where it is given a number, the one that takes numbers."""
    if args and not isinstance(args[0], Tensor):
        name = _OF_NUMBERS.get(name, name)
    entry: Any = {**table, **composed_table}[name]
    return entry.call(tensor, *args, **options)


def _calls(name: str, tensors: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Iterator[Any]:
    """Yield each tensor with its own arguments: its share of every list, and all of what is no list."""
    _check(name, tensors)
    given = list(args)
    if name in ("addcmul", "addcdiv") and len(given) == 3:
        options = {**options, "value": given.pop()}
    for each in (*given, *options.values()):
        if isinstance(each, (list, tuple)) and len(each) != len(tensors):
            raise RuntimeError(f"Tensor lists must have the same number of tensors, got {len(tensors)} and {len(each)}")
    for k, tensor in enumerate(tensors):
        yield tensor, [_share(each, k) for each in given], {key: _share(each, k) for key, each in options.items()}


def _check(name: str, tensors: Any) -> None:
    if not isinstance(tensors, (list, tuple)) or not all(isinstance(each, Tensor) for each in tensors):
        raise TypeError(f"_foreach_{name}(): argument 'self' (position 1) must be tuple of Tensors")
    if not tensors:
        raise RuntimeError("Tensor list must have at least one tensor.")


def _share(value: Any, index: int) -> Any:
    if isinstance(value, Tensor) and value.ndim == 0:
        return value.item() if not value.requires_grad else value
    return value[index] if isinstance(value, (list, tuple)) else value


def _norm(self: Any, ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:
    _check("norm", self)
    norm: Any = table["linalg.vector_norm"] if "linalg.vector_norm" in table else composed_table["linalg.vector_norm"]
    return tuple(norm.call(each, ord, dtype=dtype) for each in self)


def _max(self: Any) -> tuple[Tensor, ...]:
    _check("max", self)
    return tuple(each.max() for each in self)


def _clone(self: Any) -> tuple[Tensor, ...]:
    _check("clone", self)
    return tuple(each.clone() for each in self)


def _copy(self: Any, src: Any, non_blocking: bool = False) -> Any:
    for each, (source,), _ in _calls("copy_", self, (src,), {}):
        each.copy_(source)
    return self


def _zero(self: Any) -> Any:
    _check("zero_", self)
    for each in self:
        each.zero_()
    return self


_OTHERS: dict[str, Callable[..., Any]] = {"norm": _norm, "max": _max, "clone": _clone, "copy_": _copy, "zero_": _zero}
