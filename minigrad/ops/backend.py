"""Where an array lives: the kernels and the array module that compute on it.

The arrays of a forward are NumPy's, or those of a device: CuPy's, and their stand-ins on the simulator. NumPy's
functions, operators and methods work on all of them alike; what makes arrays out of nothing asks `array_module`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeGuard

import numpy as np
from numpy import generic, ndarray

from minigrad.devices import check_available, device

_kernels: dict[type, Any] = {}
_modules: dict[type, Any] = {ndarray: np, generic: np}
_device_arrays: set[type] = set()


def kernels_of(array: Any) -> Any:
    """Return the kernels for the device that holds an array; they are imported when first asked for."""
    kind = type(array)
    try:
        return _kernels[kind]
    except KeyError:
        device = "cuda" if kind in _device_arrays else "cpu"
        _kernels[kind] = importlib.import_module(f"minigrad_kernels.{device}")
        return _kernels[kind]


def place(array: Any, target: device, wait: bool = True) -> Any:
    """Return an array in the memory of a device; one that is there as it is.

    Unless ``wait``, a copy from pinned memory goes on while the program does.

    Raises
    ------
    DeviceError
        For a device that this machine does not have.
    """
    if is_at(array, target):
        return array
    if target.type == "cpu":
        return to_host(array)
    check_available(target)
    from minigrad_kernels.cuda import _memory

    use_device_arrays(_memory.module())
    return _memory.to_device(array, target.index, wait)


def use_device_arrays(module: ModuleType) -> None:
    """Let operations take the arrays of a device's array module; done when the device is first used."""
    _device_arrays.add(module.ndarray)
    _modules[module.ndarray] = module


def array_module(array: Any) -> Any:
    """Return the module that makes arrays where ``array`` is: NumPy, or the device's."""
    return _modules.get(type(array), np)


def is_device_array(value: Any) -> bool:
    """Whether a value is an array in the memory of a device."""
    return type(value) in _device_arrays


def is_array(value: Any) -> TypeGuard[ndarray[Any, Any]]:
    """Whether a value is an array, wherever it lives."""
    return isinstance(value, ndarray) or type(value) in _device_arrays


def as_array(value: Any, dtype: Any = None) -> Any:
    """Return a value as an array, of ``dtype`` if one is given; arrays stay where they are."""
    if type(value) in _device_arrays:
        return value if dtype is None or value.dtype == dtype else value.astype(dtype)
    return np.asarray(value, dtype)


def array_of(value: Any) -> Any:
    """Return the array of a tensor; an array as it is."""
    return getattr(value, "_array", value)


def to_host(array: Any) -> Any:
    """Return an array in NumPy's memory; one that is there as it is."""
    return array.get() if type(array) in _device_arrays else array


def like(array: Any, value: Any, dtype: Any = None) -> Any:
    """Return data, or what a tensor holds, as an array where ``array`` is, of ``dtype`` if one is given."""
    value = array_of(value)
    if type(array) in _device_arrays:
        return _modules[type(array)].asarray(value, dtype)
    return np.asarray(to_host(value), dtype)


def as_its_kind(values: Any, array: Any) -> Any:
    """Return an array, made wherever, as what ``values`` is (an array or a tensor) and where it is."""
    placed = like(array_of(values), array)
    return placed if is_array(values) else type(values)._wrap(placed)


def on_host(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function of arrays that is computed in NumPy's memory, its results going back to the device.

    For what no GPU does well, or CuPy does not have; `docs/cuda.md` lists it. It waits for the device.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        device_array = next(filter(is_device_array, args), None)
        if device_array is None:
            return function(*args, **kwargs)
        result = function(*map(to_host, args), **kwargs)
        if isinstance(result, tuple):
            return tuple(like(device_array, each) for each in result)
        return like(device_array, result)

    return call


def is_at(array: Any, target: device) -> bool:
    """Whether an array is in the memory of a device."""
    if target.type == "cpu":
        return not is_device_array(array)
    return is_device_array(array) and target.index in (None, array.device.id)


def address(array: Any) -> int:
    """Return the address of an array's first element, in the memory where it is."""
    return array.data.ptr if is_device_array(array) else array.ctypes.data


def is_writeable(array: Any) -> bool:
    """Whether an array can be written to: not where several elements share a place in memory."""
    if isinstance(array, ndarray):
        return array.flags.writeable
    return all(step or length < 2 for step, length in zip(array.strides, array.shape, strict=True))


def device_of(array: Any) -> str:
    """Return the name of the device that holds an array, as PyTorch writes it: "cpu", "cuda:0"."""
    return f"cuda:{array.device.id}" if type(array) in _device_arrays else "cpu"
