"""Orthogonal polynomials of a degree that may differ from element to element; computed by SciPy, without gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import on_host
from minigrad.ops.op import op
from minigrad.ops.promotion import check_tensors, promote_to_floating
from minigrad.ops.special import scipy_function

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _of_scipy(name: str) -> Callable[[Any, Any], Any]:
    return lambda n, x: scipy_function(f"eval_{name}")(n, x)


def _third_kind(n: Any, x: Any) -> Any:
    of_second_kind = scipy_function("eval_chebyu")
    return of_second_kind(n, x) - np.where(n > 0, of_second_kind(n - 1, x), 0)


def _fourth_kind(n: Any, x: Any) -> Any:
    of_second_kind = scipy_function("eval_chebyu")
    return of_second_kind(n, x) + np.where(n > 0, of_second_kind(n - 1, x), 0)


def _shifted(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a family on 0 .. 1 instead of -1 .. 1."""
    return lambda n, x: function(n, 2 * x - 1)


_CHEBYSHEV = {"t": _of_scipy("chebyt"), "u": _of_scipy("chebyu"), "v": _third_kind, "w": _fourth_kind}
_KINDS = {"t": "first", "u": "second", "v": "third", "w": "fourth"}

_FAMILIES = {
    "hermite_polynomial_h": (_of_scipy("hermite"), "Hermite polynomial (the physicists')"),
    "hermite_polynomial_he": (_of_scipy("hermitenorm"), "Hermite polynomial (the probabilists')"),
    "laguerre_polynomial_l": (_of_scipy("laguerre"), "Laguerre polynomial"),
    "legendre_polynomial_p": (_of_scipy("legendre"), "Legendre polynomial"),
}
for _letter, _function in _CHEBYSHEV.items():
    _words = f"Chebyshev polynomial of the {_KINDS[_letter]} kind"
    _FAMILIES[f"chebyshev_polynomial_{_letter}"] = (_function, _words)
    _FAMILIES[f"shifted_chebyshev_polynomial_{_letter}"] = (_shifted(_function), f"{_words}, shifted to 0 .. 1")


def _evaluated(name: str, function: Callable[[Any, Any], Any], x: Any, n: Any) -> Any:
    if not isinstance(x, np.ndarray) and not isinstance(n, np.ndarray):
        check_tensors(f"special_{name}", x=x, n=n)
    x, n = promote_to_floating(x, n)
    dtype = (x if isinstance(x, np.ndarray) else n).dtype
    degree = np.trunc(np.asarray(n, np.float64)).astype(np.int64)
    values = function(np.maximum(degree, 0), np.asarray(x, np.float64))
    return np.where(degree < 0, 0, values).astype(dtype)


def _define(name: str, function: Callable[[Any, Any], Any], words: str) -> None:
    """Enter a family into the table."""

    @on_host
    def forward(x: Tensor | Number, n: Tensor | Number) -> Tensor:
        return _evaluated(name, function, x, n)

    forward.__name__ = name
    forward.__doc__ = f"{words} of degree ``n`` at ``x``, elementwise; 0 for negative degrees. It has no gradient."

    def reference(x: Any, n: Any) -> Any:
        return function(np.asarray(n).astype(np.int64), x)

    made = op(forward, namespace="special", differentiable=False, reference=reference)

    @made.samples
    def _(make):
        yield make.sample(make(4, low=-0.9, high=0.9), np.array([0, 1, 2, 5]))
        yield make.sample(make(2, 3, low=-0.9, high=0.9), 3)
        yield make.sample(0.3, np.array([0.0, 2.0, 4.0]))


for _name, (_function, _words) in _FAMILIES.items():
    _define(_name, _function, _words)
