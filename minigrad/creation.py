"""Making tensors from data, and filled ones."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.devices import default, named_device, of_array
from minigrad.devices import device as Device
from minigrad.ops.arguments import not_ints
from minigrad.ops.backend import place
from minigrad.ops.hints import COPY_OF_TENSOR, READ_ONLY, hint, hint_once
from minigrad.ops.out import dtype_of, write_out
from minigrad.ops.promotion import number_in
from minigrad.ops.state import BATCHED, Upper
from minigrad.python_data import plain_array, to_array
from minigrad.tensor import Tensor

__all__ = [
    "as_tensor",
    "asarray",
    "empty",
    "empty_like",
    "empty_strided",
    "from_numpy",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "scalar_tensor",
    "tensor",
    "zeros",
    "zeros_like",
]


def tensor(
    data: Any,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
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
    if isinstance(data, Tensor):
        hint(COPY_OF_TENSOR.format("torch.tensor"))
    return finish(to_array(data, dtype, copy=True), device, requires_grad)


def as_tensor(data: Any, dtype: dtypes.dtype | None = None, device: Any = None) -> Tensor:
    """Return the data as a tensor, sharing memory with arrays and returning tensors as they are where possible."""
    if isinstance(data, Tensor):
        return data.to(dtype=dtype, device=device)
    return Tensor._wrap(on_device(to_array(data, dtype, copy=False), device))


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """Return a tensor on the memory of a NumPy array: a change in one is seen in the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.from_numpy(ndarray.dtype)
    if any(step < 0 for step in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().)"
        )
    if not ndarray.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported."
        )
    ndarray = plain_array(ndarray)
    if not ndarray.flags.writeable:
        hint_once(READ_ONLY)
    return Tensor._wrap(ndarray)


def shape_of(size: Any, name: str = "empty") -> tuple[int, ...]:
    """Return a shape given as separate numbers or as one sequence.

    Raises
    ------
    TypeError
        For lengths that are no integers.
    RuntimeError
        For a negative length.
    """
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    try:
        shape = tuple(map(operator.index, size))
    except TypeError:
        raise TypeError(not_ints(name, "size", " (position 1)", size)) from None
    if shape and min(shape) < 0:
        if name == "zeros":
            raise RuntimeError(f"zeros: Dimension size must be non-negative, but got {list(shape)}")
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    return shape


def on_device(array: Any, device: Any) -> Any:
    """Return an array on the device that was asked for, or where new tensors are made."""
    if device is None:
        device = default.stack[-1]
        return array if device.type == "cpu" else place(array, device)
    return place(array, named_device(device) if type(device) is str else Device(device))


def finish(array: np.ndarray[Any, Any], device: Any, requires_grad: bool, out: Tensor | None = None) -> Tensor:
    """Return a new array as a tensor, or in ``out`` where that is given.

    Raises
    ------
    RuntimeError
        For a device that is not there, and for integers that shall require gradients.
    """
    array = on_device(array, device)
    if out is not None:
        return write_out("out", out, Tensor._wrap(array))
    made = Tensor._wrap(array)
    if requires_grad:
        if array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        made._requires_grad = True
    return made


def _size(name: str, spread: tuple[Any, ...], size: Any) -> tuple[int, ...]:
    if size is not None:
        if not isinstance(size, (tuple, list)):
            raise TypeError(f"{name}(): argument 'size' must be tuple of ints, not {type(size).__name__}")
        return shape_of((size,), name)
    if len(spread) == 1 and isinstance(spread[0], bool):
        raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, not bool")
    if not spread:
        raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
    return shape_of(spread, name)


def zeros(
    *spread: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of zeros of the given size: ``zeros(2, 3)`` or ``zeros((2, 3))``."""
    return finish(np.zeros(_size("zeros", spread, size), dtype_of("zeros", dtype, out)), device, requires_grad, out)


def ones(
    *spread: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of ones of the given size: ``ones(2, 3)`` or ``ones((2, 3))``."""
    array = np.empty(_size("ones", spread, size), dtype_of("ones", dtype, out))
    array.fill(1)
    return finish(array, device, requires_grad, out)


def empty(
    *spread: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return a tensor of the given size whose elements are not set: ``empty(2, 3)`` or ``empty((2, 3))``."""
    return finish(np.empty(_size("empty", spread, size), dtype_of("empty", dtype, out)), device, requires_grad, out)


def empty_strided(
    size: Any, stride: Any, *, dtype: dtypes.dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor whose elements are not set, with the given steps in memory (in elements) between them."""
    shape = shape_of((tuple(size),), "empty_strided")
    numpy_type = dtype_of("empty_strided", dtype, None)
    room = 1 + sum((length - 1) * step for length, step in zip(shape, stride, strict=True)) if 0 not in shape else 0
    steps = [step * numpy_type.itemsize for step in stride]
    return finish(np.ndarray(shape, numpy_type, np.empty(room, numpy_type), 0, steps), device, requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    out: Tensor | None = None,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of the given size with every element ``fill_value``, whose kind decides the dtype."""
    if isinstance(size, int):
        raise TypeError("full(): argument 'size' (position 1) must be tuple of ints, not int")
    value = _number("full", fill_value)
    default = fill_value.dtype if isinstance(fill_value, Tensor) else dtypes.of_python(value)
    array = np.empty(shape_of((tuple(size),), "full"), dtype_of("full", dtype, out, default))
    array.fill(number_in(value, array.dtype))
    return finish(array, device, requires_grad, out)


def _number(name: str, value: Any) -> Any:
    """Return what to fill with, given as a number or a tensor of no dimension, as a number.

    Raises
    ------
    TypeError
    """
    if type(value) in (float, int):
        return value
    if isinstance(value, Tensor) and not value.ndim:
        return value.item()
    if not isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating)):
        raise TypeError(f"{name}(): argument 'fill_value' (position 2) must be Number, not {type(value).__name__}")
    return value


def scalar_tensor(
    s: Any, *, dtype: dtypes.dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a tensor of no dimension that holds one number, in the default dtype unless another is given."""
    return finish(np.array(s, dtype_of("scalar_tensor", dtype, None)), device, requires_grad)


def asarray(
    obj: Any,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return an object as a tensor, on its own memory unless ``copy`` is True or the dtype changes."""
    made = tensor(obj, dtype=dtype, device=device) if copy else as_tensor(obj, dtype=dtype, device=device)
    return made.requires_grad_() if requires_grad else made


def _like(name: str, input: Tensor, dtype: dtypes.dtype | None, device: Any, requires_grad: bool, value: Any) -> Tensor:
    """Return a tensor of the input's shape and order in memory, filled with ``value`` (not at all if that is None)."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    if input._base is BATCHED:
        return Upper.batched_like(input, lambda samples: _like(name, samples, dtype, device, requires_grad, value))
    source = input._array
    numpy_type = source.dtype if dtype is None else dtypes.requested(dtype, name).numpy
    if type(source) is np.ndarray and source.flags.c_contiguous:
        array = np.zeros(source.shape, numpy_type) if value == 0 else np.empty(source.shape, numpy_type)
    else:
        make = np.zeros_like if value == 0 else np.empty_like
        array = make(source, numpy_type, order="C" if source.flags.c_contiguous or 0 in source.strides else "K")
    if value:
        array.fill(number_in(value, numpy_type))
    return finish(array, device or of_array(array), requires_grad)


def zeros_like(
    input: Tensor,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return zeros of the shape (and, unless another is given, the dtype) of ``input``."""
    return _like("zeros_like", input, dtype, device, requires_grad, 0)


def ones_like(
    input: Tensor,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return ones of the shape (and, unless another is given, the dtype) of ``input``."""
    return _like("ones_like", input, dtype, device, requires_grad, 1)


def empty_like(
    input: Tensor,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return elements that are not set, of the shape (and, unless another is given, the dtype) of ``input``."""
    return _like("empty_like", input, dtype, device, requires_grad, None)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Return ``fill_value`` everywhere in the shape (and, unless another is given, the dtype) of ``input``."""
    return _like("full_like", input, dtype, device, requires_grad, _number("full_like", fill_value))
