"""Choosing between two values by a mask; NumPy's loop branches at every element."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, InBool, New, Real, pointwise
from minigrad_kernels.scalar._bits import wide

_FEW = 4096  # so many elements NumPy broadcasts and chooses as quickly


@pointwise
def _choose_loop(mask: InBool, x: In, y: In, out: New):
    """out[i] = x[i] if mask[i] else y[i]."""
    wide()
    for i in range(out.size):
        a, b = x[i], y[i]
        out[i] = a if mask[i] else b
    return out


@pointwise
def _fill_loop(mask: InBool, fills: bool, x: In, value: Real, out: New):
    """out[i] = value where mask[i] is `fills`, else x[i]."""
    wide()
    for i in range(out.size):
        a = x[i]
        out[i] = value if mask[i] == fills else a
    return out


def choose(mask, x, y):
    """Return `x` where the mask holds, `y` elsewhere; arrays of one dtype, or one an array and the other a number."""
    x_is_array, y_is_array = isinstance(x, np.ndarray) and x.ndim, isinstance(y, np.ndarray) and y.ndim
    if mask.dtype != np.bool_ or not (x_is_array or y_is_array):
        return np.where(mask, x, y)
    array = x if x_is_array else y
    shape = array.shape
    if mask.shape != shape or (x_is_array and y_is_array and y.shape != shape):
        if mask.size < _FEW and array.size < _FEW:
            return np.where(mask, x, y)
        mask, x, y = _broadcast(mask, x, y)
        array = x if x_is_array else y
    if x_is_array and y_is_array:
        return _choose_loop[array.dtype](mask, x, y, mask)
    value = y if x_is_array else x
    value = value[()] if isinstance(value, np.ndarray) else value
    return _fill_loop[array.dtype](mask, not x_is_array, array, value, mask)


def _broadcast(mask, x, y):
    """Return all in one shape, numbers as they are."""
    shape = np.broadcast_shapes(*(np.shape(each) for each in (mask, x, y)))
    return (np.broadcast_to(each, shape) if np.ndim(each) else each for each in (mask, x, y))
