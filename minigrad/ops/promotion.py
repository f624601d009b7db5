"""Bringing operands to PyTorch's common dtype; a quick look decides where they agree already."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from minigrad.dtypes import get_default_dtype, of_python, result_type_of_numpy

_NUMBERS = (bool, int, float)


def promote(*operands: Any) -> Any:
    """Return arrays (and Python numbers) ready for a NumPy ufunc whose result has PyTorch's dtype.

    Parameters
    ----------
    *operands : array or number
        At least one array.
    """
    dtype = None
    for each in operands:
        if type(each) is ndarray:
            if dtype is None:
                dtype = each.dtype
            elif each.dtype != dtype:
                return _promote_mixed(operands)
        elif type(each) is float:
            if dtype is not None and dtype.kind != "f":
                return _promote_mixed(operands)
        elif type(each) is not int or dtype is None or dtype.kind == "b":
            return _promote_mixed(operands)
    if dtype is not None and dtype.kind != "f" and any(type(each) is float for each in operands):
        return _promote_mixed(operands)
    return operands


def common_dtype(*operands: Any) -> np.dtype[Any]:
    """Return the NumPy dtype of PyTorch's result for these arrays and numbers."""
    return result_type_of_numpy(tuple(_kind_of(each) for each in operands))


def _promote_mixed(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    dtype = common_dtype(*operands)
    return tuple(np.asarray(each, dtype) for each in operands)


def _kind_of(operand: Any) -> Any:
    if isinstance(operand, _NUMBERS):
        return type(operand)
    if isinstance(operand, np.generic):
        return of_python(operand).numpy, True
    if isinstance(operand, np.ndarray):
        return operand.dtype, operand.ndim == 0
    raise TypeError(f"expected Tensor or number, got {type(operand).__name__}")


def to_floating(array: Any) -> Any:
    """Return an array as it is if it is floating, else in the default dtype (``sqrt`` of integers is float32)."""
    if isinstance(array, np.ndarray):
        return array if array.dtype.kind == "f" else array.astype(get_default_dtype().numpy)
    return array


def check_floating(name: str, array: Any) -> None:
    """Refuse an array that is not floating, as PyTorch's kernels do.

    Raises
    ------
    RuntimeError
    """
    if array.dtype.kind != "f":
        from minigrad.dtypes import from_numpy

        title = from_numpy(array.dtype).tensor_type.removesuffix("Tensor")
        raise RuntimeError(f'"{name}" not implemented for \'{title}\'; expected a floating point tensor')
