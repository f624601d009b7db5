"""The one door to Numba's CUDA compiler and to its simulator; nothing else imports `numba.cuda`.

On a GPU Numba only compiles: `assembled` turns a kernel into machine code, which CuPy loads and launches. Neither step
needs a GPU, so a machine without one can prove that every kernel compiles. Under the simulator (`simulated`) a kernel
runs as Python, a thread of the operating system for each thread of the GPU.

Importing this module imports no Numba, so a process that finds all its kernels on disk never does. The name `cuda`
that kernels are written with is a stand-in until then; `meant` puts the real one in its place.
"""

from __future__ import annotations

import functools
import re
import sys
import threading
import types

import numpy as np

from minigrad_kernels.cuda._memory import SIMULATED

THREADS = 4 if SIMULATED else 256
"""How many threads a block has; a power of two. A thread costs the simulator 0.3 ms."""

cuda = types.SimpleNamespace()  # `numba.cuda`, in the text of kernels

_borrowers = []  # the names that the subroutines of simulated kernels see


class Subroutine:
    """A function that kernels call; it becomes part of every kernel that does.

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function):
        self.function, self.__doc__, self.__name__ = function, function.__doc__, function.__name__

    @functools.cached_property
    def compiled(self):
        """What Numba finds under the subroutine's name.

        Inlined by Numba itself: a call would be compiled for the current GPU, and there may be none.
        """
        from numba import cuda as numba_cuda

        function = _with_numba(self.function)
        if SIMULATED:  # the simulator's own way to call a function takes locks
            _borrowers.append(function.__globals__)
            return function
        return numba_cuda.jit(function, device=True, inline="always")


def _with_numba(function):
    """Return a copy of a function in which names mean what Numba understands."""
    from numba import cuda as numba_cuda

    names = meant(function, numba_cuda, lambda subroutine: subroutine.compiled)
    return types.FunctionType(function.__code__, names, function.__name__, function.__defaults__)


def meant(function, device, compiled):
    """Return the global names of a function that is written with `cuda` and subroutines, and what they stand for.

    Parameters
    ----------
    function : callable
    device : module
        What takes the place of `cuda`.
    compiled : callable
        Gives what takes the place of a subroutine, whether it is a global name or an attribute of one that is a module.
    """
    names, used = dict(function.__globals__), function.__code__.co_names
    for name in used:
        value = names.get(name)
        if value is cuda:
            names[name] = device
        elif isinstance(value, Subroutine):
            names[name] = compiled(value)
        elif isinstance(value, types.ModuleType):
            found = {n: v for n, v in vars(value).items() if n in used and isinstance(v, Subroutine)}
            if found:
                names[name] = types.ModuleType(value.__name__)
                vars(names[name]).update({n: compiled(v) for n, v in found.items()})
    return names


class _Quiet:
    """A kernel that computes as a GPU does: dividing by zero and the like are no events there."""

    def __init__(self, function):
        self.function, self.__globals__ = function, function.__globals__
        functools.update_wrapper(self, function)

    def __call__(self, *arguments):
        for names in _borrowers:  # the simulator puts a module of its own in the place of `cuda`, for this launch
            names["cuda"] = self.__globals__["cuda"]
        with np.errstate(all="ignore"):  # each thread has its own state
            self.function(*arguments)


_allocating = threading.Lock()


def _shared_array(self, shape, dtype, alignment=None):
    """Return the array in shared memory that the line of the caller stands for, one for all threads of the block.

    The simulator's own looks for it and then makes it, and a thread that comes in between gets one of its own.
    """
    caller = sys._getframe(1)
    line = caller.f_code, caller.f_lineno
    with _allocating:
        if line not in self._allocations:
            self._allocations[line] = np.empty(shape, dtype)
        return self._allocations[line]


@functools.cache
def _simulator():
    """Return Numba's simulator, its shared memory mended."""
    from numba import cuda as numba_cuda
    from numba.cuda.simulator.kernelapi import FakeCUDAShared

    FakeCUDAShared.array = _shared_array
    return numba_cuda


def simulated(function):
    """Return a kernel that Numba's simulator runs: ``kernel[blocks, threads](*arrays of NumPy and numbers)``."""
    return _simulator().jit(_Quiet(_with_numba(function)))


def numba_type(dtype, container):
    """Return the type of a kernel's parameter: a number, an array of numbers, or an array of pointers to them.

    Parameters
    ----------
    dtype : numpy.dtype
    container : {None, 'array', 'list'}
    """
    import numba

    element = numba.from_dtype(dtype)
    if container is None:
        return element
    return numba.types.Array(numba.types.CPointer(element) if container == "list" else element, 1, "C")


def ptx(function, parameters, capability):
    """Compile a kernel to NVIDIA's assembly language, in which it has its own name.

    Parameters
    ----------
    function : callable
    parameters : list of numba types
    capability : tuple of int
        The GPU's compute capability, such as (9, 0).
    """
    import numba
    from numba import cuda as numba_cuda

    options = {"device": False, "abi": "numba", "output": "ptx", "cc": capability, "launch_bounds": THREADS}
    text, _ = numba_cuda.compile(_with_numba(function), numba.types.void(*parameters), **options)
    mangled = re.search(r"\.visible \.entry (\w+)", text)[1]
    return text.replace(mangled, function.__name__)


def assembled(text, capability):
    """Return the machine code for PTX, and what the assembler reports of registers and memory."""
    from cuda.bindings import nvjitlink

    options = [f"-arch=sm_{capability[0]}{capability[1]}", "-verbose", "-Xptxas=-v"]
    linker = nvjitlink.create(len(options), options)
    try:
        source = text.encode()
        nvjitlink.add_data(linker, nvjitlink.InputType.PTX, source, len(source), "kernel")
        nvjitlink.complete(linker)
        code = bytearray(nvjitlink.get_linked_cubin_size(linker))
        nvjitlink.get_linked_cubin(linker, code)
        report = bytearray(nvjitlink.get_info_log_size(linker))
        nvjitlink.get_info_log(linker, report)
    finally:
        nvjitlink.destroy(linker)
    return bytes(code), report.decode(errors="replace")
