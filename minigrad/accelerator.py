"""The accelerator of this machine, whatever its kind: CUDA, or none."""

from __future__ import annotations

from minigrad import cuda
from minigrad.devices import device

__all__ = ["current_accelerator", "device_count", "is_available"]


def is_available() -> bool:
    """Whether there is an accelerator that can be used."""
    return cuda.is_available()


def device_count() -> int:
    """Return how many devices there are."""
    return cuda.device_count()


def current_accelerator(check_available: bool = False) -> device | None:
    """Return the accelerator as a device without an index; None where there is none."""
    return device("cuda") if cuda.is_available() else None
