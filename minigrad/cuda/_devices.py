"""Which GPUs there are, and which one is meant."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from minigrad.devices import check_available
from minigrad.devices import device as Device
from minigrad_kernels.cuda import _memory


def is_available() -> bool:
    """Whether tensors can be put on ``device="cuda"`` here."""
    return device_count() > 0


def device_count() -> int:
    """Return how many CUDA devices can be used."""
    return _memory.device_count()


def init() -> None:
    """Begin to use CUDA, which otherwise happens at the first tensor on a GPU.

    Raises
    ------
    DeviceError
        Where CUDA cannot be used.
    """
    check_available("cuda")


def is_initialized() -> bool:
    """Whether this process has begun to use CUDA."""
    return _memory.is_loaded()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether tensors of bfloat16 can be computed with: minigrad has none."""
    return False


def current_device() -> int:
    """Return the index of the device that ``device="cuda"`` means."""
    check_available("cuda")
    return int(_memory.current())


def set_device(device: Any) -> None:
    """Make a device the one that ``device="cuda"`` means."""
    index_of(device, use=True)


def synchronize(device: Any = None) -> None:
    """Wait until a device has done everything asked of it."""
    _memory.module_device(index_of(device)).synchronize()


def get_device_name(device: Any = None) -> str:
    """Return the name of a device."""
    return _memory.properties(index_of(device))["name"]


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Return the compute capability of a device, (9, 0) for an H100."""
    found = _memory.properties(index_of(device))
    return found["major"], found["minor"]


def get_device_properties(device: Any = None) -> SimpleNamespace:
    """Return what a device is: its name, compute capability, multiprocessors and bytes of memory."""
    found = _memory.properties(index_of(device))
    return SimpleNamespace(
        name=found["name"],
        major=found["major"],
        minor=found["minor"],
        multi_processor_count=found["multiProcessorCount"],
        total_memory=found["totalGlobalMem"],
    )


class device:
    """In a ``with`` statement, the device that ``device="cuda"`` means.

    Parameters
    ----------
    device : device, str or int
    """

    def __init__(self, device: Any) -> None:
        self.idx = index_of(device)

    def __enter__(self) -> device:
        self._before = current_device()
        set_device(self.idx)
        return self

    def __exit__(self, *exception: object) -> None:
        set_device(self._before)


def index_of(given: Any, use: bool = False) -> int:
    """Return the index of a CUDA device, by default the current one, and make it the current one if ``use``.

    Raises
    ------
    DeviceError
        For a device that is not there.
    ValueError
        For a device of another type.
    """
    wanted = Device("cuda" if given is None else given)
    if wanted.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {wanted}")
    check_available(wanted)
    index = current_device() if wanted.index is None else wanted.index
    if use:
        _memory.module_device(index).use()
    return index
