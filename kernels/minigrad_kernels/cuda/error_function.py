"""The complementary error function and the inverse error function; the latter is CuPy's."""

from __future__ import annotations

from minigrad_kernels.cuda._elementwise import elementwise
from minigrad_kernels.cuda._kernel import In, empty
from minigrad_kernels.cuda._math import erfc as erfc_of
from minigrad_kernels.cuda._memory import special


@elementwise
def _erfc_loop(x: In):
    """Return 1 - erf(x)."""
    return erfc_of(x)


def erfc(x):
    """Return the complementary error function ``1 - erf(x)``, exact for large `x` too."""
    out = empty(x.shape, x.dtype)
    _erfc_loop[x.dtype](x, out)
    return out


def erfinv(x):
    """Return the inverse of the error function: infinite at -1 and 1, nan beyond."""
    found = special().erfinv(x)
    return found if found.dtype == x.dtype else found.astype(x.dtype)
