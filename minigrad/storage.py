"""The memory of tensors as a flat run of elements, or of bytes, that views share."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.devices import CPU, device
from minigrad.memory import place

__all__ = ["TypedStorage", "UntypedStorage", "is_storage"]

Array = np.ndarray[Any, Any]

_DEPRECATED = (
    "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage class. "
    "This should only matter to you if you are using storages directly.  To access UntypedStorage directly, use "
    "tensor.untyped_storage() instead of tensor.storage()"
)


class _Storage:
    """What both kinds share.

    Parameters
    ----------
    memory : ndarray, 1-D
        Shared, not copied.
    """

    def __init__(self, memory: Array) -> None:
        self._memory = memory

    @property
    def device(self) -> device:
        """Where the memory is."""
        return CPU

    def __len__(self) -> int:
        return self._memory.size

    def __iter__(self) -> Iterator[Any]:
        return iter(self._memory.tolist())

    def __setitem__(self, index: Any, value: Any) -> None:
        self._memory[index] = value

    def size(self) -> int:
        """Return the number of elements."""
        return self._memory.size

    def nbytes(self) -> int:
        """Return the number of bytes."""
        return self._memory.nbytes

    def element_size(self) -> int:
        """Return the bytes an element takes."""
        return self._memory.itemsize

    def data_ptr(self) -> int:
        """Return the address of the first byte."""
        return self._memory.ctypes.data

    def tolist(self) -> list[Any]:
        """Return the elements as Python numbers."""
        return self._memory.tolist()

    def elements(self, dtype: dtypes.dtype) -> Array:
        """Return the memory as an array of a dtype."""
        return self._memory.view(dtype.numpy)

    def _shown(self, last: str) -> str:
        return "\n".join([*(f" {value}" for value in self._memory.tolist()), last])


class TypedStorage(_Storage):
    """The memory of a tensor as a flat run of its elements (deprecated in PyTorch)."""

    @classmethod
    def of_tensor(cls, array: Array) -> TypedStorage:
        """Return the storage that an array lies in, and warn."""
        warnings.warn(_DEPRECATED, UserWarning, stacklevel=3)
        return cls(place(array).memory)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.from_numpy(self._memory.dtype)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} out of range for storage of size {len(self)}")
        return self._memory[index].item()

    def untyped(self) -> UntypedStorage:
        """Return the same memory as bytes."""
        return UntypedStorage(self._memory.view(np.uint8))

    def __repr__(self) -> str:
        last = f"[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {len(self)}]"
        return self._shown(last)


class UntypedStorage(_Storage):
    """The memory of a tensor as bytes."""

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return UntypedStorage(self._memory[index])
        return int(self._memory[index])

    def __repr__(self) -> str:
        return self._shown(f"[torch.storage.UntypedStorage(device={self.device}) of size {len(self)}]")


def is_storage(obj: Any) -> bool:
    """Whether an object is a storage."""
    return isinstance(obj, _Storage)
