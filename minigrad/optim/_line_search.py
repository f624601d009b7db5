"""A line search that satisfies the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Point", "strong_wolfe"]

_DECREASE, _CURVATURE = 1e-4, 0.9  # c1 and c2 of the conditions


class Point(NamedTuple):
    """A point on the line.

    Attributes
    ----------
    t : float
        Distance from the start, in units of the direction.
    loss : float
    grad : Tensor
        The flat gradient.
    slope : float
        The gradient along the direction.
    """

    t: float
    loss: float
    grad: Any
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], Point],
    start: Point,
    t: float,
    direction_size: float,
    tolerance: float,
    max_steps: int,
) -> tuple[Point, int]:
    """Find a point where the loss fell enough and the slope has flattened enough.

    Brackets such a point by growing steps, then closes in on it (J. Nocedal, S. Wright, "Numerical optimization", 2nd
    edition, algorithms 3.5 and 3.6), both by cubic interpolation.

    Parameters
    ----------
    evaluate : callable
        Gives the point at ``t``.
    start : Point
        At ``t = 0``, with a negative slope.
    t : float
        The first step to try.
    direction_size : float
        Largest element of the direction; steps that change no element by ``tolerance`` end the search.
    tolerance : float
    max_steps : int

    Returns
    -------
    Point
        The best point found.
    int
        How often ``evaluate`` was called.
    """

    def is_too_high(point: Point) -> bool:
        return point.loss > start.loss + _DECREASE * point.t * start.slope

    def is_flat(point: Point) -> bool:
        return abs(point.slope) <= -_CURVATURE * start.slope

    before, point = start, evaluate(t)
    steps = 0
    while steps < max_steps:
        if is_too_high(point) or (steps > 1 and point.loss >= before.loss):
            break
        if is_flat(point):
            return point, steps + 1
        if point.slope >= 0:
            break
        t = _cubic_minimum(before, point, point.t + 0.01 * (point.t - before.t), point.t * 10)
        before, point = point, evaluate(t)
        steps += 1
    else:
        before = start

    low, high = (before, point) if before.loss <= point.loss else (point, before)
    is_stuck = False
    while steps < max_steps and abs(high.t - low.t) * direction_size >= tolerance:
        first, last = sorted((low.t, high.t))
        t = _cubic_minimum(low, high, first, last)
        margin = 0.1 * (last - first)
        if min(last - t, t - first) < margin:
            if is_stuck or t >= last or t <= first:
                t = last - margin if abs(t - last) < abs(t - first) else first + margin
                is_stuck = False
            else:
                is_stuck = True
        else:
            is_stuck = False
        point = evaluate(t)
        steps += 1
        if is_too_high(point) or point.loss >= low.loss:
            high = point
            if low.loss > high.loss:
                low, high = high, low
        else:
            if is_flat(point):
                return point, steps + 1
            if point.slope * (high.t - low.t) >= 0:
                high = low
            low = point
    return low, steps + 1


def _cubic_minimum(a: Point, b: Point, lowest: float, highest: float) -> float:
    """Return where the cubic through two points, with their slopes, is smallest between two limits."""
    if a.t > b.t:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (lowest + highest) / 2
    d2 = math.sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(t, lowest), highest)
