"""Reading Python's data, numbers, nested sequences and arrays, as the array of a tensor."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sized
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.ops.backend import as_array, is_array
from minigrad.ops.hints import LIST_OF_ARRAYS, hint_once
from minigrad.ops.promotion import cast
from minigrad.tensor import Tensor

_NUMBERS = {bool, int, float}
_SEQUENCES = {list, tuple}


def to_array(data: Any, dtype: dtypes.dtype | None, *, copy: bool) -> np.ndarray[Any, Any]:
    """Return data as an array of the dtype that PyTorch would choose."""
    if dtype is not None:
        dtype = dtypes.requested(dtype, "tensor")
    if isinstance(data, Tensor):
        data = data._array
    if is_array(data):
        data = plain_array(data)
        if dtype is None or data.dtype.kind not in "biufc":
            dtype = dtypes.from_numpy(data.dtype)
        wanted = dtype.numpy
        if copy:
            return data.astype(wanted, order="C")
        return as_array(data, wanted)
    if isinstance(data, np.generic) and dtype is None:
        return np.array(data, dtypes.from_numpy(data.dtype).numpy)
    return _from_python(data, dtype)


def plain_array(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the array under a matrix, a masked or a memory-mapped array, whose operations are not an array's."""
    return np.asarray(array) if issubclass(type(array), np.ndarray) else array


def _from_python(data: Any, dtype: dtypes.dtype | None) -> np.ndarray[Any, Any]:
    if isinstance(data, (bool, int, float)):
        found = np.asarray(data)
        wanted = dtypes.of_python(data) if dtype is None else dtype
    elif isinstance(data, (list, tuple, range)):
        found, wanted = _from_sequence(data, dtype)
    elif not isinstance(data, np.generic) and hasattr(data, "__array__"):
        array = np.asarray(data)
        return array.astype((dtype or dtypes.from_numpy(array.dtype)).numpy)
    elif is_sequence(data):
        found, wanted = _from_sequence(list(data), dtype)
    else:
        found, wanted = np.asarray(_element(data, dtype)), dtype or dtypes.get_default_dtype()
    _check_range(found, wanted)
    return cast(found, wanted.numpy)


def _from_sequence(data: Any, dtype: dtypes.dtype | None) -> tuple[np.ndarray[Any, Any], dtypes.dtype]:
    """Return a nested sequence as an array as NumPy makes it, and the dtype that PyTorch would choose."""
    if not _is_plain(data):
        data = _listed(data)
        _check_no_text(data)
        wanted = dtype or _infer(data)
        if all(isinstance(each, np.ndarray) and each.shape == data[0].shape and each.ndim for each in data):
            hint_once(LIST_OF_ARRAYS)
            return np.array(data), wanted
        data, dtype = _numbers(data, dtype), wanted
    _check_rectangular(data)
    array = np.array(data)
    return array, dtype or {"f": dtypes.get_default_dtype(), "b": dtypes.bool}.get(array.dtype.kind, dtypes.int64)


def is_sequence(data: Any) -> bool:
    """Whether data counts as a sequence without being a list: a deque, an array of Python's, a class of the user's."""
    if isinstance(data, (str, bytes, dict, Tensor, np.ndarray, np.generic)) or hasattr(data, "__array__"):
        return False
    return isinstance(data, Sized) and any("__getitem__" in vars(each) for each in type(data).__mro__)


def _listed(data: Any) -> Any:
    """Return a nested sequence with lists in place of sequences of other kinds."""
    if isinstance(data, (list, tuple)) or is_sequence(data):
        return [_listed(each) for each in data]
    return data


def _check_no_text(data: Any) -> None:
    """Refuse a nested sequence that begins with a text, as a sequence of letters that are no numbers.

    Raises
    ------
    ValueError
    """
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    if isinstance(data, str):
        raise ValueError("too many dimensions 'str'")


def _is_plain(data: Any) -> bool:
    """Whether a nested sequence holds Python's own numbers only, quickly."""
    kinds = set(map(type, data))
    return kinds <= _NUMBERS or (kinds <= _SEQUENCES and all(map(_is_plain, data)))


def _infer(data: Any) -> dtypes.dtype:
    """Return the dtype in which all elements of a nested sequence find room; tensors and arrays keep theirs."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, (np.ndarray, np.generic)):
        return dtypes.from_numpy(data.dtype)
    if isinstance(data, (bool, int, float)):
        return dtypes.of_python(data)
    if isinstance(data, list):
        return functools.reduce(dtypes.promote_types, map(_infer, data)) if data else dtypes.get_default_dtype()
    raise _no_number(data)


def _numbers(data: Any, dtype: dtypes.dtype | None) -> Any:
    """Return nested lists with Python numbers in place of tensors of one element, and lists in place of arrays.

    Raises
    ------
    ValueError, TypeError
        For a tensor of more elements, or of none, and for what is no number.
    """
    if isinstance(data, Tensor):
        if data.numel() != 1:
            if not data.is_floating_point():
                return operator.index(data)  # which raises
            raise ValueError(
                "only one element tensors can be converted to Python scalars; the sequence holds a tensor of shape "
                f"{list(data.shape)}. Use stack() to join tensors"
            )
        return data.item()
    if isinstance(data, np.ndarray):
        return data.tolist()
    if isinstance(data, list):
        return [_numbers(each, dtype) for each in data]
    return _element(data, dtype)


def _element(value: Any, dtype: dtypes.dtype | None) -> Any:
    """Return one element as a number of Python's, as a tensor of ``dtype`` reads it (None: as it is).

    Raises
    ------
    TypeError, RuntimeError
        For what cannot be read as a number.
    """
    if isinstance(value, (bool, int, float)) or (isinstance(value, np.bool_) and dtype is dtypes.bool):
        return value
    if isinstance(value, (str, bytes)):
        raise _no_number(value)
    if dtype is not None:
        return _real(value) if dtype.is_floating_point else operator.index(value)
    if isinstance(value, np.generic):
        return value.item()
    raise _no_number(value)


def _real(value: Any) -> float:
    """Return what ``__float__`` or ``__index__`` of an object says.

    Raises
    ------
    TypeError
    """
    if not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise TypeError(f"must be real number, not {type(value).__name__}")
    return float(value)


def _no_number(data: Any) -> Exception:
    """Return the error for data that is neither a number nor a sequence."""
    if isinstance(data, (str, bytes)):
        return TypeError(f"new(): invalid data type '{type(data).__name__}'")
    return RuntimeError(f"Could not infer dtype of {type(data).__name__}")


def _check_range(array: np.ndarray[Any, Any], dtype: dtypes.dtype) -> None:
    """Refuse numbers that an integer type cannot hold.

    Raises
    ------
    RuntimeError
        For a dtype of the caller's choice.
    ValueError
        For an integer that has no room in 64 bits.
    """
    if array.dtype.kind in "Ou" and dtype.numpy.kind in "iu":
        raise ValueError("Overflow when unpacking long long: an integer does not fit into 64 bits")
    if dtype.numpy.kind in "iu" and array.dtype.kind in "iuf" and array.size and array.dtype != dtype.numpy:
        limits = np.iinfo(dtype.numpy)
        lowest = limits.min or -limits.max  # negative numbers wrap in uint8, as far as it has room for them
        if not (lowest <= array.min() and array.max() <= limits.max):
            raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")


def _check_rectangular(data: Any, dim: int = 0) -> None:
    """Refuse nested sequences of different lengths, naming the dimension.

    Raises
    ------
    ValueError
    """
    if not isinstance(data, (list, tuple)) or not data:
        return
    if not isinstance(data[0], (list, tuple)):
        if not _NUMBERS.issuperset(map(type, data)):
            wrong = next((each for each in data if isinstance(each, (list, tuple))), None)
            if wrong is not None:
                raise TypeError(f"'{type(wrong).__name__}' object cannot be interpreted as an integer")
        return
    expected = len(data[0])
    for each in data:
        if not isinstance(each, (list, tuple)):
            raise TypeError("not a sequence")
        if len(each) != expected:
            raise ValueError(f"expected sequence of length {expected} at dim {dim + 1} (got {len(each)})")
        _check_rectangular(each, dim + 1)
