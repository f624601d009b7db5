"""Pickling that leaves the elements of tensors out.

In the pickle a tensor is a call of ``torch._utils._rebuild_tensor_v2`` on a *persistent id*, which names the type, key,
location and length of a storage kept elsewhere in the file.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from types import FunctionType
from typing import Any, ClassVar

import numpy as np

from minigrad import dtypes
from minigrad.memory import attributes_of, place
from minigrad.ops.backend import address as data_address
from minigrad.ops.backend import to_host
from minigrad.serialization import names
from minigrad.serialization.rebuild import (
    StorageType,
    rebuild_from_type,
    rebuild_parameter,
    rebuild_parameter_with_state,
    rebuild_tensor_v2,
)
from minigrad.tensor import Tensor

__all__ = ["SavedStorage", "TensorPickler", "pickle_with_storages"]

# The C pickler writes a name only if it can be imported, and PyTorch's cannot: so the one in Python, which the standard
# library keeps for such uses but declares to type checkers in part only.
_PythonPickler: Any = pickle._Pickler


class SavedStorage:
    """A storage on its way into a file; of a large one, only the part that saved tensors lie in."""

    __slots__ = ("dtype", "high", "key", "location", "low", "memory")

    def __init__(self, key: str, memory: np.ndarray[Any, Any], dtype: dtypes.dtype, location: str) -> None:
        self.key = key
        self.memory = memory
        self.dtype = dtype
        self.location = location
        self.low = memory.size
        self.high = 0

    def include(self, low: int, high: int) -> bool:
        """Let the part reach from ``low`` to ``high``; return whether it is now all of the memory."""
        self.low = min(self.low, low)
        self.high = max(self.high, high)
        return (self.low, self.high) == (0, self.memory.size)

    @property
    def part(self) -> np.ndarray[Any, Any]:
        """The elements that go into the file."""
        return to_host(self.memory[self.low : self.high])


class _Later:
    """An integer that is known only when everything was pickled: where a part begins, or how long it is."""

    __slots__ = ("offset", "storage")

    def __init__(self, storage: SavedStorage, offset: int | None = None) -> None:
        self.storage = storage
        self.offset = offset

    def value(self) -> int:
        """Return the number: the offset within the part, or without one the part's length."""
        storage = self.storage
        return storage.high - storage.low if self.offset is None else self.offset - storage.low


class _StorageId:
    """What stands for a storage among the arguments of a tensor's rebuild function."""

    __slots__ = ("count", "storage")

    def __init__(self, storage: SavedStorage, count: int | _Later) -> None:
        self.storage = storage
        self.count = count


class _Call:
    """A call for the pickle that no object stands for."""

    __slots__ = ("args", "function")

    def __init__(self, function: Any, args: tuple[Any, ...]) -> None:
        self.function = function
        self.args = args


class TensorPickler(_PythonPickler):  # type: ignore[misc]  # its base is untyped
    """Pickles an object; tensors refer to storages, which are gathered in ``storages``.

    Parameters
    ----------
    file : io.BytesIO
    protocol : int
    """

    dispatch: ClassVar[dict[Any, Any]] = _PythonPickler.dispatch.copy()

    def __init__(self, file: io.BytesIO, protocol: int) -> None:
        super().__init__(file, protocol)
        self._file = file
        self._protocol = protocol
        self._pending: list[tuple[int, _Later]] = []
        self._by_address: dict[tuple[str, int, int], SavedStorage] = {}
        self.storages: list[SavedStorage] = []

    def dump(self, obj: Any) -> None:
        """Write the pickle of an object."""
        # Without frames, which would hide the position of what is filled in at the end.
        self.write(pickle.PROTO + bytes([self._protocol]))
        self.save(obj)
        self.write(pickle.STOP)
        buffer = self._file.getbuffer()
        for position, number in self._pending:
            buffer[position : position + 8] = number.value().to_bytes(8, "little")

    def reducer_override(self, obj: Any) -> Any:
        """Return how to pickle a tensor, in PyTorch's way."""
        if not isinstance(obj, Tensor) or isinstance(obj, names.lazy_classes()):
            return NotImplemented
        args = self._place(obj)
        state = attributes_of(obj)
        if isinstance(obj, names.parameter_class()):
            data = _Call(rebuild_tensor_v2, (*args, False, OrderedDict()))
            rest: tuple[Any, ...] = (data, obj.requires_grad, OrderedDict())
            return (rebuild_parameter_with_state, (*rest, state)) if state else (rebuild_parameter, rest)
        args = (*args, obj.requires_grad, OrderedDict())
        if type(obj) is Tensor and not state:
            return rebuild_tensor_v2, args
        # A buffer is a tensor to PyTorch, which has no class for it.
        kind = Tensor if type(obj).__name__ == "Buffer" else type(obj)
        return rebuild_from_type, (rebuild_tensor_v2, kind, args, state)

    def _place(self, tensor: Tensor) -> tuple[Any, ...]:
        """Return storage, offset, size and stride of a tensor."""
        memory, offset, strides = place(tensor._array)
        shape = tuple(tensor._array.shape)
        storage = self._storage(memory, tensor.dtype, str(tensor.device))
        last = sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
        high = offset + last + 1 if tensor._array.size else offset
        if storage.include(offset, high):
            return _StorageId(storage, memory.size), offset, shape, strides
        return _StorageId(storage, _Later(storage)), _Later(storage, offset), shape, strides

    def _storage(self, memory: np.ndarray[Any, Any], dtype: dtypes.dtype, location: str) -> SavedStorage:
        # Empty arrays may have any address, so they share nothing.
        address = (location, data_address(memory), memory.nbytes) if memory.size else ("", -1, len(self.storages))
        storage = self._by_address.get(address)
        if storage is None:
            storage = SavedStorage(str(len(self.storages)), memory, dtype, location)
            self._by_address[address] = storage
            self.storages.append(storage)
        elif storage.dtype is not dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different types: "
                f"{storage.dtype} and {dtype}. Clone one of the tensors first"
            )
        return storage

    def persistent_id(self, obj: Any) -> Any:
        """Return what names a storage in the pickle."""
        if type(obj) is not _StorageId:
            return None
        storage = obj.storage
        return "storage", names.storage_type(storage.dtype), storage.key, storage.location, obj.count

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Write the name of a function or class: PyTorch's, where it has one."""
        found = names.torch_name(obj)
        if found is None:
            super().save_global(obj, name)
        else:
            self._write_name(obj, *found)

    def _write_name(self, obj: Any, module: str, name: str) -> None:
        self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
        self.memoize(obj)

    def _save_storage_type(self, obj: StorageType) -> None:
        self._write_name(obj, "torch", obj.name)

    def _save_later(self, obj: _Later) -> None:
        self.write(pickle.LONG1 + b"\x08")
        self._pending.append((self._file.tell(), obj))
        self.write(bytes(8))

    def _save_call(self, obj: _Call) -> None:
        self.save_reduce(obj.function, obj.args, obj=obj)

    dispatch[FunctionType] = save_global
    dispatch[StorageType] = _save_storage_type
    dispatch[_Later] = _save_later
    dispatch[_Call] = _save_call


def pickle_with_storages(obj: Any, protocol: int) -> tuple[bytes, list[SavedStorage]]:
    """Return the pickle of an object, and the storages that its tensors lie in."""
    file = io.BytesIO()
    pickler = TensorPickler(file, protocol)
    pickler.dump(obj)
    return file.getvalue(), pickler.storages
