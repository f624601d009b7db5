"""Which datasets only index: ``__getitem__`` read as a recipe.

The dataset most people write is ``return self.data[index], self.label[index]``. Called sample by sample, it costs two
tensor indexings a sample and a stacking; its meaning for a whole batch is two indexings. So the bytecode of
``__getitem__`` is read, and if all it does is to index attributes of ``self`` by the index and to pack the rows into
tuples, lists and dictionaries, the loader does the same for all rows of a batch at once. Of conditions, those on an
attribute that is None are followed (``if self.transform is not None``). One instruction more (a call, another
condition, arithmetic) and the method is called sample by sample as ever.
"""

from __future__ import annotations

import dis
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Row:
    """The row of ``self.<attribute>`` at the index."""

    attribute: str


@dataclass(frozen=True)
class Packed:
    """A tuple, list or dictionary (then with `keys`) of rows."""

    kind: type
    items: tuple[Recipe, ...]
    keys: tuple[Any, ...] = ()


Recipe: TypeAlias = "Row | Packed"


class _NotOnlyIndexing(Exception):
    """The function does something else."""


@dataclass(frozen=True)
class _Attribute:
    name: str


@dataclass(frozen=True)
class _Constant:
    value: Any


_SELF, _INDEX = object(), object()
_SILENT = {"RESUME", "CACHE", "NOP", "EXTENDED_ARG", "NOT_TAKEN"}


def recipe_of(function: Any, absent: frozenset[str] = frozenset()) -> Recipe | None:
    """Read what a ``__getitem__(self, index)`` returns; None if it is more than rows of attributes.

    The attributes named in ``absent`` are None, which decides conditions on them.

    Examples
    --------
    >>> recipe_of(lambda self, i: (self.x[i], self.y[i]))
    Packed(kind=<class 'tuple'>, items=(Row(attribute='x'), Row(attribute='y')), keys=())
    >>> recipe_of(lambda self, i: self.x[i + 1]) is None
    True
    """
    return _read(function.__code__, absent) if type(function) is FunctionType else None


def absent_attributes(function: Any, holder: Any) -> frozenset[str]:
    """Return which of the attributes that a function may ask for are None in an object or its class."""
    names = function.__code__.co_names if type(function) is FunctionType else ()
    return frozenset(name for name in names if inspect.getattr_static(holder, name, ...) is None)


@lru_cache
def _read(code: CodeType, absent: frozenset[str]) -> Recipe | None:
    """Read a function's code."""
    handlers: bytes = getattr(code, "co_exceptiontable", b"")  # Python 3.10 has instructions for these
    closed = bool(code.co_kwonlyargcount or code.co_freevars or code.co_cellvars or handlers)
    if code.co_argcount != 2 or closed or code.co_flags & _UNUSUAL_FUNCTION:
        return None
    names: dict[str, Any] = dict(zip(code.co_varnames, (_SELF, _INDEX), strict=False))
    stack: list[Any] = []
    goal = 0  # the offset that the last jump leads to; all jumps lead forward
    try:
        for instruction in dis.get_instructions(code):
            if instruction.offset < goal:
                continue
            if instruction.opname == "RETURN_VALUE":
                result = stack.pop()
                return result if isinstance(result, (Row, Packed)) else None
            if "JUMP" in instruction.opname:
                if _jumps(instruction.opname, stack, absent):
                    goal = instruction.argval
                    if goal < instruction.offset:
                        return None
            elif instruction.opname in _TRUTHS:
                _TRUTHS[instruction.opname](instruction.arg, stack, absent)
            else:
                _step(instruction, stack, names)
    except (_NotOnlyIndexing, IndexError, KeyError):
        return None
    return None


def _jumps(name: str, stack: list[Any], absent: frozenset[str]) -> bool:
    """Whether an instruction jumps forward, for conditions that an attribute that is None decides."""
    if name == "JUMP_FORWARD":
        return True
    condition = _CONDITION.fullmatch(name)
    if condition is None:
        raise _NotOnlyIndexing
    value = _value(stack.pop(), absent)
    return {"NONE": value is None, "NOT_NONE": value is not None, "TRUE": bool(value), "FALSE": not value}[condition[1]]


_CONDITION = re.compile(r"POP_JUMP_(?:FORWARD_)?IF_(NONE|NOT_NONE|TRUE|FALSE)")


def _value(entry: Any, absent: frozenset[str]) -> Any:
    """Return what an entry of the stack is, if it is a constant or an attribute that is None."""
    return None if isinstance(entry, _Attribute) and entry.name in absent else _constant(entry)


def _is(inverted: Any, stack: list[Any], absent: frozenset[str]) -> None:
    right, left = (_value(stack.pop(), absent) for _ in range(2))
    stack.append(_Constant((left is right) != bool(inverted)))


_TRUTHS: dict[str, Callable[[Any, list[Any], frozenset[str]], None]] = {
    "IS_OP": _is,
    "TO_BOOL": lambda _, stack, absent: stack.append(_Constant(bool(_value(stack.pop(), absent)))),
    "UNARY_NOT": lambda _, stack, absent: stack.append(_Constant(not _value(stack.pop(), absent))),
}


_UNUSUAL_FUNCTION = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)


def _step(instruction: dis.Instruction, stack: list[Any], names: dict[str, Any]) -> None:
    """Do one instruction on a stack of recipes; the names cover Python 3.10 to 3.14."""
    name, value = instruction.opname, instruction.argval
    if name in _SILENT:
        return
    if name.startswith(("LOAD_FAST", "STORE_FAST")):
        # From 3.13 on one instruction may do two of these, as LOAD_FAST_LOAD_FAST does.
        variables = value if isinstance(value, tuple) else (value,)
        actions = [part for part in name.split("_") if part in ("LOAD", "STORE")]
        for action, variable in zip(actions, variables, strict=True):
            if action == "LOAD":
                stack.append(names[variable])
            else:
                names[variable] = stack.pop()
    elif name == "LOAD_ATTR":
        if stack.pop() is not _SELF:
            raise _NotOnlyIndexing
        stack.append(_Attribute(value))
    elif name == "BINARY_SUBSCR" or (name == "BINARY_OP" and instruction.argrepr == "[]"):
        index, array = stack.pop(), stack.pop()
        if index is not _INDEX or not isinstance(array, _Attribute):
            raise _NotOnlyIndexing
        stack.append(Row(array.name))
    elif name in _PACKERS:
        stack.append(_PACKERS[name](stack, int(value)))
    elif name == "LOAD_CONST":
        stack.append(_Constant(value))
    else:
        raise _NotOnlyIndexing


def _take(stack: list[Any], count: int) -> list[Any]:
    """Pop the last `count` entries, in order."""
    if count > len(stack):
        raise _NotOnlyIndexing
    taken = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    return taken


def _packed(kind: type, items: list[Any], keys: list[Any] | None = None) -> Packed:
    """Pack rows, and nothing but rows."""
    if not items or not all(isinstance(item, (Row, Packed)) for item in items):
        raise _NotOnlyIndexing
    return Packed(kind, tuple(items), tuple(keys or ()))


def _mapping(stack: list[Any], count: int) -> Packed:
    pairs = _take(stack, 2 * count)
    return _packed(dict, pairs[1::2], [_constant(key) for key in pairs[::2]])


def _mapping_of_constant_keys(stack: list[Any], count: int) -> Packed:
    keys = _constant(stack.pop())
    return _packed(dict, _take(stack, count), list(keys))


def _constant(entry: Any) -> Any:
    if not isinstance(entry, _Constant):
        raise _NotOnlyIndexing
    return entry.value


_PACKERS: dict[str, Callable[[list[Any], int], Packed]] = {
    "BUILD_TUPLE": lambda stack, count: _packed(tuple, _take(stack, count)),
    "BUILD_LIST": lambda stack, count: _packed(list, _take(stack, count)),
    "BUILD_MAP": _mapping,
    "BUILD_CONST_KEY_MAP": _mapping_of_constant_keys,
}
