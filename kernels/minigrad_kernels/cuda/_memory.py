"""The memory of the GPU, and the one door to CuPy, which holds it.

With ``NUMBA_ENABLE_CUDASIM=1`` there is no GPU: `minigrad_kernels.cuda._simulated` stands in for CuPy, its arrays held
by NumPy, and Numba's simulator runs the kernels on them.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os

SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
"""Whether the device is Numba's simulator."""


class Unavailable(RuntimeError):
    """Raised where there is nothing to compute on; says what is missing and how to get it."""


@functools.cache
def module():
    """Return the array module of the device: CuPy, or what stands in for it under the simulator.

    Raises
    ------
    Unavailable
        Without CuPy, without a driver that it can use, or without a device.
    """
    if SIMULATED:
        return importlib.import_module("minigrad_kernels.cuda._simulated")
    try:
        import cupy
    except ImportError as error:
        raise Unavailable(
            "CUDA needs CuPy and numba-cuda, which are not installed: pip install 'minigrad[cuda]'"
        ) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise Unavailable(f"CUDA needs an NVIDIA driver that fits CuPy {cupy.__version__}: {error}") from error
    if not count:
        raise Unavailable("CuPy found no NVIDIA GPU on this machine")
    _count_allocations(cupy)
    return cupy


def is_loaded():
    """Whether an array of a device was asked for in this process."""
    return bool(_usage)


@functools.cache
def special():
    """Return the device's twin of ``scipy.special``."""
    return module().special if SIMULATED else importlib.import_module("cupyx.scipy.special")


@functools.cache
def array_type():
    """Return the class of the device's arrays."""
    return module().ndarray


def device_count():
    """Return how many devices there are; none where CUDA cannot be used."""
    if SIMULATED:
        return 1
    if importlib.util.find_spec("cupy") is None:
        return 0
    try:
        return module().cuda.runtime.getDeviceCount()
    except Unavailable:
        return 0


def current():
    """Return the number of the current device."""
    return 0 if SIMULATED else module().cuda.runtime.getDevice()


def to_device(array, index=None, wait=True):
    """Return a copy of an array in the memory of a device, by default the current one.

    With ``wait=False`` and an array in `pinned` memory, the copy goes on while the program does.
    """
    index = current() if index is None else index
    with module_device(index):
        usage(index)
        return module().array(array) if SIMULATED else module().array(array, blocking=wait)


def to_host(array):
    """Return a copy of a device's array in NumPy's memory; it waits for the device."""
    return array.get()


def pinned(array):
    """Return a copy of a NumPy array in memory that a device reads by itself."""
    if SIMULATED:
        return array.copy()
    import cupyx

    copy = cupyx.empty_pinned(array.shape, array.dtype)
    copy[...] = array
    return copy


def module_device(index=None):
    """Return CuPy's object for a device, by default the current one."""
    return module().cuda.Device(index)


@functools.cache
def properties(index=0):
    """Return what CUDA tells of a device, as a dictionary."""
    found = module().cuda.runtime.getDeviceProperties(index)
    name = found["name"]
    return {**found, "name": name.decode() if isinstance(name, bytes) else name}


def multiprocessors():
    """Return how many multiprocessors the current device has."""
    return properties(current())["multiProcessorCount"]


def compute_capability():
    """Return the compute capability of the current device as a pair, such as (9, 0)."""
    found = properties(current())
    return found["major"], found["minor"]


class Usage:
    """How much memory of a device is taken, in bytes, and how much was at most."""

    def __init__(self):
        self.allocated = self.most_allocated = self.most_reserved = 0

    @property
    def reserved(self):
        """Bytes taken, or kept in the pool."""
        return module().get_default_memory_pool().total_bytes() if is_loaded() else 0

    def add(self, size):
        """Count memory that was taken, or, negative, given back."""
        self.allocated += size
        if self.allocated > self.most_allocated:
            self.most_allocated = self.allocated
            self.most_reserved = max(self.most_reserved, self.reserved)

    def reset_peak(self):
        """Forget what was at most."""
        self.most_allocated, self.most_reserved = self.allocated, self.reserved


_usage = {}


def usage(index=None):
    """Return the `Usage` of a device."""
    index = 0 if index is None else index
    if index not in _usage:
        _usage[index] = Usage()
    return _usage[index]


def _count_allocations(cupy):
    """Let CuPy's pool tell what it hands out and takes back: it counts, and keeps no maximum."""

    class Count(cupy.cuda.MemoryHook):
        name = "minigrad"

        def malloc_postprocess(self, *, device_id, mem_size, **_):
            usage(device_id).add(mem_size)

        def free_postprocess(self, *, device_id, mem_size, **_):
            usage(device_id).add(-mem_size)

    Count().__enter__()
