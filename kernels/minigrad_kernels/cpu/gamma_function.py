"""Derivatives of the logarithm of the gamma function."""

from __future__ import annotations

from minigrad_kernels.cpu._kernel import In, New, pointwise
from minigrad_kernels.scalar import gamma_function as scalar
from minigrad_kernels.scalar._bits import wide


@pointwise
def _trigamma_loop(x: In, out: New):
    """out[i] = trigamma(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar.trigamma(x[i])
    return out


def trigamma(x):
    """Return the derivative of digamma; infinite at 0, -1, -2, ..."""
    return _trigamma_loop[x.dtype](x, x)
