"""Quotients, elementwise, and what is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import as_array, is_array, kernels_of
from minigrad.ops.elementwise import zeros_of
from minigrad.ops.op import op
from minigrad.ops.promotion import (
    check_tensors,
    not_implemented,
    promote,
    promote_to_floating,
    promote_two,
    to_floating,
)
from minigrad.ops.quiet import divide, quiet
from minigrad.ops.samples import binary_samples, elementwise_samples

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor

_floor_divide = quiet(np.floor_divide)
_reciprocal = quiet(np.reciprocal)
_remainder = quiet(np.remainder)
_fmod = quiet(np.fmod)


@op(
    method=True,
    inplace=True,
    aliases=("divide", "true_divide"),
    variant=lambda input, other, rounding_mode: f"DivBackward{0 if rounding_mode is None else 2}",
    reference=lambda x, y, *, rounding_mode=None: (
        x / y if rounding_mode is None else {"trunc": np.trunc, "floor": np.floor}[rounding_mode](x / y)
    ),
)
def div(input: Tensor | Number, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
    """Quotient ``input / other``, elementwise; integers give the default floating dtype unless it is rounded.

    Parameters
    ----------
    rounding_mode : {None, "trunc", "floor"}
        Round the quotient towards zero or down; integers then stay integers. The gradient is then 0.

    Raises
    ------
    RuntimeError
        For an unknown mode.
    """
    if rounding_mode is None:
        return divide(*promote_to_floating(input, other))
    x, y = promote_two(input, other)
    if rounding_mode == "floor":
        return divide_down(x, y)
    if rounding_mode == "trunc":
        return divide_to_zero(x, y)
    raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")


@div.gradient("input")
def _(grad, other, rounding_mode):
    return grad / other if rounding_mode is None else zeros_of(grad)


@div.gradient("other")
def _(grad, input, other, rounding_mode):
    return -grad * ((input / other) / other) if rounding_mode is None else zeros_of(grad)


@div.samples
def _(make):
    yield from binary_samples(make, low=0.5, high=2)
    yield make.sample(make(5, low=-9, high=9), make(5, low=1, high=3), rounding_mode="trunc")
    yield make.sample(make(5, low=-9, high=9), make(5, low=1, high=3), rounding_mode="floor")
    yield make.sample(make(5, low=-9, high=9), -2, rounding_mode="floor")
    yield make.sample(make(5, low=-9, high=9), 2.5, rounding_mode="trunc")
    yield make.sample(np.array([1.0, -1.0, 0.0, np.inf]), np.array([0.0, 0.0, 0.0, np.inf]), gradient=False)


@op(namespace=None, node="MulBackward0", reference=lambda x, y: y / x)
def rdiv(input: Tensor, other: Number) -> Tensor:
    """Quotient the other way round, ``other / input`` for a number, as the product ``(1 / input) * other``."""
    return np.multiply(*promote(_reciprocal(to_floating(input)), other))


@rdiv.gradient
def _(grad, input, other):
    inverse = reciprocal(input)
    return -(grad * other) * (inverse * inverse)


@rdiv.samples
def _(make):
    for sample in elementwise_samples(make, low=0.5):
        yield make.sample(*sample.args, 3.0)
    yield make.sample(make(3, low=0.5), 2)


@op(method=True, inplace=True, reference=lambda x: 1 / x)
def reciprocal(input: Tensor) -> Tensor:
    """Inverse ``1 / input``, elementwise; at 0 it is infinite, and so is its gradient."""
    return _reciprocal(to_floating(input))


@reciprocal.gradient
def _(grad, out):
    return -grad * (out * out)


@reciprocal.samples
def _(make):
    yield from elementwise_samples(make, low=0.5)
    yield make.sample(np.array([0.0, -0.0, np.inf]), gradient=False)


def check_integer_divisor(x: Any, y: Any) -> None:
    """Refuse to divide integers by 0, where there is anything to divide.

    Raises
    ------
    RuntimeError
    """
    if type(y) is int and y:
        return
    divisors = as_array(y)
    if divisors.dtype.kind in "iu" and np.count_nonzero(divisors) != divisors.size and np.size(x):
        raise RuntimeError("ZeroDivisionError")


def divide_down(x: Any, y: Any) -> Any:
    """Return the quotient of two promoted operands, rounded down."""
    array = x if is_array(x) else y
    if array.dtype.kind == "b":
        raise not_implemented("div_floor_cpu", array)
    if array.dtype.kind != "f":
        check_integer_divisor(x, y)
    elif _is_plain(x, y):
        return kernels_of(x).floor_divide(x, y)
    return _floor_divide(x, y)


def _is_plain(x: Any, y: Any) -> bool:
    """Whether an array of floats is divided by another of its shape or by a number, as the kernels take them."""
    return is_array(x) and (type(y) in (int, float) or (is_array(y) and y.shape in (x.shape, ())))


def divide_to_zero(x: Any, y: Any) -> Any:
    """Return the quotient of two arrays of one dtype, rounded towards zero."""
    dtype = np.result_type(x, y)
    if dtype.kind == "f":
        return np.trunc(divide(x, y))
    if dtype.kind == "b":
        raise not_implemented("div_trunc_cpu", as_array(x, dtype))
    check_integer_divisor(x, y)
    quotient = np.floor_divide(x, y)
    return np.where((quotient < 0) & (quotient * y != x), quotient + 1, quotient)[()].astype(dtype)


@op(
    method=True,
    inplace=True,
    node="NotImplemented",
    reference=lambda x, y: np.floor(x / y),
)
def floor_divide(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Quotient rounded down, ``floor(input / other)``, elementwise; it has no gradient.

    ``div(..., rounding_mode="floor")`` has one, which is 0.
    """
    return divide_down(*promote_two(input, other))


def _refuse_gradient(grad):
    raise RuntimeError("derivative for aten::floor_divide is not implemented")


floor_divide.gradient("input")(_refuse_gradient)
floor_divide.gradient("other")(_refuse_gradient)


@floor_divide.samples
def _(make):
    for sample in binary_samples(make, low=0.5, high=5):
        yield sample._replace(gradient=False)
    yield make.sample(make(5, low=-9, high=9), make(5, low=1, high=3), gradient=False)
    yield make.sample(make(5, low=-9, high=9), -2, gradient=False)
    yield make.sample(np.array([1.0, -1.0, 5.0]), np.array([2.0, 3.0, -2.5]), gradient=False)


@op(
    method=True,
    inplace=True,
    variant=lambda input, other: f"RemainderBackward{1 if is_array(other) else 0}",
    reference=np.remainder,
)
def remainder(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Remainder of the division rounded down, elementwise: it has the sign of ``other``, as Python's ``%``.

    The gradient with respect to ``other`` is ``-floor(input / other)``, and the steps are taken for flat.
    """
    x, y = promote_two(input, other)
    return _rest("remainder", _remainder, x, y)


@remainder.gradient("input")
def _(grad):
    return grad


@remainder.gradient("other")
def _(grad, input, other):
    return -grad * div(input, other, rounding_mode="floor")


@remainder.samples
def _(make):
    yield from binary_samples(make, low=0.6, high=1.9)
    yield make.sample(np.array([-3.2, 3.2, -3.2, 3.2]), np.array([2.0, 2.0, -2.0, -2.0]))
    yield make.sample(np.array([-3.2, 3.2]), -2.5)
    yield make.sample(np.array([1.0, -1.0, 0.0, np.inf]), np.array([np.inf, np.inf, 2.0, 2.0]), gradient=False)


@op(
    method=True,
    inplace=True,
    variant=lambda input, other: f"FmodBackward{1 if is_array(other) else 0}",
    reference=np.fmod,
)
def fmod(input: Tensor, other: Tensor | Number) -> Tensor:
    """Remainder of the division rounded towards zero, elementwise: it has the sign of ``input``, as C's ``fmod``.

    The gradient with respect to ``other`` is ``-trunc(input / other)``, and the steps are taken for flat.
    """
    check_tensors("fmod", input=input)
    x, y = promote_two(input, other)
    return _rest("fmod", _fmod, x, y)


@fmod.gradient("input")
def _(grad):
    return grad


@fmod.gradient("other")
def _(grad, input, other):
    return -grad * div(input, other, rounding_mode="trunc")


@fmod.samples
def _(make):
    yield from binary_samples(make, low=0.6, high=1.9)
    yield make.sample(np.array([-3.2, 3.2, -3.2, 3.2]), np.array([2.0, 2.0, -2.0, -2.0]))
    yield make.sample(np.array([-3.2, 3.2]), -2.5)


def _rest(name: str, ufunc: Any, x: Any, y: Any) -> Any:
    array = x if is_array(x) else y
    kind = array.dtype.kind
    if kind == "b":
        raise not_implemented(f"{name}_cpu", array)
    if kind == "f" and _is_plain(x, y):
        return getattr(kernels_of(x), name)(x, y)
    if kind != "f":
        check_integer_divisor(x, y)
    return ufunc(x, y)
