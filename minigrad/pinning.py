"""Pinned memory: memory of the CPU that a GPU reads by itself, while the program goes on."""

from __future__ import annotations

from typing import Any

from minigrad.devices import DeviceError, check_available
from minigrad.ops.backend import is_device_array
from minigrad.tensor import Tensor


def pin(tensor: Tensor) -> Tensor:
    """Return a copy of a tensor in pinned memory; the tensor itself if it is there.

    Raises
    ------
    RuntimeError
        For a tensor on a GPU, and where there is none.
    """
    if is_device_array(tensor._array):
        raise RuntimeError(f"cannot pin '{tensor.type()}' only dense CPU tensors can be pinned")
    if is_pinned(tensor):
        return tensor
    try:
        check_available("cuda")
    except DeviceError as error:
        raise RuntimeError(f"Cannot access accelerator device when none is available. {error}") from None
    from minigrad_kernels.cuda import _memory

    copy = Tensor._wrap(_memory.pinned(tensor.detach()._array))
    copy._pinned = True
    return copy.requires_grad_() if tensor.requires_grad else copy


def is_pinned(tensor: Tensor) -> bool:
    """Whether a tensor is in pinned memory."""
    return bool(tensor._pinned)


def pin_all(value: Any) -> Any:
    """Return a batch with its tensors in pinned memory, however nested in dictionaries, tuples and lists."""
    if isinstance(value, Tensor):
        return pin(value)
    if hasattr(value, "pin_memory"):
        return value.pin_memory()
    if isinstance(value, dict):
        return type(value)({name: pin_all(each) for name, each in value.items()})
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(pin_all, value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(pin_all, value))
    return value
