"""Tensors on memory that other objects own: buffers of bytes, and whatever speaks DLPack."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.creation import finish, from_numpy
from minigrad.tensor import Tensor, register_method

__all__ = ["empty_permuted", "from_dlpack", "frombuffer"]


def frombuffer(
    buffer: Any, *, dtype: dtypes.dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """Return a vector on the memory of a buffer, such as a `bytearray`; of `bytes`, a copy.

    Parameters
    ----------
    buffer : object with the buffer protocol
    dtype : dtype
    count : int
        How many elements; all unless given.
    offset : int
        How many bytes are skipped first.

    Raises
    ------
    ValueError
        When the buffer is too short, or no whole number of elements long.
    """
    length, size = memoryview(buffer).nbytes, dtype.itemsize
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
        )
    if count < 0:
        if (length - offset) % size:
            raise ValueError(
                f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a multiple of element "
                f"size ({size})"
            )
        count = (length - offset) // size
    if offset + count * size > length:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must not be greater than "
            f"actual buffer length ({length} bytes)"
        )
    array = np.frombuffer(buffer, dtype.numpy, count, offset)
    return finish(array if array.flags.writeable else array.copy(), None, requires_grad)


class _Capsule:
    """A capsule in memory of the CPU, as the object that NumPy takes it from."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        """Return the capsule."""
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return DLPack's numbers of the CPU."""
        return 1, 0


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """Return a tensor on the memory of an array of another library, by the DLPack protocol."""
    if isinstance(ext_tensor, Tensor):
        array = ext_tensor.detach().numpy()
    else:
        array = np.from_dlpack(_Capsule(ext_tensor) if type(ext_tensor).__name__ == "PyCapsule" else ext_tensor)
        array = array if array.flags.writeable else array.copy()
    made = from_numpy(array.copy() if copy else array)
    return made if device is None else made.to(device)


def empty_permuted(
    size: Any,
    physical_layout: Any,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of a size, its elements not set, whose dimensions lie in memory in another order.

    Parameters
    ----------
    size : tuple of int
    physical_layout : tuple of int
        The dimensions from the one with the largest step to the one with the smallest.

    Raises
    ------
    RuntimeError
        Where the order is no permutation of the dimensions.
    """
    size, order = tuple(size), tuple(physical_layout)
    if sorted(order) != list(range(len(size))):
        raise RuntimeError(f"Duplicate or missing dim in physical_layout {list(order)} of {len(size)} dimensions")
    dtype = dtype or dtypes.get_default_dtype()
    array = np.empty([size[k] for k in order], dtype.numpy).transpose(np.argsort(order))
    return finish(array, device, requires_grad)


def new_empty_strided(
    self: Tensor,
    size: Any,
    stride: Any,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of a size and strides, its elements not set, in this tensor's dtype unless another is given."""
    dtype = dtype or self.dtype
    count = 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if math.prod(size) else 0
    steps = tuple(step * dtype.itemsize for step in stride)
    array = np.lib.stride_tricks.as_strided(np.empty(count, dtype.numpy), tuple(size), steps)
    return finish(array, device, requires_grad)


def __dlpack__(self: Tensor, **options: Any) -> Any:
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return self.numpy().__dlpack__(**options)


def __dlpack_device__(self: Tensor) -> tuple[int, int]:
    return self.numpy(force=True).__dlpack_device__()


for _method in (new_empty_strided, __dlpack__, __dlpack_device__):
    register_method(_method.__name__, _method)
