"""Devices: where a tensor's memory lives."""

from __future__ import annotations

import functools
import threading
from typing import Any

from numpy import ndarray

__all__ = ["device"]

_KNOWN_TO_PYTORCH = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, "
    "privateuseone"
)


class device:
    """A device: its type and an optional index; in a ``with`` statement, where new tensors are made.

    Tensors live on "cpu" and "cuda"; the other types of PyTorch's are there to be compared with.

    Examples
    --------
    >>> device("cuda:1")
    device(type='cuda', index=1)
    >>> device("cpu") == device("cpu")
    True
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __new__(cls, type: Any, index: int | None = None) -> device:
        """Return a device from ``"cuda:0"``, ``("cuda", 0)`` or another device."""
        if isinstance(type, device):
            return type
        if isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        if not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' must be str, not {type.__class__.__name__}")
        name, colon, number = type.partition(":")
        if colon:
            if index is not None:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed explicitly: {type}"
                )
            if not number.isdecimal() or (len(number) > 1 and number[0] == "0"):
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        if name not in _KNOWN_TO_PYTORCH.split(", "):
            raise RuntimeError(f"Expected one of {_KNOWN_TO_PYTORCH} device type at start of device string: {name}")
        self = object.__new__(cls)
        self.type = name
        self.index = index
        return self

    def __repr__(self) -> str:
        return (
            f"device(type='{self.type}')" if self.index is None else f"device(type='{self.type}', index={self.index})"
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)

    def __enter__(self) -> device:
        default.stack.append(check_available(self))
        return self

    def __exit__(self, *exception: object) -> None:
        default.stack.pop()


class DeviceError(RuntimeError, AssertionError):
    """Raised for a device that is not there: PyTorch raises either kind, depending on how it was built."""


CPU = device("cpu")

named_device = functools.cache(device)
"""The device of a name, which is read once."""


class Default(threading.local):
    """Where new tensors are made when no device is given: on the last of a thread's ``stack``."""

    def __init__(self) -> None:
        self.stack = [CPU]


default = Default()


def of_array(array: Any) -> device:
    """Return the device that holds an array."""
    return CPU if isinstance(array, ndarray) else _cuda(array.device.id)


@functools.cache
def _cuda(index: int) -> device:
    return device("cuda", index)


def check_available(requested: Any) -> device:
    """Return ``requested`` as a device, or raise when this machine cannot compute on it.

    Raises
    ------
    DeviceError
        When the device type is known but no backend for it is installed, or minigrad has none.
    """
    found = CPU if requested is None else device(requested)
    if found.type not in ("cpu", "cuda"):
        raise DeviceError(f"device type '{found.type}' is not available in minigrad: use 'cpu' or 'cuda'")
    if found.type != "cpu":
        from minigrad_kernels.cuda import _memory

        try:
            _memory.module()
        except _memory.Unavailable as error:
            raise DeviceError(f"device '{found}' cannot be used: {error}") from None
        count = _memory.device_count()
        if (found.index or 0) >= count:
            raise DeviceError(f"invalid device ordinal: '{found}', and there are {count} CUDA devices")
    return found
