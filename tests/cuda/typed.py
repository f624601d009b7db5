"""A pytest plugin that runs CUDA kernels compiled for the CPU, as the only thread of the only block.

The simulator runs kernels as Python, which has one kind of integer and no types of variables. Numba has its own rules:
``uint64 + int64`` is float64, and a variable has one type. They are the same for both targets, so `pytest -p
tests.cuda.typed tests/cuda` shows whether a kernel means the same to the compiler. The memory is the simulator's.
"""

from __future__ import annotations

import functools
import types
from collections import namedtuple

import numba
import numpy as np

from minigrad_kernels.cuda import _numba

# Before any kernel is defined: what they import by name.
_numba.THREADS = 1
from minigrad_kernels.cuda import _kernel  # noqa: E402

_kernel.most_blocks = lambda: 1

_Dimensions = namedtuple("_Dimensions", "x y z")


@numba.njit
def _array(shape, dtype):
    return np.empty(shape, dtype)


def _device():
    """Return what `numba.cuda` is to the only thread."""
    device = types.ModuleType("cuda")
    device.grid, device.gridsize = numba.njit(lambda _: 0), numba.njit(lambda _: 1)
    device.syncthreads = numba.njit(lambda: None)
    device.threadIdx = device.blockIdx = _Dimensions(0, 0, 0)
    device.blockDim = device.gridDim = _Dimensions(1, 1, 1)
    device.shared, device.local = types.ModuleType("shared"), types.ModuleType("local")
    device.shared.array = device.local.array = _array
    return device


_DEVICE = _device()


@functools.cache
def _compiled(function):
    """Compile a kernel or a subroutine for the CPU."""
    names = _numba.meant(function, _DEVICE, lambda subroutine: _compiled(subroutine.function))
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    return numba.njit(copy, error_model="numpy")


_kernel.Kernel.half = property(lambda self: None, lambda self, half: None)  # the CPU has no half precision
_kernel._Simulated.load = lambda self: _compiled(self.kernel.function)
_kernel._Simulated.launch = lambda self, blocks, words: self.run(*words)
