"""What stands in for ``cupy.cuda`` under the simulator: one device, which is done when a call returns."""

from __future__ import annotations

import time


class Device:
    """The simulated device."""

    id = 0
    mem_info = (2**30, 2**30)

    def __init__(self, device=None):
        if device not in (None, 0):
            raise ValueError(f"there is one simulated device, and no number {device}")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return None

    def use(self):
        """Make it the current device, which it is."""

    def synchronize(self):
        """Wait for nothing."""


class Event:
    """A point in time."""

    done = True

    def __init__(self, block=True, disable_timing=False):
        self.time = None

    def record(self, stream=None):
        """Take the time."""
        self.time = time.perf_counter()

    def synchronize(self):
        """Wait for nothing."""


class Stream:
    """A sequence of work, each piece done at once."""

    done = True

    def __init__(self, null=False, non_blocking=False):
        self.ptr = 0 if null else id(self)

    def __enter__(self):
        _current.append(self)
        return self

    def __exit__(self, *exception):
        _current.pop()

    def synchronize(self):
        """Wait for nothing."""

    def wait_event(self, event):
        """Wait for nothing."""


Stream.null = Stream(null=True)
_current = [Stream.null]


def get_current_stream(device_id=0):
    """Return the stream of the innermost ``with`` statement."""
    return _current[-1]


def get_elapsed_time(start, end):
    """Return the milliseconds between two events."""
    return (end.time - start.time) * 1e3


class runtime:
    """What stands in for ``cupy.cuda.runtime``."""

    @staticmethod
    def getDeviceProperties(device):
        """Return a small device's properties."""
        return {
            "name": "Numba's CUDA simulator",
            "major": 9,
            "minor": 0,
            "multiProcessorCount": 2,
            "totalGlobalMem": 2**30,
        }
