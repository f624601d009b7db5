"""Bessel functions and their kin, elementwise; computed by SciPy.

The exponentially scaled ones of the first kind have gradients; PyTorch defines none for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import as_array
from minigrad.ops.op import op
from minigrad.ops.promotion import to_floating
from minigrad.ops.rounding import sign
from minigrad.ops.samples import elementwise_samples
from minigrad.ops.select import choose
from minigrad.ops.special import from_scipy, scipy_function, scipy_reference

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace="special", node="SpecialI0EBackward0", reference=scipy_reference("i0e"))
def i0e(input: Tensor) -> Tensor:
    """Modified Bessel function of the first kind of order 0, times ``exp(-|input|)``, elementwise."""
    return from_scipy("i0e", input)


@i0e.gradient
def _(grad, input, out):
    return grad * (i1e(input) - sign(input) * out)


@op(namespace="special", node="SpecialI1EBackward0", reference=scipy_reference("i1e"))
def i1e(input: Tensor) -> Tensor:
    """Modified Bessel function of the first kind of order 1, times ``exp(-|input|)``, elementwise."""
    return from_scipy("i1e", input)


@i1e.gradient
def _(grad, input, out):
    safe = choose(input == 0, 1.0, input)
    slope = i0e(input) - out * (sign(input) + 1 / safe)
    return grad * choose(input == 0, 0.5, slope)


for _function in (i0e, i1e):

    @_function.samples
    def _(make):
        yield from elementwise_samples(make)
        yield make.sample(np.array([0.0, 30.0, -30.0]), gradient=False)


def _airy(x: Any) -> Any:
    return scipy_function("airy", x)(x)[0]


def _spherical(x: Any) -> Any:
    return scipy_function("spherical_jn", x)(0, abs(x))


# PyTorch's name, SciPy's function or its name, the parameter's name, what it is.
_PLAIN: tuple[tuple[str, Any, str, str], ...] = (
    ("bessel_j0", "j0", "input", "Bessel function of the first kind of order 0"),
    ("bessel_j1", "j1", "input", "Bessel function of the first kind of order 1"),
    ("bessel_y0", "y0", "input", "Bessel function of the second kind of order 0"),
    ("bessel_y1", "y1", "input", "Bessel function of the second kind of order 1"),
    ("modified_bessel_i0", "i0", "input", "Modified Bessel function of the first kind of order 0"),
    ("modified_bessel_i1", "i1", "input", "Modified Bessel function of the first kind of order 1"),
    ("modified_bessel_k0", "k0", "input", "Modified Bessel function of the second kind of order 0"),
    ("modified_bessel_k1", "k1", "input", "Modified Bessel function of the second kind of order 1"),
    ("scaled_modified_bessel_k0", "k0e", "x", "Modified Bessel function of the second kind of order 0, times exp(x)"),
    ("scaled_modified_bessel_k1", "k1e", "x", "Modified Bessel function of the second kind of order 1, times exp(x)"),
    ("airy_ai", _airy, "x", "Airy function Ai"),
    ("spherical_bessel_j0", _spherical, "x", "Spherical Bessel function of the first kind of order 0, ``sin(x) / x``"),
)


def _computed(function: Any, x: Any) -> Any:
    return from_scipy(function, x) if isinstance(function, str) else as_array(function(to_floating(x)), x.dtype)


def _define(name: str, function: Any, parameter: str, words: str) -> None:
    """Enter a function without a gradient into the table."""

    def of_input(input: Tensor) -> Tensor:
        return _computed(function, to_floating(input))

    def of_x(x: Tensor) -> Tensor:
        return _computed(function, to_floating(x))

    forward = of_input if parameter == "input" else of_x
    forward.__name__ = name
    forward.__doc__ = f"{words}, elementwise; it has no gradient."
    reference = scipy_reference(function) if isinstance(function, str) else function
    made = op(forward, namespace="special", differentiable=False, reference=reference)

    @made.samples
    def _(make):
        yield from elementwise_samples(make, low=0.2, high=4)
        yield make.sample(np.array([20.0, np.nan]))


for _entry in _PLAIN:
    _define(*_entry)
