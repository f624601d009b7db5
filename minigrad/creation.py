"""Making tensors from data, and filled ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.devices import check_available
from minigrad.tensor import Tensor

__all__ = ["as_tensor", "empty", "from_numpy", "full", "ones", "tensor", "zeros"]


def tensor(
    data: Any, *, dtype: dtypes.dtype | None = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """Return a new tensor with a copy of the data.

    Parameters
    ----------
    data : number, nested sequence of numbers, array or Tensor
    dtype : dtype, optional
        By default what the data suggests: bool, int64 or the default floating dtype for Python numbers, the array's own
        dtype for arrays.
    device : device, optional
    requires_grad : bool
    pin_memory : bool
        Accepted for CPU tensors, on which it has no effect.

    Raises
    ------
    ValueError
        When the lengths of nested sequences differ.
    TypeError
        When the data holds something that is no number.
    """
    if device is not None:
        check_available(device)
    made = Tensor._wrap(to_array(data, dtype, copy=True))
    if requires_grad:
        made.requires_grad = True
    return made


def as_tensor(data: Any, dtype: dtypes.dtype | None = None, device: Any = None) -> Tensor:
    """Return the data as a tensor, sharing memory with arrays and returning tensors as they are where possible."""
    if isinstance(data, Tensor):
        return data.to(dtype=dtype, device=device)
    if device is not None:
        check_available(device)
    return Tensor._wrap(to_array(data, dtype, copy=False))


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """Return a tensor on the memory of a NumPy array: a change in one is seen in the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.from_numpy(ndarray.dtype)
    if any(step < 0 for step in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently "
            "supported. (You can probably work around this by making a copy of your array  with array.copy().)"
        )
    return Tensor._wrap(ndarray)


def to_array(data: Any, dtype: dtypes.dtype | None, *, copy: bool) -> np.ndarray[Any, Any]:
    """Return data as an array of the dtype that PyTorch would choose."""
    if isinstance(data, Tensor):
        data = data._array
    if isinstance(data, np.ndarray):
        wanted = dtypes.from_numpy(data.dtype).numpy if dtype is None else dtype.numpy
        if copy:
            return np.array(data, wanted)
        return np.asarray(data, wanted)
    if isinstance(data, np.generic):
        return np.array(data, dtypes.from_numpy(data.dtype).numpy if dtype is None else dtype.numpy)
    return _from_python(data, dtype)


def _from_python(data: Any, dtype: dtypes.dtype | None) -> np.ndarray[Any, Any]:
    if isinstance(data, (bool, int, float)):
        return np.array(data, (dtype or dtypes.of_python(data)).numpy)
    if isinstance(data, (list, tuple, range)):
        data = _without_tensors(data)
        _check_rectangular(data)
        array = np.array(data)
    elif hasattr(data, "__array__"):
        array = np.asarray(data)
        return array.astype((dtype or dtypes.from_numpy(array.dtype)).numpy)
    else:
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'") if isinstance(data, str) else RuntimeError(
            f"Could not infer dtype of {type(data).__name__}"
        )
    if dtype is not None:
        return array.astype(dtype.numpy)
    if array.dtype.kind == "f" and not _holds_numpy(data):
        return array.astype(dtypes.get_default_dtype().numpy)
    if array.size == 0 and array.dtype.kind == "f":
        return array.astype(dtypes.get_default_dtype().numpy)
    if array.dtype.kind in "USO":
        _raise_of_element(data)
    return array.astype(dtypes.from_numpy(array.dtype).numpy, copy=False)


def _without_tensors(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data._array
    if isinstance(data, (list, tuple)) and data and not isinstance(data[0], (float, int)):
        return [_without_tensors(each) for each in data]
    if isinstance(data, (list, tuple)) and any(isinstance(each, Tensor) for each in data):
        return [_without_tensors(each) for each in data]
    return data


def _holds_numpy(data: Any) -> bool:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic))


def _check_rectangular(data: Any, dim: int = 0) -> None:
    """Refuse nested sequences of different lengths, naming the dimension.

    Raises
    ------
    ValueError
    """
    if not isinstance(data, (list, tuple)) or not data or not isinstance(data[0], (list, tuple)):
        return
    expected = len(data[0])
    for each in data:
        if not isinstance(each, (list, tuple)):
            raise TypeError("not a sequence")
        if len(each) != expected:
            raise ValueError(f"expected sequence of length {expected} at dim {dim + 1} (got {len(each)})")
        _check_rectangular(each, dim + 1)


def _raise_of_element(data: Any) -> None:
    while isinstance(data, (list, tuple)) and data:
        data = next((each for each in data if not isinstance(each, (bool, int, float))), data[0])
    if isinstance(data, str):
        raise ValueError(f"too many dimensions '{type(data).__name__}'")
    raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")


def shape_of(size: tuple[Any, ...]) -> tuple[int, ...]:
    """Return a shape given as separate numbers or as one sequence.

    Raises
    ------
    RuntimeError
        For a negative length.
    """
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    shape = tuple(int(length) for length in size)
    for length in shape:
        if length < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {length}: {list(shape)}")
    return shape


def _finish(array: np.ndarray[Any, Any], device: Any, requires_grad: bool) -> Tensor:
    if device is not None:
        check_available(device)
    made = Tensor._wrap(array)
    if requires_grad:
        made.requires_grad = True
    return made


def _numpy(dtype: dtypes.dtype | None) -> np.dtype[Any]:
    return (dtype or dtypes.get_default_dtype()).numpy


def zeros(*size: Any, dtype: dtypes.dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of zeros of the given size."""
    return _finish(np.zeros(shape_of(size), _numpy(dtype)), device, requires_grad)


def ones(*size: Any, dtype: dtypes.dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of ones of the given size."""
    return _finish(np.ones(shape_of(size), _numpy(dtype)), device, requires_grad)


def empty(*size: Any, dtype: dtypes.dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of the given size whose elements are not set."""
    return _finish(np.empty(shape_of(size), _numpy(dtype)), device, requires_grad)


def full(size: Any, fill_value: Any, *, dtype: dtypes.dtype | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Return a tensor of the given size with every element ``fill_value``, whose kind decides the dtype."""
    dtype = dtype or dtypes.of_python(fill_value)
    return _finish(np.full(shape_of((size,) if isinstance(size, int) else (tuple(size),)), fill_value, dtype.numpy), device, requires_grad)
