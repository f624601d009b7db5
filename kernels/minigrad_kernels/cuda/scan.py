"""Running sums, products and extremes along an axis; CuPy's scans are one launch."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cuda._memory import module


def cumsum(x, axis=-1, reverse=False):
    """Return the running sums of a floating array along `axis`, from its end with `reverse`."""
    if not reverse:
        return module().cumsum(x, axis)
    backwards = [slice(None)] * x.ndim
    backwards[axis] = slice(None, None, -1)
    return module().ascontiguousarray(module().cumsum(x[tuple(backwards)], axis)[tuple(backwards)])


def cumprod(x, axis=-1):
    """Return the running products of a floating array along `axis`."""
    return module().cumprod(x, axis)


def running_extreme(x, largest, axis=-1):
    """Return the running maxima (or minima) along an axis, and where each was last met; a nan wins and stays.

    By doubling [1]_: after each step, an element knows the extreme of twice as many elements up to it.

    .. [1] W. D. Hillis, G. L. Steele, "Data parallel algorithms", 1986, doi:10.1145/7902.7903.
    """
    better = np.greater_equal if largest else np.less_equal
    values = np.moveaxis(x, axis, 0).copy()
    places = np.empty_like(values, np.int64)
    places[...] = module().arange(len(values)).reshape(-1, *(1,) * (x.ndim - 1))
    step = 1
    while step < len(values):
        later, earlier = values[step:], values[:-step]
        takes = better(later, earlier) | (later != later)
        values[step:] = np.where(takes, later, earlier)
        places[step:] = np.where(takes, places[step:], places[:-step])
        step *= 2
    return np.moveaxis(values, 0, axis), np.moveaxis(places, 0, axis)
