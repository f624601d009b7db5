"""The largest or smallest elements over axes, and where they are, by CuPy; a nan is further than anything."""

from __future__ import annotations

from minigrad_kernels.cuda._memory import module


def extreme(x, largest, axis=None, keepdims=False):
    """Return the largest (or smallest) elements of a floating array over one axis, several (a tuple), or all (None)."""
    return (module().max if largest else module().min)(x, axis, keepdims=keepdims)


def extreme_at(x, largest, axis, keepdims=False):
    """Return the largest (or smallest) elements of a floating array along one axis, and where the first of them are."""
    places = (module().argmax if largest else module().argmin)(x, axis, keepdims=keepdims)
    return extreme(x, largest, axis, keepdims), places
