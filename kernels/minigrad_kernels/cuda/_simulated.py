"""What stands in for CuPy under Numba's simulator: arrays that NumPy holds, as strict as CuPy's.

Whatever goes wrong with CuPy has to go wrong here too, because this is where programs for a GPU are tested without
one: an array is no `numpy.ndarray`, does not turn into one unasked, does not mix with one, and has the functions,
methods and ufunc methods that CuPy has. Where CuPy is installed (it imports without a GPU), its own names are asked.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import weakref

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minigrad_kernels.cuda import _simulated_runtime as cuda
from minigrad_kernels.cuda._memory import usage

__version__ = "simulated"

# CuPy reduces and accumulates by these ufuncs only, and scatters by these.
_REDUCTIONS = ("add", "multiply")
_SCATTERS = ("add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor")
_WRITEABLE = 0x400  # NumPy's flag
# What CuPy's arrays lack.
_NO_ATTRIBUTES = ("ctypes", "getfield", "resize", "setfield", "setflags", "to_device", "byteswap", "tofile")


class Flags:
    """The flags of an array, as far as CuPy has them."""

    def __init__(self, flags):
        self.c_contiguous, self.f_contiguous, self.owndata = flags.c_contiguous, flags.f_contiguous, flags.owndata
        self.forc = flags.forc


class Pointer:
    """A place in memory."""

    def __init__(self, ptr):
        self.ptr = ptr


class SimulatedArray(NDArrayOperatorsMixin):
    """An array in the memory of a simulated GPU.

    Attributes
    ----------
    host : numpy.ndarray
        The elements. Only kernels and `get` look at them.
    """

    __slots__ = ("__weakref__", "host")

    def __init__(self, host):
        self.host = host
        if host.base is None:
            usage().add(host.nbytes)
            weakref.finalize(host, usage().add, -host.nbytes)

    @property
    def flags(self):
        """Whether the array is contiguous, and in which order."""
        return Flags(self.host.flags)

    @property
    def base(self):
        """The array whose memory this one shares."""
        return None if self.host.base is None else _wrap(self.host.base)

    @property
    def data(self):
        """The place in memory."""
        return Pointer(self.host.ctypes.data)

    @property
    def device(self):
        """The device that holds the array."""
        return cuda.Device(0)

    def get(self):
        """Return a copy in NumPy's memory."""
        return self.host.copy()

    def set(self, array):
        """Copy a NumPy array's elements into this one."""
        self.host[...] = array

    def item(self):
        """Return the only element as a Python number."""
        return self.host.item()

    def tolist(self):
        """Return the elements as nested lists of Python numbers."""
        return self.host.tolist()

    def scatter_add(self, slices, value):
        """Add values at indices, repeated ones too."""
        np.add.at(self.host, _unwrap_index(slices), _unwrap(value))

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array "
            "explicitly."
        )

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        if method in ("reduce", "accumulate") and ufunc.__name__ not in _REDUCTIONS:
            raise NotImplementedError(f"`cupy_{ufunc.__name__}.{method}` is not supported yet")
        if method == "at" and ufunc.__name__ not in _SCATTERS:
            raise NotImplementedError(f"`cupy_{ufunc.__name__}.at` is not supported yet")
        if method == "__call__" and not hasattr(_cupy(), ufunc.__name__):
            return NotImplemented
        outs = () if out is None else out
        if any(
            not isinstance(each, (SimulatedArray, np.generic, bool, int, float, tuple)) for each in (*inputs, *outs)
        ):
            return NotImplemented
        options = {name: _unwrap(value) for name, value in options.items()}
        if out is not None:
            options["out"] = tuple(each.host for each in out)
        result = getattr(ufunc, method)(*map(_unwrap, inputs), **options)
        return _same(out) if out is not None else _wrap(result)

    def __array_function__(self, function, types, args, kwargs):
        if not all(issubclass(kind, SimulatedArray) for kind in types) or not _is_in_cupy(function):
            return NotImplemented
        return _run(function, args, kwargs)

    def __getattr__(self, name):
        if name.startswith("__") or name in _NO_ATTRIBUTES:
            raise AttributeError(f"'ndarray' object of CuPy has no attribute '{name}'")
        found = getattr(self.host, name)
        if callable(found):
            return functools.partial(_run_method, found)
        return _wrap(found) if isinstance(found, np.ndarray) else found

    def __getitem__(self, index):
        return _wrap(self.host[_unwrap_index(index)])

    def __setitem__(self, index, value):
        if isinstance(value, np.ndarray) and value.ndim:
            raise TypeError("cannot assign a NumPy array to an array of the device")
        self.host[_unwrap_index(index)] = value if isinstance(value, np.ndarray) else _unwrap(value)

    def __len__(self):
        return len(self.host)

    def __iter__(self):
        return map(_wrap, self.host)

    def __bool__(self):
        return bool(self.host)

    def __int__(self):
        return int(self.host)

    def __float__(self):
        return float(self.host)

    def __repr__(self):
        return f"simulated {self.host!r}"

    __hash__ = None


ndarray = SimulatedArray


@functools.cache
def _cupy():
    """Return CuPy, whose names are asked, or NumPy where it is not installed."""
    return importlib.import_module("cupy") if importlib.util.find_spec("cupy") else np


@functools.cache
def _is_in_cupy(function):
    """Whether CuPy has a function of NumPy's, under the same name."""
    home = _cupy()
    try:
        for name in (function.__module__ or "numpy").split(".")[1:]:
            home = getattr(home, name)
        return hasattr(home, function.__name__)
    except AttributeError:
        return False


def _unwrap(value):
    if isinstance(value, SimulatedArray):
        return value.host
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    if isinstance(value, (list, tuple)):
        return type(value)(map(_unwrap, value))
    return value


def _unwrap_index(index):
    if isinstance(index, tuple):
        return tuple(map(_unwrap, index))
    return _unwrap(index)


def _wrap(value):
    """Return NumPy's result as CuPy gives it: arrays, of no dimension too, and nothing that NumPy calls a scalar."""
    if isinstance(value, np.ndarray):
        # CuPy knows no read-only arrays. (Asking a broadcast array for `flags.writeable` warns.)
        if not value.flags.num & _WRITEABLE and isinstance(value.base, np.ndarray) and value.base.flags.writeable:
            value.flags.writeable = True
        return SimulatedArray(value)
    if isinstance(value, np.generic):
        return SimulatedArray(np.asarray(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_wrap, value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(_wrap, value))
    return value


def _same(out):
    return out[0] if len(out) == 1 else out


def _run(function, args, kwargs):
    out = kwargs.get("out")
    result = function(*map(_unwrap, args), **{name: _unwrap(value) for name, value in kwargs.items()})
    return _wrap(result) if out is None else out


def _run_method(method, *args, **kwargs):
    return _run(method, args, kwargs)


def array(data, dtype=None, copy=True, order="K", ndmin=0):
    """Return a new array of the device."""
    return SimulatedArray(
        np.array(_unwrap(data) if isinstance(data, SimulatedArray) else data, dtype, order=order, ndmin=ndmin)
    )


def asarray(data, dtype=None, order=None):
    """Return data as an array of the device; an array that fits as it is."""
    if isinstance(data, SimulatedArray):
        return SimulatedArray(np.asarray(data.host, dtype, order=order)) if dtype is not None or order else data
    return SimulatedArray(np.array(data, dtype, order=order))


class _Pool:
    """What stands in for the memory pool, which keeps nothing here."""

    def total_bytes(self):
        """Return the bytes that arrays take."""
        return usage().allocated

    def free_all_blocks(self):
        """Give back nothing."""


_pool = _Pool()


def get_default_memory_pool():
    """Return the memory pool."""
    return _pool


def asnumpy(array):
    """Return a copy in NumPy's memory."""
    return array.get()


def __getattr__(name):
    """Return NumPy's function of this name, taking and giving arrays of the device, if CuPy has it too."""
    if name.startswith("__") or not hasattr(_cupy(), name) or not hasattr(np, name):
        raise AttributeError(f"CuPy has no '{name}'")
    found = getattr(np, name)
    if isinstance(found, type) or not callable(found):
        return found
    made = functools.partial(_run_ufunc if isinstance(found, np.ufunc) else _run_function, found)
    globals()[name] = made
    return made


def _run_function(function, *args, **kwargs):
    return _run(function, args, kwargs)


def _run_ufunc(ufunc, *args, **kwargs):
    return _run(ufunc, args, kwargs)


class _Twin:
    """The functions that CuPy has of a module of NumPy or SciPy, by the names of both."""

    def __init__(self, home, twin):
        self._home, self._twin = home, twin

    def __getattr__(self, name):
        if importlib.util.find_spec("cupy") and not hasattr(importlib.import_module(self._twin), name):
            raise AttributeError(f"{self._twin} has no '{name}'")
        found = getattr(importlib.import_module(self._home), name)
        return found if isinstance(found, type) else functools.partial(_run_function, found)


class lib:
    """CuPy's tricks with strides."""

    stride_tricks = _Twin("numpy.lib.stride_tricks", "cupy.lib.stride_tricks")


linalg = _Twin("numpy.linalg", "cupy.linalg")
special = _Twin("scipy.special", "cupyx.scipy.special")
