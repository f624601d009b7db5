"""Arithmetic without NumPy's warnings: infinities and nan are results here, as in PyTorch.

Operations whose domain has an edge (division, logarithms, powers) run their ufuncs through `quiet`. Sums and products
only warn when they overflow, which is not worth 0.1 us in every one of them: for these the warning itself is filtered.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

warnings.filterwarnings(
    "ignore", r"(overflow|underflow|invalid value|divide by zero) encountered", RuntimeWarning, r"minigrad(_kernels)?\."
)


try:
    # NumPy's error state is a context variable; setting it costs a fifth of what `numpy.errstate` does.
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    _set, unsilence = _extobj_contextvar.set, _extobj_contextvar.reset
    _SILENT = _make_extobj(divide="ignore", over="ignore", under="ignore", invalid="ignore")

    def silence() -> Any:
        """Turn NumPy's warnings off; the result is for `unsilence`, which restores what was before."""
        return _set(_SILENT)

except (ImportError, AttributeError, TypeError):  # NumPy 1, or one that keeps its error state elsewhere

    def silence() -> Any:
        """Turn NumPy's warnings off; the result is for `unsilence`, which restores what was before."""
        return np.seterr(all="ignore")

    def unsilence(token: Any) -> None:
        """Restore NumPy's warnings."""
        np.seterr(**token)


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function (or ufunc) that leaves no floating-point warnings: ``quiet(np.log)``, or as a decorator."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        token = silence()
        try:
            return function(*args, **kwargs)
        finally:
            unsilence(token)

    return call


divide = quiet(np.true_divide)
"""``numpy.true_divide`` without warnings."""
