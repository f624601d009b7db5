"""Powers, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import as_array, is_array, kernels_of
from minigrad.ops.exponential import log
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_fits, check_tensors, not_implemented, promote_two
from minigrad.ops.quiet import divide, quiet
from minigrad.ops.samples import binary_samples
from minigrad.ops.select import choose
from minigrad.ops.state import Upper
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor

_power, _sqrt, _multiply = quiet(np.power), quiet(np.sqrt), quiet(np.multiply)


def _pow_name(input: Any, exponent: Any) -> str:
    if not is_array(exponent):
        return "PowBackward0"
    return f"PowBackward{1 if is_array(input) else 2}"


def _reference(x: Any, y: Any) -> Any:
    out = np.float_power(x, y)
    return out if "f" in (as_array(x).dtype.kind, as_array(y).dtype.kind) else np.trunc(out)


@op(method=True, inplace=True, variant=_pow_name, reference=_reference)
def pow(input: Tensor | Number, exponent: Tensor | Number) -> Tensor:
    """Power ``input ** exponent``, elementwise; ``0 ** 0`` is 1.

    Notes
    -----
    The gradient of the input is 0 where the exponent is 0, and that of the exponent 0 where the input is 0 (and the
    exponent not negative). Integers take no negative numbers as exponents; in a tensor of exponents these give 0.
    """
    x, y = promote_two(input, exponent)
    if not is_array(exponent):
        if type(input) is not np.ndarray:
            check_tensors("pow", input=input)
        if x.dtype.kind == "f":
            return _fixed_power(x, exponent)
        if exponent in (0, 1):
            return x.copy() if exponent else np.ones_like(x)
        if exponent < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        check_fits(exponent, x.dtype)
        return np.power(x, exponent)
    if y.dtype.kind == "f":
        return _power(x, y)
    if y.dtype.kind == "b":
        raise not_implemented("pow", y)
    return _integer_power(x, y)


def _fixed_power(x: Any, exponent: Any) -> Any:
    """Return a power of floats with one exponent, the common ones by products and roots."""
    if exponent == 2:
        return _multiply(x, x)
    if exponent in (0, 1):
        return x.copy() if exponent else np.ones_like(x)
    if exponent == 3:
        return kernels_of(x).cube(x)
    if exponent == 0.5:
        return _sqrt(x)
    if exponent in (-1, -2, -0.5):
        base = x if exponent == -1 else _multiply(x, x) if exponent == -2 else _sqrt(x)
        return divide(x.dtype.type(1), base)
    return _power(x, exponent)


def _integer_power(x: Any, y: Any) -> Any:
    """Return a power of integers; 1 and -1 have negative powers, those of other numbers round to 0."""
    if not np.any(np.less(y, 0)):
        return np.power(x, y)
    out = np.power(x, np.maximum(y, 0))
    sign = np.where(as_array(y) % 2 == 0, 1, -1)
    turned = np.where(x == 1, 1, np.where(x == -1, sign, 0)).astype(out.dtype)
    return np.where(y < 0, turned, out)


@pow.gradient("input")
def _(grad, input, exponent):
    if is_array(exponent) or isinstance(exponent, Upper.Tensor):
        return choose(exponent == 0, 0, grad * (exponent * pow(input, exponent - 1)))
    if exponent == 0:
        return zero(grad)
    return grad * (exponent * pow(input, exponent - 1))


@pow.gradient("exponent")
def _(grad, input, exponent, out):
    if is_array(input) or isinstance(input, Upper.Tensor):
        return grad * choose((input == 0) & (exponent >= 0), 0, out * log(input))
    if input == 0:
        return grad * choose(exponent >= 0, 0, out * float("-inf"))
    return grad * (out * (math.log(input) if input > 0 else math.nan))


@pow.samples
def _(make):
    yield from binary_samples(make, low=0.3, high=2)
    for exponent in (0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5, 2.0, 4):
        yield make.sample(make(3, low=0.3), exponent)
    yield make.sample(make(3, low=-2, high=-0.3), 2)
    yield make.sample(make(3, low=-2, high=-0.3), 3.0)
    yield make.sample(2, make(3))
    yield make.sample(0.5, make(2, 2))
    yield make.sample(make(4), np.array([2.0, 3.0, 0.0, 1.0]), gradient=False)
    yield make.sample(make.integers(4, low=-3), make.integers(4))
    yield make.sample(np.array([1, -1, -1, 2, 3, 3]), np.array([-2, -2, -3, -1, -2, 2]))
    yield make.sample(make.integers(4, low=-3), 3)
    yield make.sample(make.integers(4, low=1), 0.5)
    yield make.sample(3, make.integers(4))
    yield make.sample(make.booleans(4), 2)
    zeros = np.array([0.0, 0.0, 0.0, -1.0, 2.0])
    yield make.sample(zeros, np.array([0.0, 2.0, -1.0, 0.5, np.inf]), gradient=False)
    for exponent in (0, 1, 2, 0.5, -1):
        yield make.sample(zeros, exponent, gradient=False)
    yield make.sample(0, np.array([0.0, 1.0, -1.0]), gradient=False)
    yield make.sample(-2.0, np.array([2.0, 3.0]), gradient=False)


@composed(method=True, reference=np.float_power)
def float_power(input: Tensor | Number, exponent: Tensor | Number) -> Tensor:
    """Power ``input ** exponent``, elementwise, computed in float64 whatever the operands are."""
    return pow(_in_double(input), _in_double(exponent))


def _in_double(operand: Any) -> Any:
    return operand.to(_float64()) if isinstance(operand, Upper.Tensor) else float(operand)


def _float64() -> Any:
    from minigrad.dtypes import float64

    return float64


@float_power.samples
def _(make):
    yield make.sample(make(3, low=0.3), make(3))
    yield make.sample(make(2, 3, low=0.3), 2)
    yield make.sample(make(2, 3, low=0.3), 0.5)
    yield make.sample(2, make(3))
    yield make.sample(make(3, low=-2, high=-0.3), -2)
    yield make.sample(make(2, 1, low=0.3), make(3))
