"""Elementwise sums and products, and what is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from minigrad.ops.backend import array_module, is_array, kernels_of
from minigrad.ops.op import op
from minigrad.ops.promotion import cast, check_tensors, not_implemented, promote, promote_two
from minigrad.ops.quiet import divide
from minigrad.ops.samples import binary_samples, elementwise_samples

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def is_bool(operand: Any) -> bool:
    """Whether an operand is a Python bool or an array of bools."""
    return (
        operand is True
        or operand is False
        or (isinstance(operand, (ndarray, np.generic)) and operand.dtype.kind == "b")
    )


_ONE = 1
"""The scale that needs no look at its type; 1.0 and True do, so it is known by identity."""


def _scaled(x: Any, y: Any, alpha: Any) -> Any:
    """Return ``alpha * y``, refusing an ``alpha`` of a higher category than the result's."""
    if type(alpha) is float and getattr(y, "dtype", None) is getattr(x, "dtype", x) and y.dtype.kind == "f":
        return y * alpha
    kind = np.result_type(x, y).kind
    if isinstance(alpha, bool) and kind != "b":
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and kind != "f":
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    return y & bool(alpha) if kind == "b" else y * (alpha if kind == "f" else cast(alpha, np.result_type(x, y)))


@op(method=True, inplace=True, reference=lambda x, y, *, alpha=1: x + alpha * y, ufunc=np.add)
def add(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Sum ``input + alpha * other``, elementwise."""
    x, y = promote_two(input, other)
    return np.add(x, y if alpha is _ONE else _scaled(x, y, alpha))


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
    yield make.sample(make(3), make(3), alpha=1.5)


@op(
    method=True,
    inplace=True,
    aliases=("subtract",),
    reference=lambda x, y, *, alpha=1: x - alpha * y,
    ufunc=np.subtract,
)
def sub(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Difference ``input - alpha * other``, elementwise; not for bools."""
    x, y = promote_two(input, other)
    if x is not input or y is not other or alpha is not _ONE:
        if not (type(input) in (int, float) and is_array(other) and other.dtype.kind == "f"):
            _refuse_bools(input, other)
        if alpha is not _ONE:
            y = _scaled(x, y, alpha)
    try:
        return np.subtract(x, y)
    except TypeError:
        _refuse_bools(input, other)
        raise


def _refuse_bools(x: Any, y: Any) -> None:
    if is_bool(x) or is_bool(y):
        with_two = all(is_array(each) and is_bool(each) for each in (x, y))
        which = "two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead."
        if not with_two:
            which = (
                "a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` "
                "operator instead."
            )
        raise RuntimeError(f"Subtraction, the `-` operator, with {which}")


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


@op(
    variant=lambda input, other, alpha: f"RsubBackward{0 if is_array(other) else 1}",
    reference=lambda x, y, *, alpha=1: y - alpha * x,
)
def rsub(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Difference the other way round, ``other - alpha * input``, elementwise; what ``2 - x`` does."""
    if not is_array(input):
        check_tensors("rsub", input=input)
    x, y = promote_two(input, other)
    if x is not input or y is not other or alpha is not _ONE or is_bool(x):
        _refuse_bools(input, other)
        if alpha is not _ONE:
            x = _scaled(y, x, alpha)
    return np.subtract(y, x)


@rsub.gradient("input")
def _(grad, alpha):
    return -grad if alpha == 1 else grad * -alpha


@rsub.gradient("other")
def _(grad):
    return grad


@rsub.samples
def _(make):
    yield from binary_samples(make)
    yield make.sample(make(3), 2, alpha=3)


@op(method=True, inplace=True, aliases=("multiply",), reference=np.multiply, ufunc=np.multiply)
def mul(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Product ``input * other``, elementwise."""
    return np.multiply(*promote_two(input, other))


@mul.gradient("input")
def _(grad, other):
    return grad * other


@mul.gradient("other")
def _(grad, input):
    return grad * input


@mul.samples
def _(make):
    yield from binary_samples(make)


@op(namespace=None, differentiable=False)
def zeros_of(input: Tensor) -> Tensor:
    """Zeros of the input's shape and dtype: the gradient of a function made of steps."""
    return array_module(input).zeros(input.shape, input.dtype)


@zeros_of.samples
def _(make):
    yield make.sample(make(2, 3))


@op(method=True, inplace=True, aliases=("negative",), reference=np.negative)
def neg(input: Tensor) -> Tensor:
    """Negation ``-input``, elementwise; not for bools."""
    if input.dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use "
            "the `~` or `logical_not()` operator instead."
        )
    return np.negative(input)


@neg.gradient
def _(grad):
    return -grad


@neg.samples
def _(make):
    yield from elementwise_samples(make)


@op(
    method=True,
    inplace=True,
    reference=lambda x, t1, t2, *, value=1: x + value * t1 * t2,
)
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """Sum with a product, ``input + value * tensor1 * tensor2``, elementwise."""
    if input.dtype is tensor1.dtype is tensor2.dtype and input.dtype.kind == "f":
        x, y, z = input, tensor1, tensor2
    else:
        x, y, z = promote(input, tensor1, tensor2)
    if x.dtype.kind == "b":
        raise not_implemented("addcmul_cpu_out", x)
    if x.dtype.kind == "f" and x.shape == y.shape == z.shape:
        return kernels_of(x).addcmul(x, y, z, float(value))
    return x + cast(value, x.dtype)[()] * y * z


@addcmul.gradient("input")
def _(grad):
    return grad


@addcmul.gradient("tensor1")
def _(grad, tensor2, value):
    return grad * (tensor2 * value)


@addcmul.gradient("tensor2")
def _(grad, tensor1, value):
    return grad * (tensor1 * value)


@addcmul.samples
def _(make):
    yield from _three_samples(make)
    yield from _three_samples(make, value=2)
    yield make.sample(make(3), make(3), make(3), value=-1.5)


def _three_samples(make: Any, **kwargs: Any) -> Any:
    for a, b, c in (
        ((3,), (3,), (3,)),
        ((2, 3), (3,), (2, 1)),
        ((), (), ()),
        ((2,), (), (1,)),
        ((0,), (0,), (1,)),
        ((3,), (2, 1), ()),
    ):
        yield make.sample(make(*a), make(*b), make(*c, low=0.5), **kwargs)
    yield make.sample(make(3, 2).T, make(2, 3), make(3, low=0.5), **kwargs)


@op(
    method=True,
    inplace=True,
    reference=lambda x, t1, t2, *, value=1: x + value * t1 / t2,
)
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """Sum with a quotient, ``input + value * tensor1 / tensor2``, elementwise; not of two integers."""
    if input.dtype is tensor1.dtype is tensor2.dtype and input.dtype.kind == "f":
        return input + divide(tensor1 if value == 1 else value * tensor1, tensor2)
    if tensor1.dtype.kind != "f" and tensor2.dtype.kind != "f":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value "
            "* torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
            "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + value "
            "* tensor1 / tensor2), for all dtypes."
        )
    x, y, z = promote(input, tensor1, tensor2)
    return x + divide(cast(value, x.dtype)[()] * y, z)


@addcdiv.gradient("input")
def _(grad):
    return grad


@addcdiv.gradient("tensor1")
def _(grad, tensor2, value):
    return grad * (value / tensor2)


@addcdiv.gradient("tensor2")
def _(grad, tensor1, tensor2, value):
    return -grad * (value * tensor1 / (tensor2 * tensor2))


@addcdiv.samples
def _(make):
    yield from _three_samples(make)
    yield from _three_samples(make, value=2)
    yield make.sample(make(3), make(3), make(3, low=0.5), value=-1.5)
