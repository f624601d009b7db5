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
    return cupy


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


def to_device(array, index=None):
    """Return a copy of an array in the memory of a device, by default the current one."""
    if index is None:
        return module().array(array)
    with module().cuda.Device(index):
        return module().array(array)


def to_host(array):
    """Return a copy of a device's array in NumPy's memory; it waits for the device."""
    return array.get()


@functools.cache
def multiprocessors():
    """Return how many multiprocessors the current device has (two on the simulator)."""
    if SIMULATED:
        return 2
    return module().cuda.Device().attributes["MultiProcessorCount"]


@functools.cache
def compute_capability():
    """Return the compute capability of the current device as a pair, such as (9, 0)."""
    if SIMULATED:
        return 9, 0
    digits = module().cuda.Device().compute_capability
    return int(digits[:-1]), int(digits[-1])
