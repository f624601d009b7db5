"""What divisions leave over, exactly, and quotients rounded down; the C library finds them one by one, bit by bit.

A quotient below 2**22 (2**50 in double precision) is rounded to an integer that is right or next to it, so one fused
product tells the rest, or the rest and one divisor more or less, without an error. Larger ones go to the C library.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, New, Real, pointwise, subroutine
from minigrad_kernels.scalar._bits import copysign, fabs, fused, wide

_BLOCK = 256  # elements after which large quotients are looked for
_FMOD, _REMAINDER, _FLOOR_DIVIDE = range(3)


@subroutine
def _left_over(a, b, zero):
    """Return what the division rounded towards zero leaves over, with the sign of a."""
    size, divisor = fabs(a), fabs(b)
    rest = fused(-np.floor(size / divisor), divisor, size)
    rest = rest + divisor if rest < zero else rest
    rest = rest - divisor if rest >= divisor else rest
    return copysign(size if size < divisor else rest, a)


@subroutine
def _finished(rest, a, b, mode, zero, one):
    """Return what is asked for, given the rest with the sign of a."""
    is_across = (rest != zero) & ((b < zero) != (rest < zero))
    if mode == _FMOD:
        return rest
    if mode == _REMAINDER:
        return rest + b if is_across else rest
    quotient = (a - rest) / b
    quotient = quotient - one if is_across else quotient
    down = np.floor(quotient)
    rest = quotient - down
    down = down + one if rest + rest > one else down
    down = copysign(fabs(down), a / b) if quotient == zero else down
    return a / b if b == zero else down


@pointwise
def _divide_loop(x: In, y: In, mode: int, limit: Real, out: New):
    """Divide, and keep the rest or the quotient; y may hold one number for all."""
    wide()
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for start in range(0, out.size, _BLOCK):
        block, result = x[start : start + _BLOCK], out[start : start + _BLOCK]
        by = y[:1] if y.size == 1 else y[start : start + _BLOCK]
        large = 0
        for i in range(result.size):
            a, b = block[i], by[0] if by.size == 1 else by[i]
            large += np.int64(fabs(a / b) >= limit)
            result[i] = _finished(_left_over(a, b, zero), a, b, mode, zero, one)
        if large:
            for i in range(result.size):
                a, b = block[i], by[0] if by.size == 1 else by[i]
                if fabs(a / b) >= limit:
                    rest = x.dtype.type(np.fmod(np.float64(a), np.float64(b)))
                    result[i] = _finished(rest, a, b, mode, zero, one)
    return out


def _divided(x, y, mode):
    """Run the loop on an array and another of its shape or a number."""
    limit = 2.0**50 if x.itemsize == 8 else 2.0**22
    return _divide_loop[x.dtype](x, y if isinstance(y, np.ndarray) else np.array(y, x.dtype), mode, limit, x)


def fmod(x, y):
    """Return what the division rounded towards zero leaves over, for `y` of the shape of `x` or a number."""
    return _divided(x, y, _FMOD)


def remainder(x, y):
    """Return what the division rounded down leaves over, for `y` of the shape of `x` or a number."""
    return _divided(x, y, _REMAINDER)


def floor_divide(x, y):
    """Return the quotient rounded down, for `y` of the shape of `x` or a number."""
    return _divided(x, y, _FLOOR_DIVIDE)
