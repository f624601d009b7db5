"""What the tests of CUDA kernels share: a kernel runs on the device and on the CPU, and both must agree.

The device is a GPU or, with ``NUMBA_ENABLE_CUDASIM=1`` (``make cuda`` sets it, before Numba is imported), the
simulator. A test module that imports this one is skipped where there is neither.
"""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu, cuda
from minigrad_kernels.cuda import _memory

if not _memory.device_count():
    pytest.skip("needs a GPU, or Numba's simulator: make cuda", allow_module_level=True)

DTYPES = [np.float16, np.float32, np.float64]
TOLERANCES = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-12}


def on_device(value):
    """Return copies on the device of the arrays in a value, their strides kept as far as they matter."""
    if isinstance(value, np.ndarray):
        contiguous = value.flags.c_contiguous
        return _memory.to_device(value) if contiguous else _strided(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(on_device, value))
    return value


def _strided(array):
    """Return a copy on the device that is not contiguous."""
    doubled = _memory.to_device(np.repeat(array, 2, -1))
    return doubled[..., ::2]


def on_host(value):
    """Return copies in NumPy's memory of the device's arrays in a value."""
    if isinstance(value, _memory.array_type()):
        return _memory.to_host(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(on_host, value))
    return value


def assert_same(got, wanted, tolerance=None):
    """Compare results, and the arrays in them, by shape, dtype and value."""
    if isinstance(wanted, (list, tuple)):
        assert len(got) == len(wanted)
        for g, w in zip(got, wanted, strict=True):
            assert_same(g, w, tolerance)
    elif isinstance(wanted, np.ndarray):
        assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
        limit = tolerance or TOLERANCES.get(wanted.dtype.name, 0)
        np.testing.assert_allclose(got, wanted, rtol=limit, atol=limit)
    else:
        assert got == wanted


def check(name, *args, tolerance=None, **kwargs):
    """Run a kernel of both packages on copies of the same arrays; results and changed arguments must agree."""
    theirs = on_device(args)
    ours = tuple([np.copy(a) for a in v] if isinstance(v, list) else np.copy(v) if _is_array(v) else v for v in args)
    with np.errstate(all="ignore"):
        wanted = getattr(cpu, name)(*ours, **kwargs)
    got = getattr(cuda, name)(*theirs, **on_device_values(kwargs))
    assert_same(on_host(got), wanted, tolerance)
    assert_same(on_host(theirs), ours, tolerance)
    return wanted


def on_device_values(kwargs):
    """Return a dictionary whose arrays are on the device."""
    return {name: on_device(value) for name, value in kwargs.items()}


def _is_array(value):
    return isinstance(value, np.ndarray)
