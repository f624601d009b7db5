"""Central differences entry by entry, which notice the kinks they step over."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.backend import is_device_array, to_host

__all__ = ["Numerical", "resolution"]

Array = np.ndarray[Any, Any]

# Steps to try where the first crossed a kink, in units of it: smaller ones soon drown in rounding.
SMALLER = (0.1, 0.01)

# Entries between two reports of progress.
STRIDE = 64


def resolution(value: float, step: Any) -> Any:
    """Return how far rounding can put off a difference of values about ``value``, divided by ``step``."""
    return 8 * sys.float_info.epsilon * max(abs(value), sys.float_info.min) / step


class Numerical:
    """The numerical gradient of a function of arrays that it reads wherever they are.

    Parameters
    ----------
    evaluate : callable
        Takes nothing, returns the function's value for what the arrays hold at that moment.
    value : float
        What it returns now.
    eps : float
        The step, in units of the arrays.
    rtol : float
        How much the slopes ahead and behind may differ, relative to them, before a kink is suspected between.
    report : callable
        Told, now and then, how many more entries are done.
    """

    def __init__(
        self, evaluate: Callable[[], float], value: float, eps: float, rtol: float, report: Callable[[int], Any]
    ) -> None:
        self.evaluate = evaluate
        self.value = value
        self.eps = eps
        self.rtol = rtol
        self.report = report

    def __call__(self, array: Array, floor: float) -> tuple[Array, Array]:
        """Return the gradient by one array, and the step that each entry was measured with: nan on a kink.

        Parameters
        ----------
        array : array
            Moved in place, one entry at a time, and put back also when the function raises.
        floor : float
            A slope smaller than this is compared as if it were this large.
        """
        ahead, behind = self._values(array)
        gradient, gap = self._slopes(to_host(array).reshape(-1), ahead, behind, self.eps)
        # Where a kink lies within the step, the central difference is off by up to half the gap of the one-sided ones.
        bound = self.rtol * np.maximum(np.abs(gradient), floor) + resolution(self.value, self.eps)
        steps = np.full(array.size, self.eps)
        for place in np.flatnonzero(gap / 2 > bound):
            gradient[place], steps[place] = self._again(array, int(place), gradient[place], gap[place], floor)
        return gradient.reshape(array.shape), steps.reshape(array.shape)

    def _values(self, array: Array) -> tuple[Array, Array]:
        """Return the function's values with each entry moved ahead, and behind, by the step."""
        entries, evaluate = _entries(array), self.evaluate
        originals = array.reshape(-1).tolist()
        ahead, behind = np.empty(array.size), np.empty(array.size)
        for place, original in enumerate(originals):
            try:
                entries[place] = original + self.eps
                ahead[place] = evaluate()
                entries[place] = original - self.eps
                behind[place] = evaluate()
            finally:
                entries[place] = original
            if place % STRIDE == STRIDE - 1:
                self.report(STRIDE)
        self.report(array.size % STRIDE)
        return ahead, behind

    def _slopes(self, at: Array, ahead: Any, behind: Any, eps: float) -> tuple[Any, Any]:
        """Return central differences, and how much those ahead and those behind differ."""
        up, down = (at + eps) - at, at - (at - eps)  # the steps that were made: an addition rounds
        with np.errstate(all="ignore"):
            return (ahead - behind) / (up + down), np.abs((ahead - self.value) / up - (self.value - behind) / down)

    def _again(self, array: Array, place: int, slope: float, gap: float, floor: float) -> tuple[float, float]:
        """Return one entry of the gradient from a step that crosses no kink, and that step, or nan if there is none."""
        entries = _entries(array)
        original = np.asarray(to_host(entries[place]))
        for fraction in SMALLER:
            eps = fraction * self.eps
            try:
                entries[place] = original + eps
                ahead = self.evaluate()
                entries[place] = original - eps
                behind = self.evaluate()
            finally:
                entries[place] = original
            finer, finer_gap = self._slopes(original, ahead, behind, eps)
            # Curvature makes a gap that shrinks with the step; that of a kink at the point stays.
            bound = self.rtol * max(abs(finer), floor) + resolution(self.value, eps)
            if finer_gap <= gap / 4 or finer_gap / 2 <= bound:
                return float(finer), eps
        return slope, np.nan


def _entries(array: Array) -> Any:
    """Return what an array's entries can be set in, one by one."""
    return array.reshape(-1) if is_device_array(array) else array.flat
