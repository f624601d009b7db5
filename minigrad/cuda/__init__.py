"""Questions about CUDA that programs ask before they use it, answered for this machine."""

from __future__ import annotations

from typing import Any

from minigrad.devices import check_available, device

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_name",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "reset_peak_memory_stats",
    "seed",
    "seed_all",
    "set_device",
    "synchronize",
]


def is_available() -> bool:
    """Whether tensors can be put on ``device="cuda"`` here."""
    try:
        check_available("cuda")
    except RuntimeError:
        return False
    return True


def device_count() -> int:
    """Return how many CUDA devices can be used."""
    return int(is_available())


def is_initialized() -> bool:
    """Whether this process has begun to use CUDA."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the device computes in bfloat16."""
    return False


def current_device() -> int:
    """Return the index of the device that ``device="cuda"`` means."""
    return check_available("cuda").index or 0


def set_device(device: Any) -> None:
    """Make a device the one that ``device="cuda"`` means."""
    check_available(_cuda(device))


def get_device_name(device: Any = None) -> str:
    """Return the name of a device."""
    return str(check_available(_cuda(device)))


def synchronize(device: Any = None) -> None:
    """Wait until a device has done everything asked of it."""
    check_available(_cuda(device))


def empty_cache() -> None:
    """Give back memory of devices that is kept for reuse; there is none before a device is used."""


def manual_seed(seed: int) -> None:
    """Seed the generator of the current device, if there is one."""
    int(seed)


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all devices."""
    int(seed)


def seed() -> None:
    """Seed the generator of the current device, if there is one, with a random number."""


def seed_all() -> None:
    """Seed the generators of all devices with a random number."""


def memory_allocated(device: Any = None) -> int:
    """Return how many bytes of a device tensors take."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """Return the most bytes of a device that tensors took at one time."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """Return how many bytes of a device are taken or kept for reuse."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """Return the most bytes of a device that were taken or kept for reuse at one time."""
    return 0


def reset_peak_memory_stats(device: Any = None) -> None:
    """Start counting the most bytes anew; there is nothing to count before a device is used."""


def _cuda(given: Any) -> device:
    return device("cuda" if given is None else given)
