"""The `kernel` decorator: one compiled loop per element type, looked up by dtype.

::

    @kernel
    def _scale_loop(x: In, factor: Real, out: Out):
        for i in range(out.size):
            out[i] = x[i] * factor

    _scale_loop[x.dtype](x, 2.0, out)

The annotations say what each parameter is: `In` and `Out` are arrays of the dtype that the kernel is looked up by,
`InInt64`, `OutBool` and so on have a fixed dtype, `Real` is one number of the looked-up dtype; `float` (64 bits),
`int` and `bool` are plain numbers. Inside the loop every array is one-dimensional. Half precision is computed in
single precision: the arrays are converted on the way in and out.
"""

from __future__ import annotations

import importlib.util
import sys

import numba
import numpy as np

from minigrad_kernels import _cache
from minigrad_kernels.cpu._arrays import Flat, FlatList, fit, give_back

OPTIONS = {"nogil": True, "error_model": "numpy", "boundscheck": False}
SUMS = frozenset({"reassoc", "nsz", "contract"})  # what a loop that sums may do; nan and inf stay what they are


def _spare_the_blas_probe():
    """Import Numba's array functions without letting them import SciPy's BLAS to see if it is there (0.15 s)."""
    if "numba.np.arraymath" in sys.modules or "scipy.linalg" in sys.modules:
        return
    probed = "scipy.linalg.cython_blas"
    sys.modules[probed] = None
    try:
        import numba.np.arraymath as arraymath
    finally:
        del sys.modules[probed]
    arraymath._HAVE_BLAS = importlib.util.find_spec("scipy") is not None  # so that users' np.dot compiles all the same


class _Kind:
    """What a kernel's parameter is; instances serve as annotations.

    Parameters
    ----------
    container : Flat, FlatList or None
        None for a plain number.
    dtype : str or None
        None for the dtype that the kernel is looked up by.
    is_output : bool
    """

    def __init__(self, container, dtype=None, is_output=False):
        self.container, self.dtype, self.is_output = container, dtype, is_output

    def numba_type(self, dtype):
        """Return the Numba type for a kernel that was looked up by `dtype`."""
        element = numba.from_dtype(np.dtype(self.dtype or dtype))
        return self.container(element, self.is_output) if self.container else element

    def fit(self, argument, dtype):
        """Return the argument as the loop in plain Python takes it."""
        dtype = np.dtype(self.dtype or dtype)
        if self.container is None:
            return dtype.type(argument)
        if self.container is Flat:
            return fit(argument, dtype.char, self.is_output)
        if any(not a.flags.c_contiguous or a.dtype != dtype for a in argument):
            raise TypeError("a kernel needs a list of contiguous arrays of one dtype")
        return [a.reshape(-1) for a in argument]


In, Out = _Kind(Flat), _Kind(Flat, None, True)
InList, OutList = _Kind(FlatList), _Kind(FlatList, None, True)
InInt64, OutInt64 = _Kind(Flat, "int64"), _Kind(Flat, "int64", True)
InWords, OutWords = _Kind(Flat, "uint32"), _Kind(Flat, "uint32", True)
InInt8, OutInt8 = _Kind(Flat, "int8"), _Kind(Flat, "int8", True)
InBool, OutBool = _Kind(Flat, "bool"), _Kind(Flat, "bool", True)
OutFloat64 = _Kind(Flat, "float64", True)
Real = _Kind(None)
_PLAIN = {"float": _Kind(None, "float64"), "int": _Kind(None, "int64"), "bool": _Kind(None, "bool")}


class Kernel(dict):
    """A loop over flat arrays: a dictionary from dtype to compiled function.

    Parameters
    ----------
    function : callable
        The loop, its parameters annotated.
    fastmath : set of str, optional
        The floating-point liberties that it may take.
    """

    def __init__(self, function, fastmath=frozenset()):
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        notes = function.__annotations__
        self.kinds = [_PLAIN.get(notes[name]) or globals()[notes[name]] for name in names]
        self.function, self.fastmath, self.dispatcher = function, fastmath, None
        self.__doc__, self.__name__ = function.__doc__, function.__name__

    def __missing__(self, dtype):
        """Compile the loop for `dtype`, or load it from the cache, and keep it."""
        dtype = np.dtype(dtype)
        working = np.dtype(np.float32) if dtype == np.float16 else dtype
        if working != dtype:
            self[dtype] = loop = self[working]
        elif numba.config.DISABLE_JIT:
            self[dtype] = loop = self._interpreted(dtype)
        else:
            with _cache.exclusive():
                self[dtype] = loop = self._compiled(dtype)
        return loop

    def _compiled(self, dtype):
        """Return the entry point of the loop compiled for `dtype`: it unpacks its arguments itself."""
        if self.dispatcher is None:
            _spare_the_blas_probe()
            self.dispatcher = self._dispatcher()
        return self.dispatcher.compile(tuple(kind.numba_type(dtype) for kind in self.kinds))

    def _dispatcher(self):
        """Decorate the loop, its code kept in our cache folder and not in one the user configured."""
        options = {**OPTIONS, "fastmath": set(self.fastmath)} if self.fastmath else OPTIONS
        users = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(_cache.FOLDER)
        try:
            return numba.njit(cache=_cache.FOLDER is not None, **options)(self.function)
        finally:
            numba.config.CACHE_DIR = users

    def _interpreted(self, dtype):
        """Return the loop as plain Python (NUMBA_DISABLE_JIT), taking the same arguments as the compiled one."""

        def loop(*arguments):
            fitted = [kind.fit(a, dtype) for a, kind in zip(arguments, self.kinds, strict=True)]
            flat = [f.reshape(-1) if kind.container is Flat else f for f, kind in zip(fitted, self.kinds, strict=True)]
            with np.errstate(all="ignore"):
                result = self.function(*flat)
            for a, f, kind in zip(arguments, fitted, self.kinds, strict=True):
                if kind.container is Flat and kind.is_output and f is not a:
                    give_back(a, f)
            return result

        return loop


def subroutine(function):
    """Decorate what several lines of a kernel call; it is compiled into the kernel and kept with it on disk."""
    return numba.njit(fastmath=False, **OPTIONS)(function)


def kernel(function=None, *, fastmath=frozenset()):
    """Make a `Kernel` of a loop: ``@kernel`` or ``@kernel(fastmath=SUMS)``."""
    return Kernel(function, fastmath) if function else lambda loop: Kernel(loop, fastmath)
