"""Bringing operands to PyTorch's common dtype; a quick look decides where they agree already."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy import ndarray

from minigrad.dtypes import from_numpy, get_default_dtype, result_type_of_numpy
from minigrad.ops.backend import as_array, is_array, is_device_array
from minigrad.ops.quiet import quiet

_NUMBERS = (bool, int, float)

# Letters of the dtypes to which a Python number adapts without overflow: int64 (NumPy has two such) and wide floats.
_WIDE = "qlfdg"
_WIDE_FLOATS = "fdg"


def promote(*operands: Any) -> Any:
    """Return arrays (and Python numbers) ready for a NumPy ufunc whose result has PyTorch's dtype.

    Parameters
    ----------
    *operands : array or number
        At least one array.
    """
    dtype = None
    weak = ""
    for each in operands:
        if type(each) is ndarray:
            if dtype is None:
                dtype = each.dtype
            elif each.dtype is not dtype and each.dtype != dtype:
                return _promote_mixed(operands)
        elif type(each) is float:
            weak = _WIDE_FLOATS
        elif type(each) is int:
            weak = weak or _WIDE
        else:
            return _promote_mixed(operands)
    if dtype is None or (weak and dtype.char not in weak):
        return _promote_mixed(operands)
    return operands


def promote_two(x: Any, y: Any) -> Any:
    """Return two operands as `promote` does; twice as quick where nothing is to be done."""
    if type(x) is ndarray:
        kind = type(y)
        if kind is ndarray:
            if x.dtype is y.dtype:
                return x, y
            if x.dtype.kind == y.dtype.kind == "f":
                return _promote_floats(x, y)
        elif (kind is float and x.dtype.char in _WIDE_FLOATS) or (kind is int and x.dtype.char in _WIDE):
            return x, y
    return promote(x, y)


def _promote_floats(x: Any, y: Any) -> Any:
    if (x.ndim == 0) == (y.ndim == 0):
        dtype = x.dtype if x.itemsize > y.itemsize else y.dtype
    else:
        dtype = x.dtype if x.ndim else y.dtype
    return cast(x, dtype), cast(y, dtype)


def promote_tensors(name: str, input: Any, other: Any) -> Any:
    """Return two arrays as `promote` does, refusing numbers on behalf of the operation ``name``."""
    if not is_array(input) or not is_array(other):
        check_tensors(name, input=input, other=other)
    return promote_two(input, other)


def promote_to_floating(x: Any, y: Any) -> Any:
    """Return two operands as `promote` does, in the default dtype where their common dtype is not floating."""
    operands = promote_two(x, y)
    for each in operands:
        if is_array(each):
            if each.dtype.kind == "f":
                return operands
            break
    return _all_cast((x, y), get_default_dtype().numpy)


def common_dtype(*operands: Any) -> np.dtype[Any]:
    """Return the NumPy dtype of PyTorch's result for these arrays and numbers."""
    return result_type_of_numpy(tuple(_kind_of(each) for each in operands))


def _promote_mixed(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    return _all_cast(operands, common_dtype(*operands))


def _all_cast(operands: tuple[Any, ...], dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Return operands in a dtype; beside a device's arrays, what has no dimension is a number, which enters kernels."""
    found = tuple(cast(each, dtype) for each in operands)
    if any(map(is_device_array, operands)):
        return tuple(each[()] if type(each) is ndarray and not each.ndim else each for each in found)
    return found


def cast(operand: Any, dtype: np.dtype[Any]) -> Any:
    """Return an array or number as an array of a dtype; integers wrap around, and floats overflow to inf, as in C."""
    return operand if type(operand) is ndarray and operand.dtype == dtype else _converted(operand, dtype)


@quiet
def _converted(operand: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(operand, np.generic) or is_array(operand):
        return as_array(operand, dtype)
    return np.asarray(operand).astype(dtype)


def _kind_of(operand: Any) -> Any:
    if isinstance(operand, np.generic):  # what NumPy makes of 0-d arrays; it comes up inside gradient rules
        return operand.dtype, True
    if isinstance(operand, _NUMBERS):
        return type(operand)
    if is_array(operand):
        return operand.dtype, operand.ndim == 0
    raise TypeError(f"expected Tensor or number, got {type(operand).__name__}")


def to_floating(array: Any) -> Any:
    """Return an array as it is if it is floating, else in the default dtype (``sqrt`` of integers is float32)."""
    if is_array(array):
        return array if array.dtype.kind == "f" else array.astype(get_default_dtype().numpy)
    return array


def check_floating(name: str, array: Any) -> None:
    """Refuse an array that is not floating, as PyTorch's kernels do.

    Raises
    ------
    NotImplementedError
    """
    if array.dtype.kind != "f":
        raise not_implemented(name, array)


def not_implemented(name: str, array: Any) -> NotImplementedError:
    """Return the error for a dtype that an operation does not know, in PyTorch's words."""
    return NotImplementedError(f"\"{name}\" not implemented for '{scalar_type(array)}'")


def scalar_type(array: Any) -> str:
    """Return PyTorch's name for an array's dtype in its errors, as "Long" for int64."""
    return from_numpy(array.dtype).tensor_type.removesuffix("Tensor")


def check_tensors(name: str, **operands: Any) -> None:
    """Refuse numbers where only tensors are taken.

    Raises
    ------
    TypeError
    """
    for position, (parameter, operand) in enumerate(operands.items(), 1):
        if not isinstance(operand, np.generic) and not is_array(operand):
            raise TypeError(
                f"{name}(): argument '{parameter}' (position {position}) must be Tensor, not {type(operand).__name__}"
            )


@functools.cache
def _largest(dtype: np.dtype[Any]) -> Any:
    return float(np.finfo(dtype).max) if dtype.kind == "f" else int(np.iinfo(dtype).max)


def check_fits(value: Any, dtype: np.dtype[Any]) -> None:
    """Refuse a Python number that a dtype cannot hold.

    Raises
    ------
    RuntimeError
    """
    if dtype.kind == "f":
        fits = not math.isfinite(value) or abs(value) <= _largest(dtype)
    elif dtype.kind == "b":
        fits = True
    else:
        largest = _largest(dtype)
        # Negative numbers wrap in uint8, as far as it has room for them.
        lowest = 0 if dtype.kind == "u" and isinstance(value, float) else -largest - (dtype.kind == "i")
        fits = math.isfinite(value) and lowest <= value <= largest
    if not fits:
        name = {"float16": "c10::Half", "float32": "float", "int32": "int"}.get(dtype.name, f"{dtype.name}_t")
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")


_MOST_OF_ANY = 65504.0  # the largest number of the smallest floating dtype


def number_in(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return a Python number as one of a dtype, negative ones wrapped around in uint8; anything else as it is.

    Raises
    ------
    RuntimeError
        For a number that the dtype cannot hold.
    """
    kind = type(value)
    if kind is float and dtype.kind == "f" and -_MOST_OF_ANY <= value <= _MOST_OF_ANY:
        return value
    if kind is int and dtype.kind != "b" and 0 <= value <= 127:
        return value
    if not isinstance(value, (int, float)):
        return value
    check_fits(value, dtype)
    return value if dtype.kind == "f" else cast(value, dtype)[()]
