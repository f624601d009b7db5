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

A loop that treats each element by itself is `pointwise`. It takes arrays of one shape (and such of one element) in the
order of their memory, and makes the array of its result, `New`, which it returns; in its place a call gives an array
of the shape that the result shall have::

    @pointwise
    def _double_loop(x: In, out: New):
        for i in range(out.size):
            out[i] = x[i] + x[i]
        return out

    doubled = _double_loop[x.dtype](x, x)
"""

from __future__ import annotations

import importlib.util
import sys

import numba
import numpy as np

from minigrad_kernels import _cache
from minigrad_kernels.cpu import _memory_order as memory_order
from minigrad_kernels.cpu._arrays import Flat, FlatList
from minigrad_kernels.cpu._memory_order import Ordered

OPTIONS = {"nogil": True, "error_model": "numpy", "boundscheck": False, "no_cfunc_wrapper": True}
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
    container : Flat, FlatList, memory_order.New or None
        None for a plain number.
    dtype : str or None
        None for the dtype that the kernel is looked up by.
    is_output : bool
    """

    def __init__(self, container, dtype=None, is_output=False):
        self.container, self.dtype, self.is_output = container, dtype, is_output

    def numba_type(self, dtype, is_pointwise):
        """Return the Numba type for a kernel that was looked up by `dtype`."""
        element = numba.from_dtype(np.dtype(self.dtype or dtype))
        container = Ordered if is_pointwise and self.container is Flat else self.container
        return container(element, self.is_output) if container else element

    def fit(self, argument, dtype, order):
        """Return the argument as the loop in plain Python takes it."""
        dtype = np.dtype(self.dtype or dtype)
        if self.container is None:
            return dtype.type(argument)
        if self.container is memory_order.New:
            return memory_order.turned(memory_order.make(argument, dtype.char, order), order)
        if self.container is Flat:
            return memory_order.fit(argument, dtype.char, order, self.is_output)
        if any(not a.flags.c_contiguous or a.dtype != dtype for a in argument):
            raise TypeError("a kernel needs a list of contiguous arrays of one dtype")
        return [a.reshape(-1) for a in argument]


In, Out = _Kind(Flat), _Kind(Flat, None, True)
InList, OutList = _Kind(FlatList), _Kind(FlatList, None, True)
InInt64, OutInt64 = _Kind(Flat, "int64"), _Kind(Flat, "int64", True)
InWords, OutWords = _Kind(Flat, "uint32"), _Kind(Flat, "uint32", True)
InInt32, OutInt32 = _Kind(Flat, "int32"), _Kind(Flat, "int32", True)
InInt8, OutInt8 = _Kind(Flat, "int8"), _Kind(Flat, "int8", True)
InBool, OutBool = _Kind(Flat, "bool"), _Kind(Flat, "bool", True)
OutFloat64 = _Kind(Flat, "float64", True)
New = _Kind(memory_order.New, None, True)
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
    is_pointwise : bool
        Whether it may take the elements of its arrays in any order, of all in the same.
    """

    def __init__(self, function, fastmath=frozenset(), is_pointwise=False):
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        notes = function.__annotations__
        self.kinds = [_PLAIN.get(notes[name]) or globals()[notes[name]] for name in names]
        self.function, self.fastmath, self.is_pointwise, self.dispatcher = function, fastmath, is_pointwise, None
        self.__doc__, self.__name__ = function.__doc__, function.__name__

    def __missing__(self, dtype):
        """Compile the loop for `dtype`, or load it from the cache, and keep it."""
        dtype = np.dtype(dtype)
        working = np.dtype(np.float32) if dtype == np.float16 else dtype
        if working != dtype:
            self[dtype] = loop = _halved(self[working]) if self.kinds[-1] is New else self[working]
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
        return self.dispatcher.compile(tuple(kind.numba_type(dtype, self.is_pointwise) for kind in self.kinds))

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
            order = memory_order.order_of(*arguments) if self.is_pointwise else ()
            fitted = [kind.fit(a, dtype, order) for a, kind in zip(arguments, self.kinds, strict=True)]
            flat = [f.reshape(-1) if isinstance(f, np.ndarray) else f for f in fitted]
            with np.errstate(all="ignore"):
                result = self.function(*flat)
            for a, f, kind in zip(arguments, fitted, self.kinds, strict=True):
                if kind.container is Flat and kind.is_output and f is not a:
                    memory_order.give_back(a, f, order)
            return memory_order.turned_back(fitted[-1], order) if self.kinds[-1] is New else result

        return loop


def _halved(loop):
    """Return a loop that makes its result in single precision as one that makes it in half."""

    def halved(*arguments):
        with np.errstate(over="ignore"):
            return loop(*arguments).astype(np.float16)

    return halved


def subroutine(function):
    """Decorate what several lines of a kernel call; it is compiled into the kernel and kept with it on disk.

    Python cannot call it: the wrapper for that would take a third of a small function's compile time.
    """
    return numba.njit(fastmath=False, **OPTIONS, no_cpython_wrapper=True)(function)


def borrower(function):
    """Decorate a `subroutine` that makes and returns no array: who holds those that it is given is not counted in it.

    Each array that a subroutine is given, and each part of one, otherwise costs two atomic instructions.
    """
    return numba.njit(fastmath=False, _nrt=False, **OPTIONS, no_cpython_wrapper=True)(function)


def kernel(function=None, *, fastmath=frozenset()):
    """Make a `Kernel` of a loop: ``@kernel`` or ``@kernel(fastmath=SUMS)``."""
    return Kernel(function, fastmath) if function else lambda loop: Kernel(loop, fastmath)


def pointwise(function=None, *, fastmath=frozenset()):
    """Make a `Kernel` of a loop that treats each element by itself: ``@pointwise`` or ``@pointwise(fastmath=SUMS)``."""
    return Kernel(function, fastmath, True) if function else lambda loop: Kernel(loop, fastmath, True)
