"""Turning a scatter into a gather: for each place, what takes from it or gives to it."""

from __future__ import annotations

from minigrad_kernels.cuda import _memory


def takers(places, count):
    """Return who named each place, from a flat array of the places that they named.

    Parameters
    ----------
    places : array of int64, shape (n,)
        Numbers below `count`; what is below 0 belongs to none.
    count : int

    Returns
    -------
    order : array of int64, shape (n,)
        All of 0 to n - 1, those that named one place side by side and in their order.
    starts : array of int64, shape (count + 1,)
        Those who named place p are ``order[starts[p] : starts[p + 1]]``.
    """
    xp = _memory.module()
    order = xp.argsort(places)
    return order, xp.searchsorted(places[order], xp.arange(count + 1))
