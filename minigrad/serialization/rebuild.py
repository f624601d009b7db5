"""The functions that a saved file calls to make its objects again, under the signatures that PyTorch gave them."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import numpy as np

from minigrad import dtypes
from minigrad.devices import device
from minigrad.memory import view_of
from minigrad.ops.backend import place as put
from minigrad.tensor import Tensor

__all__ = [
    "Storage",
    "StorageType",
    "rebuild_from_type",
    "rebuild_parameter",
    "rebuild_parameter_with_state",
    "rebuild_tensor",
    "rebuild_tensor_v2",
    "restore_bytes",
]


class StorageType(NamedTuple):
    """A type of storage by PyTorch's name for it, ``FloatStorage``."""

    name: str
    dtype: dtypes.dtype


class Storage:
    """A run of memory that tensors of a file lie in; what a ``map_location`` function is given.

    Attributes
    ----------
    array : numpy.ndarray
        The elements, a vector.
    location : str
        Where the file says they were, ``"cpu"`` or ``"cuda:0"``.
    version : list of int
        The version counter of all tensors that lie here.
    """

    __slots__ = ("array", "location", "version")

    def __init__(self, array: np.ndarray[Any, Any], location: str) -> None:
        self.array = array
        self.location = location
        self.version = [0]

    def __len__(self) -> int:
        return self.array.size

    def __repr__(self) -> str:
        return f"<storage of {self.array.size} elements of type {self.array.dtype}, saved from {self.location}>"

    def nbytes(self) -> int:
        """Return the size in bytes."""
        return self.array.nbytes

    def cpu(self) -> Storage:
        """Return the storage in the CPU's memory."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> Storage:
        """Return the storage in a GPU's memory."""
        return self.to("cuda" if device is None else device)

    def to(self, target: Any) -> Storage:
        """Return the storage in the memory of a device; itself when it is there."""
        array = put(self.array, device(target))
        return self if array is self.array else Storage(array, str(target))


def rebuild_tensor_v2(
    storage: Any,
    storage_offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any = False,
    backward_hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    """Return the tensor that lies at a place of a storage.

    Raises
    ------
    RuntimeError
        When it would reach beyond the storage.
    """
    if not isinstance(storage, Storage):
        raise RuntimeError(f"a tensor's storage is expected, the file has {type(storage).__name__}")
    try:
        array = view_of(storage.array, storage_offset, tuple(size), tuple(stride))
    except (TypeError, ValueError, OverflowError):
        raise RuntimeError(
            f"a tensor of size {size}, stride {stride} and offset {storage_offset} does not fit into its storage of "
            f"{len(storage)} elements"
        ) from None
    tensor = Tensor._wrap(array)
    tensor._writes = storage.version
    return tensor.requires_grad_() if requires_grad else tensor


def rebuild_tensor(storage: Any, storage_offset: Any, size: Any, stride: Any) -> Tensor:
    """Return the tensor that lies at a place of a storage (files of PyTorch before 0.4)."""
    return rebuild_tensor_v2(storage, storage_offset, size, stride)


def rebuild_parameter(data: Any, requires_grad: Any, backward_hooks: Any) -> Any:
    """Return a parameter on the memory of ``data``."""
    return importlib.import_module("minigrad.nn.parameter").Parameter(data, requires_grad)


def rebuild_parameter_with_state(data: Any, requires_grad: Any, backward_hooks: Any, state: Any) -> Any:
    """Return a parameter on the memory of ``data``, with attributes that the user gave it."""
    return _with_state(rebuild_parameter(data, requires_grad, backward_hooks), state)


def rebuild_from_type(function: Any, kind: Any, args: Any, state: Any) -> Any:
    """Return a tensor of a subclass, or with attributes that the user gave it."""
    tensor = function(*args)
    if not (isinstance(kind, type) and issubclass(kind, Tensor)):
        raise RuntimeError(f"a subclass of Tensor is expected, the file has {kind!r}")
    if type(tensor) is not kind:
        version, requires_grad = tensor._writes, tensor.requires_grad
        tensor = kind._make_subclass(kind, tensor.detach(), requires_grad)
        tensor._writes = version
    return _with_state(tensor, state)


def _with_state(tensor: Any, state: Any) -> Any:
    if isinstance(state, tuple):  # attributes from __dict__, and those from __slots__
        state = {**(state[0] or {}), **(state[1] or {})}
    reserved = [name for name in state if hasattr(Tensor, name)]
    if reserved:
        raise RuntimeError(f"the file would overwrite what a tensor is made of: {', '.join(map(str, reserved))}")
    vars(tensor).update(state)
    return tensor


def restore_bytes(text: str, encoding: str) -> bytes:
    """Return the bytes that a pickle of protocol 2 holds as text."""
    if encoding != "latin1":
        raise RuntimeError(f"bytes are expected as latin1 text, the file says {encoding!r}")
    return text.encode("latin1")
