"""The complementary error function and the inverse error function."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, New, pointwise
from minigrad_kernels.scalar._bits import fabs, wide
from minigrad_kernels.scalar.error_function import NEAR, erfinv_far, erfinv_near
from minigrad_kernels.scalar.error_function import erfc as scalar_erfc

_STRIP = 64  # so short that few strips have a number near 1


@pointwise
def _erfc_loop(x: In, out: New):
    """out[i] = 1 - erf(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar_erfc(x[i])
    return out


def erfc(x):
    """Return the complementary error function ``1 - erf(x)``, exact for large `x` too."""
    return _erfc_loop[x.dtype](x, x)


@pointwise
def _erfinv_loop(x: In, out: New):
    """out[i] = erfinv(x[i]); the few numbers near 1 are computed one by one, where a strip has any."""
    wide()
    near, one = x.dtype.type(NEAR), x.dtype.type(1)
    for start in range(0, out.size, _STRIP):
        given, found = x[start : start + _STRIP], out[start : start + _STRIP]
        count = 0
        for i in range(found.size):
            found[i] = erfinv_near(given[i])
        for i in range(given.size):
            count += (fabs(given[i]) > near) & (fabs(given[i]) <= one)
        if count:
            for i in range(found.size):
                if near < fabs(given[i]) <= one:
                    found[i] = erfinv_far(np.float64(given[i]))
    return out


def erfinv(x):
    """Return the inverse of the error function: infinite at -1 and 1, nan beyond."""
    return _erfinv_loop[x.dtype](x, x)
