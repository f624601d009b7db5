"""What operations ask of CuPy, written down on the simulator and asked of CuPy itself, without a GPU.

CuPy's arrays can be made around an address at which nothing is. A call with such arrays goes as far as its arguments
are right, and then fails for want of a driver or of a library that comes with one; if it fails in another way, it would
fail on a GPU too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad_kernels.cuda._simulated import SimulatedArray

_ADDRESS = 0x10000


class Calls(dict):
    """The calls so far, one of each form: by what tells them apart, what is called and with what."""

    def note(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """Write a call down, unless there is one like it."""
        key = (_name(function), _form(args), _form(kwargs))
        if key not in self:
            self[key] = function, _described(args), _described(kwargs)

    def refused(self) -> Iterator[str]:
        """Yield what CuPy says of the calls that it does not take."""
        for (name, *_), (function, args, kwargs) in self.items():
            try:
                function(*_made(args), **_made(kwargs))
            except Exception as error:
                if not isinstance(error, ImportError) and not type(error).__name__.startswith("CUDA"):
                    yield f"{name}{args} {kwargs}: {type(error).__name__}: {error}"


@contextmanager
def noted(calls: Calls) -> Iterator[None]:
    """Write down, in the ``with`` block, what is asked of the simulator's arrays."""
    before = dict(vars(SimulatedArray))

    def ufunc(self: Any, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
        calls.note(getattr(function, method), inputs, options)
        return before["__array_ufunc__"](self, function, method, *inputs, **options)

    def of_numpy(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        calls.note(function, args, kwargs)
        return before["__array_function__"](self, function, types, args, kwargs)

    def attribute(self: Any, name: str) -> Any:
        found = before["__getattr__"](self, name)
        if isinstance(found, SimulatedArray) or not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            calls.note(_Method(name), (self, *args), kwargs)
            return found(*args, **kwargs)

        return call

    def item(self: Any, index: Any) -> Any:
        calls.note(operator.getitem, (self, index), {})
        return before["__getitem__"](self, index)

    patched = {"__array_ufunc__": ufunc, "__array_function__": of_numpy, "__getattr__": attribute, "__getitem__": item}
    for name, function in patched.items():
        setattr(SimulatedArray, name, function)
    try:
        yield
    finally:
        for name in patched:
            setattr(SimulatedArray, name, before[name])


class _Method:
    """A method, called with its array first."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, array: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(array, self.__name__)(*args, **kwargs)


def _name(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    return f"{getattr(owner, '__name__', '')}.{getattr(function, '__name__', function)}"


class _Array(tuple):
    """An array in a call: shape, dtype, whether it is contiguous."""

    __slots__ = ()


def _described(value: Any) -> Any:
    if isinstance(value, SimulatedArray):
        return _Array((value.host.shape, value.host.dtype.str, value.host.flags.c_contiguous))
    if type(value) in (tuple, list):
        return type(value)(map(_described, value))
    if isinstance(value, dict):
        return {name: _described(each) for name, each in value.items()}
    return value


def _form(value: Any) -> Any:
    """Return what tells calls apart: of arrays, the number of dimensions, dtype and emptiness; of numbers, the type."""
    if isinstance(value, SimulatedArray):
        return value.host.ndim, value.host.dtype.str, 0 in value.host.shape
    if type(value) in (tuple, list):
        return type(value).__name__, *map(_form, value)
    if isinstance(value, dict):
        return tuple(sorted((name, _form(each)) for name, each in value.items()))
    return value if isinstance(value, (str, bool, type(None))) else type(value).__name__


def _made(value: Any) -> Any:
    """Return a description's value, with arrays of CuPy that lie nowhere."""
    if isinstance(value, _Array):
        return _nowhere(*value)
    if type(value) in (tuple, list):
        return type(value)(map(_made, value))
    return {name: _made(each) for name, each in value.items()} if isinstance(value, dict) else value


def _nowhere(shape: tuple[int, ...], dtype: str, is_contiguous: bool) -> Any:
    import cupy

    room = cupy.cuda.UnownedMemory(_ADDRESS, 2**20, None, 0)
    place = cupy.cuda.MemoryPointer(room, 0)
    if is_contiguous or len(shape) < 2:
        return cupy.ndarray(shape, np.dtype(dtype), place)
    return cupy.ndarray(shape[::-1], np.dtype(dtype), place).T
