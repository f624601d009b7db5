"""Elementwise arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import get_default_dtype
from minigrad.ops.op import op
from minigrad.ops.promotion import promote, to_floating
from minigrad.ops.samples import binary_samples, elementwise_samples

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


@op(method=True, inplace=True, reference=lambda x, y, *, alpha=1: x + alpha * y, ufunc=np.add)
def add(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Sum ``input + alpha * other``, elementwise."""
    x, y = promote(input, other)
    if alpha != 1:
        y = y * alpha
    return np.add(x, y)


@add.gradient("input")
def _(grad):
    return grad


@add.gradient("other")
def _(grad, alpha):
    return grad if alpha == 1 else grad * alpha


@add.samples
def _(make):
    yield from binary_samples(make)
    yield make.sample(make(3), make(3), alpha=2)


@op(method=True, inplace=True, aliases=("subtract",), reference=lambda x, y, *, alpha=1: x - alpha * y, ufunc=np.subtract)
def sub(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Difference ``input - alpha * other``, elementwise."""
    x, y = promote(input, other)
    if np.result_type(x, y) == bool:
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if alpha != 1:
        y = y * alpha
    return np.subtract(x, y)


@sub.gradient("input")
def _(grad):
    return grad


@sub.gradient("other")
def _(grad, alpha):
    return -grad if alpha == 1 else grad * -alpha


@sub.samples
def _(make):
    yield from binary_samples(make)
    yield make.sample(make(3), make(3), alpha=2)


@op(method=True, inplace=True, aliases=("multiply",), reference=np.multiply, ufunc=np.multiply)
def mul(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Product ``input * other``, elementwise."""
    return np.multiply(*promote(input, other))


@mul.gradient("input")
def _(grad, other):
    return grad * other


@mul.gradient("other")
def _(grad, input):
    return grad * input


@mul.samples
def _(make):
    yield from binary_samples(make)


@op(method=True, inplace=True, aliases=("divide", "true_divide"), reference=lambda x, y: x / y)
def div(input: Tensor | Number, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
    """Quotient ``input / other``, elementwise; integers give the default floating dtype unless it is rounded.

    Parameters
    ----------
    rounding_mode : {None, "trunc", "floor"}
        Round the quotient towards zero or down; integers then stay integers.
    """
    x, y = promote(input, other)
    if rounding_mode is None:
        if np.result_type(x, y).kind != "f":
            x, y = np.asarray(x, get_default_dtype().numpy), np.asarray(y, get_default_dtype().numpy)
        return _quiet(np.true_divide, x, y)
    if rounding_mode == "floor":
        return _divide_down(x, y)
    if rounding_mode == "trunc":
        return _divide_to_zero(x, y)
    raise RuntimeError(
        f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
    )


@div.gradient("input")
def _(grad, other, rounding_mode):
    return grad / other if rounding_mode is None else grad * 0


@div.gradient("other")
def _(grad, input, other, rounding_mode):
    return -grad * input / (other * other) if rounding_mode is None else grad * 0


@div.samples
def _(make):
    yield from binary_samples(make, low=0.5, high=2)


def _quiet(ufunc: Any, *operands: Any) -> Any:
    """Run a ufunc without NumPy's warnings: division by zero gives inf or nan, as in PyTorch."""
    with np.errstate(all="ignore"):
        return ufunc(*operands)


def _check_integer_divisor(y: Any) -> None:
    if np.result_type(y).kind in "iu" and not np.all(y):
        raise RuntimeError("ZeroDivisionError")


def _divide_down(x: Any, y: Any) -> Any:
    if np.result_type(x, y).kind != "f":
        _check_integer_divisor(y)
        return np.floor_divide(x, y)
    return _quiet(np.floor_divide, x, y)


def _divide_to_zero(x: Any, y: Any) -> Any:
    dtype = np.result_type(x, y)
    if dtype.kind == "f":
        return np.trunc(_quiet(np.true_divide, x, y))
    _check_integer_divisor(y)
    quotient = np.floor_divide(x, y)
    return np.where((quotient < 0) & (quotient * y != x), quotient + 1, quotient).astype(dtype)


@op(method=True, inplace=True, aliases=("negative",), reference=np.negative)
def neg(input: Tensor) -> Tensor:
    """Negation ``-input``, elementwise."""
    if input.dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
            "`~` or `logical_not()` operator instead."
        )
    return np.negative(input)


@neg.gradient
def _(grad):
    return -grad


@neg.samples
def _(make):
    yield from elementwise_samples(make)


@op(method=True, inplace=True, reference=np.exp)
def exp(input: Tensor) -> Tensor:
    """Exponential ``e ** input``, elementwise."""
    return np.exp(to_floating(input))


@exp.gradient
def _(grad, out):
    return grad * out


@exp.samples
def _(make):
    yield from elementwise_samples(make)
