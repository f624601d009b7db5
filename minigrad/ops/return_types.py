"""The named results of operations with several outputs, ``torch.return_types``."""

from __future__ import annotations

import functools
from collections import namedtuple
from typing import Any


class _ReturnType(tuple):  # type: ignore[type-arg]
    """Base of the named results of operations with several outputs; prints as PyTorch's do."""

    __slots__ = ()
    _fields: tuple[str, ...]

    def __repr__(self) -> str:
        body = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{body})"


@functools.cache
def return_type(name: str, fields: tuple[str, ...]) -> Any:
    """Return the named tuple class ``torch.return_types.<name>``; it takes one iterable."""
    plain = namedtuple(name, fields)  # type: ignore[misc]
    namespace = {
        "__slots__": (),
        "__new__": lambda cls, values: tuple.__new__(cls, values),
        "__repr__": _ReturnType.__repr__,
        "__reduce__": lambda self: (_make_return, (name, fields, tuple(self))),
        "__module__": "torch.return_types",
    }
    return type(name, (plain,), namespace)


def _make_return(name: str, fields: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    return return_type(name, fields)(values)
