"""The `kernel` decorator: one loop over flat arrays, compiled for each element type, looked up by dtype.

::

    @kernel
    def _scale_loop(x: In, factor: Real, out: Out):
        for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
            out[i] = x[i] * factor

    _scale_loop[x.dtype](x, 2.0, out)

The annotations are those of the CPU's kernels (`minigrad_kernels.cpu._kernel`), and so is what a loop sees: arrays of
one dimension. A loop is written for any number of blocks. By default there are as many as give each element of the last
output a thread, up to what keeps the GPU busy; ``blocks=`` asks for another number.

A launch costs a few microseconds. What it passes for an array is how Numba's compiled code takes one: seven words, of
which it reads the address and the size.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from minigrad_kernels import _cache
from minigrad_kernels.cuda import _memory, _numba
from minigrad_kernels.cuda._memo import Memo
from minigrad_kernels.cuda._numba import THREADS

_WAVES = 1 if _memory.SIMULATED else 32  # blocks a multiprocessor: 8 run at a time, and none waits long for the last
_TABLES = 64  # tables of addresses that are kept
_SINGLE = np.dtype(np.float32)
_int64 = np.int64


class _Kind:
    """What a kernel's parameter is; instances serve as annotations.

    Parameters
    ----------
    container : {'array', 'list', None}
        None for a plain number.
    dtype : str or None
        None for the dtype that the kernel is looked up by.
    is_output : bool
    """

    def __init__(self, container, dtype=None, is_output=False):
        self.container, self.dtype, self.is_output = container, dtype, is_output

    def element(self, dtype):
        """Return the element's dtype in a kernel that was looked up by `dtype`."""
        return np.dtype(self.dtype or (dtype if self.container else working_dtype(dtype)))


In, Out = _Kind("array"), _Kind("array", None, True)
InList, OutList = _Kind("list"), _Kind("list", None, True)
InInt64, OutInt64 = _Kind("array", "int64"), _Kind("array", "int64", True)
InWords, OutWords = _Kind("array", "uint32"), _Kind("array", "uint32", True)
InInt32, OutInt32 = _Kind("array", "int32"), _Kind("array", "int32", True)
InInt8, OutInt8 = _Kind("array", "int8"), _Kind("array", "int8", True)
InBool, OutBool = _Kind("array", "bool"), _Kind("array", "bool", True)
Real = _Kind(None)
_PLAIN = {"float": _Kind(None, "float64"), "int": _Kind(None, "int64"), "bool": _Kind(None, "bool")}


class Kernel(dict):
    """A loop over flat arrays: a dictionary from dtype to what launches it.

    Parameters
    ----------
    function : callable
        The loop, its parameters annotated.
    dtypes : tuple of str
        What it is looked up by, half precision aside.
    wide : bool
        Whether it may compute in double precision where its arrays are of single precision.
    each : int
        How many elements of its last output a thread is meant for.
    half : Kernel, optional
        What takes its place for arrays of half precision, which are otherwise converted before and after.
    """

    def __init__(self, function, dtypes=("float32", "float64"), wide=False, each=1, half=None):
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        notes = function.__annotations__
        self.kinds = [_PLAIN.get(notes[name]) or globals()[notes[name]] for name in names]
        self.function, self.dtypes, self.wide, self.each, self.half = function, dtypes, wide, each, half
        self.__doc__, self.__name__ = function.__doc__, function.__name__

    def __missing__(self, dtype):
        """Compile the loop for `dtype`, or load it from the cache, and keep what launches it."""
        dtype = np.dtype(dtype)
        if dtype == np.float16 and "float16" not in self.dtypes:
            self[dtype] = launch = self[_SINGLE] if self.half is None else self.half[dtype]
        else:
            self[dtype] = launch = (_Simulated if _memory.SIMULATED else _OnDevice)(self, dtype)
        return launch

    def ptx(self, dtype, capability):
        """Return the loop for `dtype` in NVIDIA's assembly language."""
        parameters = [_numba.numba_type(kind.element(dtype), kind.container) for kind in self.kinds]
        return _numba.ptx(self.function, parameters, capability)

    def binary(self, dtype, capability):
        """Return the path of a file with the loop's machine code, made if need be."""
        home = self.function.__module__.rpartition(".")[2]
        path = _folder() / f"{home}.{self.__name__}-{dtype}-sm_{capability[0]}{capability[1]}.cubin"
        if not path.exists():
            code, _ = _numba.assembled(self.ptx(dtype, capability), capability)
            handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".part")
            with os.fdopen(handle, "wb") as file:
                file.write(code)
            os.replace(unfinished, path)  # whole or not at all, whoever else writes it
        return path


@cache
def _folder():
    """Return where machine code is kept: by source and compiler version, or for this process only."""
    try:
        version = importlib.metadata.version("numba-cuda")
    except importlib.metadata.PackageNotFoundError as error:
        raise _memory.Unavailable(
            "CUDA kernels need Numba's compiler, numba-cuda, which is not installed: pip install 'minigrad[cuda]'"
        ) from error
    if _cache.FOLDER is None:
        return Path(_temporary().name)
    folder = _cache.FOLDER / f"cuda-{version}"
    folder.mkdir(exist_ok=True)
    return folder


@cache
def _temporary():
    """Return a folder that is removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="minigrad-kernels-")


class _Sizes(dict):
    """Integers as a launch takes them, made once: NumPy takes longer for that than a dictionary for finding them."""

    def __missing__(self, size):
        if len(self) > 10_000:
            self.clear()
        self[size] = made = _int64(size)
        return made


_sizes = _Sizes()
_ZERO = _int64(0)


class _Launcher:
    """What launches a loop for one dtype: called with the loop's arguments.

    Parameters
    ----------
    kernel : Kernel
    dtype : numpy.dtype
    """

    def __init__(self, kernel, dtype):
        self.kernel, self.dtype, self.run = kernel, dtype, None
        # Of each parameter: the dtype, the container, the element's size or the number's type, whether it is written.
        self.plan = [
            (element, kind.container, _int64(element.itemsize) if kind.container else element.type, kind.is_output)
            for kind, element in ((kind, kind.element(dtype)) for kind in kernel.kinds)
        ]

    def __call__(self, *arguments, blocks=None):
        """Launch the loop; arrays that do not fit are copied, and outputs copied back.

        Parameters
        ----------
        *arguments
        blocks : int, optional
            How many blocks there is work for; by default enough to give each element of the last output a thread.
        """
        device_array, words, copied, elements = _memory.array_type(), [], (), 0
        for argument, (dtype, container, extra, is_output) in zip(arguments, self.plan, strict=True):
            if container is None:
                words.append(extra(argument))
            elif container == "list":
                words += self.words_of_list(argument, [_address(array, dtype) for array in argument])
            else:
                fitting = argument
                if argument.__class__ is not device_array or (
                    argument.dtype != dtype or not argument.flags.c_contiguous
                ):
                    fitting = fit(argument, dtype, is_output)
                    if is_output and fitting is not argument:
                        copied += ((argument, fitting),)
                words += self.words_of_array(fitting, extra)
                if is_output:
                    elements = fitting.size
        blocks = blocks_for(elements, self.kernel.each) if blocks is None else blocks
        if blocks > 0:
            if self.run is None:
                self.run = self.load()
            self.launch(min(blocks, most_blocks()), words)
        for argument, fitting in copied:
            give_back(argument, fitting)


class _OnDevice(_Launcher):
    """Launches through CuPy, on the current stream."""

    def load(self):
        """Load the machine code."""
        path = self.kernel.binary(self.dtype, _memory.compute_capability())
        return _memory.module().RawModule(path=str(path)).get_function(self.kernel.__name__)

    def launch(self, blocks, words):
        """Launch so many blocks."""
        self.run((blocks,), (THREADS,), tuple(words))

    @staticmethod
    def words_of_array(array, item_size):
        """Return what the compiled loop takes for an array: two pointers it ignores, size twice, address, stride.

        The pointers are numbers, because for None CuPy would let the driver read the parameter from address 0.
        """
        size = _sizes[array.size]
        return _ZERO, _ZERO, size, item_size, array, size, item_size

    def words_of_list(self, arrays, addresses):
        """Return what the compiled loop takes for a list: an array of the device with addresses."""
        return self.words_of_array(_table(tuple(addresses)), _int64(8))


class _Simulated(_Launcher):
    """Runs the loop on Numba's simulator."""

    def load(self):
        """Make the loop one that the simulator runs."""
        return _numba.simulated(self.kernel.function)

    def launch(self, blocks, words):
        """Run so many blocks, one after the other."""
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)  # or the simulator's loop keeps the interpreter from its threads: 20 times slower
        try:
            self.run[blocks, THREADS](*words)
        finally:
            sys.setswitchinterval(interval)

    @staticmethod
    def words_of_array(array, item_size):
        """Return the array in NumPy's memory, flat."""
        return (array.host.reshape(-1),)

    @staticmethod
    def words_of_list(arrays, addresses):
        """Return the arrays in NumPy's memory, flat."""
        return (tuple(array.host.reshape(-1) for array in arrays),)


def working_dtype(dtype):
    """Return the dtype that a kernel computes in: single precision for half."""
    return _SINGLE if dtype == np.float16 else dtype


def blocks_for(elements, each=1):
    """Return how many blocks give so many elements a thread, one for `each` of them."""
    return -(-int(elements) // (THREADS * each))


@cache
def most_blocks():
    """Return how many blocks a launch has at most, on the current device."""
    return _memory.multiprocessors() * _WAVES


def fit(array, dtype, is_output=False):
    """Return `array` as a C-contiguous array of `dtype`, a copy unless it fits already.

    Raises
    ------
    TypeError
        For anything but an array of the device: one of NumPy is sent over by `table`, never unasked.
    """
    if not isinstance(array, _memory.array_type()):
        raise TypeError(f"a CUDA kernel needs an array of the device, and was given {type(array).__name__}")
    if array.dtype != dtype:
        if array.dtype.kind != dtype.kind and (is_output or not np.can_cast(array.dtype, dtype)):
            raise TypeError(f"a kernel for {dtype} was given an array of {array.dtype}")
        return array.astype(dtype, order="C")
    return array if array.flags.c_contiguous else _memory.module().ascontiguousarray(array)


def give_back(array, fitted):
    """Copy the elements of an output made by `fit` to where they belong."""
    array[...] = fitted.reshape(array.shape)


def table(array):
    """Return numbers that a kernel looks up, computed by NumPy and never changed, as an array of the device.

    They are sent over once, and stay there as long as NumPy's array.
    """
    return _sent(array, _memory.current())


@Memo
def _sent(array, device):
    """Return a copy of an array on the current device, whose number is `device`."""
    return _memory.to_device(np.ascontiguousarray(array))


def empty(shape, dtype):
    """Return a new array of the device."""
    return _memory.module().empty(shape, dtype)


def _address(array, dtype):
    """Return the address of an array of a list, which must fit as it is."""
    if not isinstance(array, _memory.array_type()) or array.dtype != dtype or not array.flags.c_contiguous:
        raise TypeError("a kernel needs a list of contiguous arrays of one dtype")
    return array.data.ptr


_tables = {}


def _table(addresses):
    """Return an array of the device that holds addresses.

    The memory pool hands out the same blocks in every step of a training loop, so a table is made once or twice.
    """
    if addresses not in _tables:
        while len(_tables) >= _TABLES:
            _tables.pop(next(iter(_tables)))
        _tables[addresses] = _memory.to_device(np.array(addresses, np.int64))
    return _tables[addresses]


subroutine = _numba.Subroutine


def kernel(function=None, **options):
    """Make a `Kernel` of a loop: ``@kernel`` or ``@kernel(wide=True)``."""
    return Kernel(function, **options) if function else lambda loop: Kernel(loop, **options)
