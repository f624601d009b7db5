"""The few largest or smallest elements of rows; CuPy sorts them."""

from __future__ import annotations

from minigrad_kernels.cuda._memory import module


def topk(x, k, largest=True):
    """Return the `k` largest (or smallest) elements of each row, in order, and where they were.

    Parameters
    ----------
    x : array, shape (..., width)
    k : int
        At least 1, at most the width.
    largest : bool

    Returns
    -------
    values, places : array, shape (..., k)
    """
    places = module().argsort(x[..., ::-1] if largest else x, axis=-1, kind="stable")
    places = x.shape[-1] - 1 - places[..., ::-1] if largest else places
    places = module().ascontiguousarray(places[..., :k])
    return module().take_along_axis(x, places, -1), places
