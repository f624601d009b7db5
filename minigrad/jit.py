"""``torch.jit`` as PyTorch has it when it is switched off (``PYTORCH_JIT=0``): what it is given runs as Python.

There is no TorchScript here, so nothing that only it has: no ``.graph``, no ``.code``, no files of programs.
"""

from __future__ import annotations

import builtins
import typing
from collections.abc import Callable
from typing import Any, Final

from minigrad.nn.module import Module as ScriptModule

__all__ = [
    "Final",
    "ScriptModule",
    "annotate",
    "export",
    "ignore",
    "is_scripting",
    "is_tracing",
    "isinstance",
    "script",
    "script_method",
    "trace",
    "unused",
]


def script(obj: Any, optimize: Any = None, example_inputs: Any = None) -> Any:
    """Return a function, class or module as it is."""
    return obj


def script_method(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method as it is."""
    return fn


def trace(func: Callable[..., Any], example_inputs: Any = None, **options: Any) -> Callable[..., Any]:
    """Return a function or module as it is; it goes on deciding by the values that it meets."""
    return func


def is_scripting() -> bool:
    """Whether TorchScript is running the program: never."""
    return False


def is_tracing() -> bool:
    """Whether operations are being recorded as a program: never."""
    return False


def annotate(the_type: Any, the_value: Any) -> Any:
    """Return a value, whose type TorchScript would be told."""
    return the_value


def export(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method, which TorchScript would be told to compile."""
    return fn


def unused(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function, which TorchScript would be told to replace by an error."""
    return fn


def ignore(drop: Any = False, **options: Any) -> Any:
    """Return a function, which TorchScript would be told to leave to Python; without one, a decorator."""
    return drop if callable(drop) else lambda fn: fn


def isinstance(obj: Any, target_type: Any) -> bool:
    """Whether an object is of a type, or holds what a container's type names: ``isinstance(x, List[Tensor])``.

    Parameters
    ----------
    obj : object
    target_type : type, or a tuple of types
        Lists, dicts, tuples and optional types may say what they hold.
    """
    kinds = target_type if builtins.isinstance(target_type, tuple) else (target_type,)
    return any(_is_of(obj, kind) for kind in kinds)


def _is_of(obj: Any, kind: Any) -> Any:
    origin: Any = typing.get_origin(kind)
    inside: Any = typing.get_args(kind)
    parts: Any = obj  # which `isinstance` leaves to the type checker as what it is
    if origin is None:
        return obj is None if kind is type(None) or kind is None else builtins.isinstance(obj, kind)
    if not builtins.isinstance(origin, type) or origin.__module__ == "types":  # a union
        return any(_is_of(obj, each) for each in inside)
    if not builtins.isinstance(obj, origin):
        return False
    if origin is tuple:
        return len(parts) == len(inside) and all(map(_is_of, parts, inside))
    if origin is dict:
        return all(_is_of(key, inside[0]) and _is_of(value, inside[1]) for key, value in parts.items())
    return all(_is_of(each, inside[0]) for each in parts)
