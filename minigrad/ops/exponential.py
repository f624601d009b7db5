"""Exponentials, logarithms and roots, elementwise; integers give the default floating dtype."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import is_array, kernels_of
from minigrad.ops.op import op
from minigrad.ops.promotion import check_floating, check_tensors, promote_tensors, promote_to_floating, to_floating
from minigrad.ops.quiet import quiet
from minigrad.ops.samples import binary_samples, elementwise_samples
from minigrad.ops.select import masked_fill

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor

LN_2, LN_10 = math.log(2), math.log(10)

_exp2, _expm1 = quiet(np.exp2), quiet(np.expm1)
_log2, _log10, _log1p = quiet(np.log2), quiet(np.log10), quiet(np.log1p)
_sqrt, _square = quiet(np.sqrt), quiet(np.multiply)
_logaddexp, _logaddexp2 = quiet(np.logaddexp), quiet(np.logaddexp2)


@op(method=True, inplace=True, reference=np.exp)
def exp(input: Tensor) -> Tensor:
    """Exponential ``e ** input``, elementwise."""
    x = to_floating(input)
    return kernels_of(x).exp(x)


@exp.gradient
def _(grad, out):
    return grad * out


@exp.samples
def _(make):
    yield from elementwise_samples(make)
    yield make.sample(np.array([-np.inf, 800.0, np.nan]), gradient=False)


@op(method=True, inplace=True, node="Exp2Backward0", reference=np.exp2)
def exp2(input: Tensor) -> Tensor:
    """Power of two ``2 ** input``, elementwise."""
    return _exp2(to_floating(input))


@exp2.gradient
def _(grad, out):
    return grad * out * LN_2


@exp2.samples
def _(make):
    yield from elementwise_samples(make)


@op(method=True, inplace=True, reference=np.expm1)
def expm1(input: Tensor) -> Tensor:
    """Exponential less one, ``e ** input - 1``, elementwise; exact for small inputs too."""
    return _expm1(to_floating(input))


@expm1.gradient
def _(grad, out):
    return grad * (out + 1)


@expm1.samples
def _(make):
    yield from elementwise_samples(make)
    yield make.sample(np.array([1e-9, -1e-9, -50.0]))


@op(method=True, inplace=True, reference=np.log)
def log(input: Tensor) -> Tensor:
    """Natural logarithm, elementwise; -inf at 0 (with an infinite gradient), nan below."""
    x = to_floating(input)
    return kernels_of(x).log(x)


@log.gradient
def _(grad, input):
    return grad / input


@log.samples
def _(make):
    yield from elementwise_samples(make, low=0.1)
    yield make.sample(np.array([0.0, -1.0, np.inf, np.nan]), gradient=False)


@op(method=True, inplace=True, reference=np.log2)
def log2(input: Tensor) -> Tensor:
    """Logarithm to base 2, elementwise; -inf at 0, nan below."""
    return _log2(to_floating(input))


@log2.gradient
def _(grad, input):
    return grad / (input * LN_2)


@log2.samples
def _(make):
    yield from elementwise_samples(make, low=0.1)
    yield make.sample(np.array([0.0, -1.0, np.inf]), gradient=False)


@op(method=True, inplace=True, reference=np.log10)
def log10(input: Tensor) -> Tensor:
    """Logarithm to base 10, elementwise; -inf at 0, nan below."""
    return _log10(to_floating(input))


@log10.gradient
def _(grad, input):
    return grad / (input * LN_10)


@log10.samples
def _(make):
    yield from elementwise_samples(make, low=0.1)
    yield make.sample(np.array([0.0, -1.0, np.inf]), gradient=False)


@op(method=True, inplace=True, node="Log1PBackward0", reference=np.log1p)
def log1p(input: Tensor) -> Tensor:
    """Logarithm ``log(1 + input)``, elementwise; exact for small inputs too; -inf at -1, nan below."""
    return _log1p(to_floating(input))


@log1p.gradient
def _(grad, input):
    return grad / (input + 1)


@log1p.samples
def _(make):
    yield from elementwise_samples(make, low=-0.9)
    yield make.sample(np.array([-1.0, -2.0, np.inf]), gradient=False)


@op(method=True, inplace=True, reference=np.sqrt)
def sqrt(input: Tensor) -> Tensor:
    """Square root, elementwise; nan below 0. The gradient ``1 / (2 * sqrt(input))`` is infinite at 0."""
    return _sqrt(to_floating(input))


@sqrt.gradient
def _(grad, out):
    return grad / (2 * out)


@sqrt.samples
def _(make):
    yield from elementwise_samples(make, low=0.1)
    yield make.sample(np.array([0.0, -1.0, np.inf]), gradient=False)


@op(method=True, inplace=True, reference=lambda x: 1 / np.sqrt(x))
def rsqrt(input: Tensor) -> Tensor:
    """Inverse square root ``1 / sqrt(input)``, elementwise; infinite at 0, nan below."""
    x = to_floating(input)
    return kernels_of(x).rsqrt(x)


@rsqrt.gradient
def _(grad, out):
    return -0.5 * grad * out * out * out


@rsqrt.samples
def _(make):
    yield from elementwise_samples(make, low=0.1)
    yield make.sample(np.array([0.0, -1.0, np.inf]), gradient=False)


@op(method=True, inplace=True, node="PowBackward0", reference=np.square)
def square(input: Tensor) -> Tensor:
    """Square ``input * input``, elementwise; bools are squared in int64."""
    if input.dtype.kind == "b":
        return input.astype(np.int64)
    return _square(input, input)


@square.gradient
def _(grad, input):
    return grad * (input * 2)


@square.samples
def _(make):
    yield from elementwise_samples(make)


@op(method=True, inplace=False, reference=np.logaddexp)
def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """Logarithm of the sum of exponentials, ``log(exp(input) + exp(other))``, elementwise, without overflow."""
    x, y = _two_floating("logaddexp", input, other)
    return kernels_of(x).logaddexp(x, y) if x.shape == y.shape else _logaddexp(x, y)


@logaddexp.gradient("input")
def _(grad, input, other):
    return grad * _share_of(input, other)


@logaddexp.gradient("other")
def _(grad, input, other):
    return grad * _share_of(other, input)


def _share_of(one: Any, other: Any) -> Any:
    """Return what share ``exp(one)`` has of the sum of both exponentials."""
    from minigrad.ops.activation import sigmoid

    return sigmoid(one - other)


@logaddexp.samples
def _(make):
    yield from (each for each in binary_samples(make) if is_array(each.args[1]))
    yield make.sample(np.array([1000.0, -1000.0, 3.0]), np.array([1000.0, 1000.0, -1000.0]))


@op(method=True, node="Logaddexp2Backward0", reference=np.logaddexp2)
def logaddexp2(input: Tensor, other: Tensor) -> Tensor:
    """Logarithm of the sum of powers, ``log2(2 ** input + 2 ** other)``, elementwise, without overflow."""
    x, y = _two_floating("logaddexp2", input, other)
    return _logaddexp2(x, y)


@logaddexp2.gradient("input")
def _(grad, input, out):
    return grad * exp2(input - out)


@logaddexp2.gradient("other")
def _(grad, other, out):
    return grad * exp2(other - out)


@logaddexp2.samples
def _(make):
    yield from (each for each in binary_samples(make) if is_array(each.args[1]))


def _two_floating(name: str, input: Any, other: Any) -> Any:
    x, y = promote_tensors(name, input, other)
    check_floating(f"{name}_cpu", x)
    return x, y


@op(method=True, inplace=True, reference=lambda x, y: x * np.exp2(y))
def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """Product with a power of two, ``input * 2 ** other``, elementwise; floating also for integers."""
    check_tensors("ldexp", input=input, other=other)
    x, y = promote_to_floating(input, other)
    return _square(x, _exp2(y))


@ldexp.gradient("input")
def _(grad, other):
    return grad * (2.0**other)


@ldexp.gradient("other")
def _(grad, out):
    return grad * out * LN_2


@ldexp.samples
def _(make):
    yield from (each for each in binary_samples(make) if is_array(each.args[1]))
    yield make.sample(make(3), make.integers(3))


@op(
    method=True,
    inplace=True,
    variant=lambda input, other: f"XlogyBackward{_which_is_number(input, other)}",
    reference=lambda x, y: np.where(np.isnan(y), y, np.where(x == 0, 0.0, x * np.log(y))),
)
def xlogy(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Product ``input * log(other)``, elementwise, 0 where ``input`` is 0 (unless ``other`` is nan)."""
    if not is_array(input) and not is_array(other):
        check_tensors("xlogy", input=input, other=other)
    x, y = promote_to_floating(input, other)
    if is_array(x) and is_array(y) and x.shape == y.shape:
        return kernels_of(x).xlogy(x, y)
    return _xlogy(x, y)


@quiet
def _xlogy(x: Any, y: Any) -> Any:
    dtype = (x if is_array(x) else y).dtype
    x, y = (each if is_array(each) else dtype.type(each) for each in (x, y))
    return np.where((x == 0) & (y == y), dtype.type(0), x * np.log(y))


def _which_is_number(input: Any, other: Any) -> int:
    return 1 if not is_array(input) else 0 if is_array(other) else 2


@xlogy.gradient("input")
def _(grad, input, other):

    return masked_fill(xlogy(grad, other), (input == 0) & (other <= 0), 0)


@xlogy.gradient("other")
def _(grad, input, other):
    return grad * input / other


@xlogy.samples
def _(make):
    yield from binary_samples(make, low=0.2, high=3)
    yield make.sample(2.5, make(3, low=0.2))
    yield make.sample(np.array([0.0, 0.0, 1.0, 0.0]), np.array([0.0, -1.0, 0.0, np.nan]), gradient=False)
