"""Trigonometric and hyperbolic functions and their inverses, elementwise, in radians; integers become floating."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import is_array, kernels_of
from minigrad.ops.exponential import rsqrt
from minigrad.ops.op import op
from minigrad.ops.promotion import check_floating, check_tensors, promote_tensors, promote_to_floating, to_floating
from minigrad.ops.quiet import quiet
from minigrad.ops.samples import binary_samples, elementwise_samples
from minigrad.ops.select import choose, masked_fill

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_tan = quiet(np.tan)
_arcsin, _arccos, _arctan = quiet(np.arcsin), quiet(np.arccos), quiet(np.arctan)
_sinh, _cosh = quiet(np.sinh), quiet(np.cosh)
_arcsinh, _arccosh, _arctanh = quiet(np.arcsinh), quiet(np.arccosh), quiet(np.arctanh)
_hypot, _arctan2 = quiet(np.hypot), quiet(np.arctan2)


@op(method=True, inplace=True, reference=np.sin)
def sin(input: Tensor) -> Tensor:
    """Sine, elementwise."""
    x = to_floating(input)
    return kernels_of(x).sin(x)


@sin.gradient
def _(grad, input):
    return grad * cos(input)


@op(method=True, inplace=True, reference=np.cos)
def cos(input: Tensor) -> Tensor:
    """Cosine, elementwise."""
    x = to_floating(input)
    return kernels_of(x).cos(x)


@cos.gradient
def _(grad, input):
    return grad * -sin(input)


@op(method=True, inplace=True, reference=np.tan)
def tan(input: Tensor) -> Tensor:
    """Tangent, elementwise; its gradient is ``1 + tan(input) ** 2``."""
    return _tan(to_floating(input))


@tan.gradient
def _(grad, out):
    return grad * (1 + out * out)


for _function in (sin, cos, tan):

    @_function.samples
    def _(make):
        yield from elementwise_samples(make, low=-1.4, high=1.4)
        yield make.sample(make(4, low=-40, high=40))
        yield make.sample(np.array([np.inf, np.nan]), gradient=False)


@op(method=True, inplace=True, aliases=("arcsin",), reference=np.arcsin)
def asin(input: Tensor) -> Tensor:
    """Inverse sine, elementwise; nan outside [-1, 1], at whose ends the gradient is infinite."""
    return _arcsin(to_floating(input))


@asin.gradient
def _(grad, input):
    return grad * rsqrt(1 - input * input)


@op(method=True, inplace=True, aliases=("arccos",), reference=np.arccos)
def acos(input: Tensor) -> Tensor:
    """Inverse cosine, elementwise; nan outside [-1, 1], at whose ends the gradient is infinite."""
    return _arccos(to_floating(input))


@acos.gradient
def _(grad, input):
    return grad * -rsqrt(1 - input * input)


@op(method=True, inplace=True, aliases=("arctanh",), reference=np.arctanh)
def atanh(input: Tensor) -> Tensor:
    """Inverse hyperbolic tangent, elementwise; infinite at -1 and 1, nan beyond."""
    return _arctanh(to_floating(input))


@atanh.gradient
def _(grad, input):
    return grad / (1 - input * input)


for _function in (asin, acos, atanh):

    @_function.samples
    def _(make):
        yield from elementwise_samples(make, low=-0.9, high=0.9)
        yield make.sample(np.array([-1.0, 1.0, 2.0, np.nan]), gradient=False)


@op(method=True, inplace=True, aliases=("arctan",), reference=np.arctan)
def atan(input: Tensor) -> Tensor:
    """Inverse tangent, elementwise."""
    return _arctan(to_floating(input))


@atan.gradient
def _(grad, input):
    return grad / (input * input + 1)


@op(method=True, inplace=True, reference=np.sinh)
def sinh(input: Tensor) -> Tensor:
    """Hyperbolic sine, elementwise."""
    return _sinh(to_floating(input))


@sinh.gradient
def _(grad, input):
    return grad * cosh(input)


@op(method=True, inplace=True, reference=np.cosh)
def cosh(input: Tensor) -> Tensor:
    """Hyperbolic cosine, elementwise."""
    return _cosh(to_floating(input))


@cosh.gradient
def _(grad, input):
    return grad * sinh(input)


@op(method=True, inplace=True, aliases=("arcsinh",), reference=np.arcsinh)
def asinh(input: Tensor) -> Tensor:
    """Inverse hyperbolic sine, elementwise."""
    return _arcsinh(to_floating(input))


@asinh.gradient
def _(grad, input):
    return grad * rsqrt(input * input + 1)


for _function in (atan, sinh, cosh, asinh):

    @_function.samples
    def _(make):
        yield from elementwise_samples(make)
        yield make.sample(np.array([0.0, np.inf, -np.inf, np.nan]), gradient=False)


@op(method=True, inplace=True, aliases=("arccosh",), reference=np.arccosh)
def acosh(input: Tensor) -> Tensor:
    """Inverse hyperbolic cosine, elementwise; nan below 1, where the gradient is infinite."""
    return _arccosh(to_floating(input))


@acosh.gradient
def _(grad, input):
    return grad * rsqrt(input * input - 1)


@acosh.samples
def _(make):
    yield from elementwise_samples(make, low=1.1, high=3)
    yield make.sample(np.array([1.0, 0.5, np.inf]), gradient=False)


def _pairs(make: Any, **kwargs: Any) -> Any:
    for sample in binary_samples(make, **kwargs):
        if is_array(sample.args[1]):
            yield sample


@op(method=True, inplace=True, aliases=("arctan2",), reference=np.arctan2)
def atan2(input: Tensor, other: Tensor) -> Tensor:
    """Angle of the point (``other``, ``input``) from the positive x axis, elementwise, in (-pi, pi].

    Its gradient at (0, 0) is 0.
    """
    check_tensors("atan2", input=input, other=other)
    return _arctan2(*promote_to_floating(input, other))


@atan2.gradient("input")
def _(grad, input, other):
    return grad * _over_squares(other, input, other)


@atan2.gradient("other")
def _(grad, input, other):
    return grad * _over_squares(-input, input, other)


def _over_squares(numerator: Any, x: Any, y: Any) -> Any:
    """Return ``numerator / (x ** 2 + y ** 2)``, 0 where both are 0."""
    squares = x * x + y * y
    return numerator / choose(squares == 0, 1, squares)


@atan2.samples
def _(make):
    yield from _pairs(make)
    yield make.sample(np.array([1.0, -1.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0, -1.0]), gradient=False)
    yield make.sample(np.array([0.0]), np.array([0.0]), gradient=False)


@op(method=True, inplace=True, reference=np.hypot)
def hypot(input: Tensor, other: Tensor) -> Tensor:
    """Length ``sqrt(input ** 2 + other ** 2)``, elementwise, without overflow; its gradient at (0, 0) is nan."""
    x, y = promote_tensors("hypot", input, other)
    check_floating("hypot_cpu", x)
    return kernels_of(x).hypot(x, y) if x.shape == y.shape else _hypot(x, y)


@hypot.gradient("input")
def _(grad, input, out):
    return grad * (input / out)


@hypot.gradient("other")
def _(grad, other, out):
    return grad * (other / out)


@hypot.samples
def _(make):
    yield from _pairs(make)
    yield make.sample(np.array([3.0, 0.0, np.inf]), np.array([4.0, 0.0, 1.0]), gradient=False)


@op(method=True, inplace=True, reference=np.sinc)
def sinc(input: Tensor) -> Tensor:
    """Normalised ``sin(pi * input) / (pi * input)``, elementwise; 1 at 0, where the gradient is 0."""
    return _sinc(to_floating(input))


@quiet
def _sinc(x: Any) -> Any:
    angle = x * x.dtype.type(math.pi)
    return np.where(x == 0, x.dtype.type(1), np.sin(angle) / angle)


@sinc.gradient
def _(grad, input):
    angle = input * math.pi
    safe = choose(input == 0, 1, angle)
    return masked_fill(grad * ((angle * cos(angle) - sin(angle)) / (safe * input + (input == 0))), input == 0, 0)


@sinc.samples
def _(make):
    for sample in elementwise_samples(make):
        yield make.sample(np.where(np.abs(sample.args[0]) < 0.05, 0.3, sample.args[0]))
    yield make.sample(np.array([0.0, 1.0]), gradient=False)


@op(method=True, inplace=True, node="Deg2RadBackward0", reference=np.deg2rad)
def deg2rad(input: Tensor) -> Tensor:
    """Degrees in radians, ``input * pi / 180``, elementwise."""
    x = to_floating(input)
    return x * x.dtype.type(math.pi / 180)


@deg2rad.gradient
def _(grad):
    return grad * (math.pi / 180)


@op(method=True, inplace=True, node="Rad2DegBackward0", reference=np.rad2deg)
def rad2deg(input: Tensor) -> Tensor:
    """Radians in degrees, ``input * 180 / pi``, elementwise."""
    x = to_floating(input)
    return x * x.dtype.type(180 / math.pi)


@rad2deg.gradient
def _(grad):
    return grad * (180 / math.pi)


for _function in (deg2rad, rad2deg):

    @_function.samples
    def _(make):
        yield from elementwise_samples(make, low=-180, high=180)
