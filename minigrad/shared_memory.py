"""Tensors in memory that processes share: a mapped file that has no name, which processes hand on as an open file."""

from __future__ import annotations

import os
import weakref
from typing import Any

import numpy as np

from minigrad.memory import reduce_tensor
from minigrad.ops.backend import is_device_array
from minigrad.tensor import Tensor, register_method

__all__: list[str] = []

_files: dict[int, int] = {}
"""The open file behind a shared memory, by the address where the memory begins."""

_FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else None


def _root(array: Any) -> Any:
    """Return the array of bytes that the memory of an array begins with."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _map(descriptor: int, size: int) -> Any:
    """Return the bytes of an open file as an array, which closes the file when nobody uses it any more."""
    import mmap

    memory = np.frombuffer(mmap.mmap(descriptor, max(size, 1)), np.uint8)
    _files[_address(memory)] = descriptor
    weakref.finalize(memory, _close, _address(memory))
    return memory


def _close(address: int) -> None:
    os.close(_files.pop(address))


def is_shared(self: Tensor) -> bool:
    """Whether the memory is shared with the processes that the tensor is sent to; that of a GPU always is."""
    return self.is_cuda or _address(_root(self._array)) in _files


def share_memory_(self: Tensor) -> Tensor:
    """Move the elements into shared memory, in place; views of the former memory stay there."""
    import tempfile

    if is_shared(self):
        return self
    _register()
    array = self._array
    with tempfile.TemporaryFile(dir=_FOLDER) as file:
        file.truncate(max(array.nbytes, 1))
        memory = _map(os.dup(file.fileno()), array.nbytes)
    shared = memory[: array.nbytes].view(array.dtype).reshape(array.shape)
    shared[...] = array
    self._array = shared
    return self


def _register() -> None:
    """Let tensors go to other processes by `_reduce`."""
    from multiprocessing.reduction import ForkingPickler

    ForkingPickler.register(Tensor, _reduce)


def _reduce(tensor: Tensor) -> Any:
    """Return how to make a tensor in another process: on the same memory where that is shared."""
    from multiprocessing.reduction import DupFd

    array = tensor._array
    root = None if is_device_array(array) else _root(array)
    if root is None or tensor.requires_grad or _address(root) not in _files:
        return reduce_tensor(tensor)
    layout = (array.shape, array.strides, _address(array) - _address(root), array.dtype.str)
    return _rebuild, (DupFd(_files[_address(root)]), root.nbytes, *layout)


def _rebuild(file: Any, size: int, shape: Any, strides: Any, offset: int, dtype: str) -> Tensor:
    _register()
    memory = _map(file.detach(), size)
    return Tensor._wrap(np.ndarray(shape, dtype, memory, offset, strides))


for _method in (is_shared, share_memory_):
    register_method(_method.__name__, _method)
