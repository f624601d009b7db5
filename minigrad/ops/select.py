"""Choosing between values, elementwise: by a condition, by a mask, by a sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import is_array, kernels_of
from minigrad.ops.elementwise import zeros_of
from minigrad.ops.errors import c_name
from minigrad.ops.hints import BYTE_CONDITION, hint_once
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import (
    check_tensors,
    common_dtype,
    not_implemented,
    number_in,
    promote_to_floating,
    promote_two,
)
from minigrad.ops.samples import binary_samples
from minigrad.ops.shape import row_major

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor

_LONG_NAMES = {
    "int64": "long int",
    "int32": "int",
    "int16": "short int",
    "int8": "signed char",
    "uint8": "unsigned char",
}


@op(namespace=None, node="WhereBackward0", reference=np.where)
def choose(condition: Tensor, input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Elements of ``input`` where the condition holds, of ``other`` elsewhere: `where` with all its arguments."""
    if condition.dtype.kind != "b":
        if condition.dtype != np.uint8:
            title = from_numpy(condition.dtype).tensor_type.removesuffix("Tensor")
            raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype {title}")
        hint_once(BYTE_CONDITION)
    if is_array(input) or is_array(other):
        input, other = promote_two(input, other)
    else:
        input, other = _two_numbers(input, other)
    return kernels_of(condition).choose(condition, input, other)


def _two_numbers(x: Any, y: Any) -> tuple[Any, Any]:
    """Return two Python numbers in the dtype that PyTorch gives them together."""
    dtype = common_dtype(x, y)
    return dtype.type(x), dtype.type(y)


@choose.gradient("input")
def _(grad, condition):
    return choose(condition, grad, 0)


@choose.gradient("other")
def _(grad, condition):
    return choose(condition, 0, grad)


@choose.samples
def _(make):
    yield from _where_samples(make)


@composed(reference=np.where)
def where(condition: Tensor, input: Tensor | Number | None = None, other: Tensor | Number | None = None) -> Any:
    """Elements of ``input`` where the condition holds, of ``other`` elsewhere; nan on the other side does no harm.

    Parameters
    ----------
    condition : Tensor of bool
    input, other : Tensor or number
        They broadcast with the condition and with each other. Without them, the indices where the condition holds are
        returned, as a tuple of one int64 tensor a dimension.
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    return choose(condition, input, other)


@where.samples
def _(make):
    yield from _where_samples(make)
    yield make.sample(make.booleans(2, 3))
    yield make.sample(make.booleans(3), 1.5, 2)
    yield make.sample(make.booleans(3), 1, 2)
    yield make.sample(make.booleans(3), True, False)
    yield make.sample(make.booleans(3).astype(np.uint8), make(3), 2)


def _where_samples(make: Any) -> Any:
    for shape, left, right in (
        ((3,), (3,), (3,)),
        ((2, 1), (3,), ()),
        ((), (2,), (2,)),
        ((0,), (0,), (1,)),
        ((), (), ()),
    ):
        yield make.sample(make.booleans(*shape), make(*left), make(*right))
    yield make.sample(make.booleans(3, 2).T, make(3, 2).T, make(2, 3))
    yield make.sample(make.booleans(3), make(3), 0)
    yield make.sample(make.booleans(3), 1.5, make(3))


@op(
    method=True,
    inplace=True,
    variant=lambda input, mask, value: f"MaskedFillBackward{1 if is_array(value) else 0}",
    reference=lambda x, mask, value: np.where(mask, value, x),
)
def masked_fill(input: Tensor, mask: Tensor, value: Tensor | Number) -> Tensor:
    """Copy of ``input`` with ``value`` where the mask, which broadcasts, is True.

    Parameters
    ----------
    mask : Tensor of bool
    value : number, or Tensor of no dimension

    Raises
    ------
    RuntimeError
        For a mask that is not bool, and for a value of several elements.
    TypeError
        For a value that is neither a number nor a tensor.
    """
    if mask.dtype.kind != "b":
        name = from_numpy(mask.dtype).name
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {_LONG_NAMES.get(name, name)}"
        )
    if is_array(value):
        if value.ndim:
            raise RuntimeError(
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.ndim} dimension(s)."
            )
    elif input.dtype.char not in "fd":
        value = number_in(value, input.dtype)
    elif type(value) in (int, float):
        return row_major(kernels_of(input).choose(mask, value, input))
    same = mask.shape == input.shape
    out = (input if same else np.broadcast_arrays(input, mask)[0]).copy(order="C")
    np.copyto(out, value, where=mask, casting="unsafe")
    return out


@masked_fill.gradient("input")
def _(grad, mask):
    return masked_fill(grad, mask, 0)


@masked_fill.gradient("value")
def _(grad, mask):
    return choose(mask, grad, 0).sum()


@masked_fill.samples
def _(make):
    yield make.sample(make(2, 3), make.booleans(2, 3), 1.5)
    yield make.sample(make(2, 3), make.booleans(3), -1)
    yield make.sample(make(3, 2).T, make.booleans(2, 1), float("-inf"), gradient=False)
    yield make.sample(make(3), make.booleans(2, 3), 0)
    yield make.sample(make(2, 3), make.booleans(2, 3), make())
    yield make.sample(make(), np.array(True), 2)
    yield make.sample(make(0, 3), make.booleans(3), 2)


@op(
    method=True,
    inplace=True,
    variant=lambda input, end, weight: f"LerpBackward{1 if is_array(weight) else 0}",
    reference=lambda x, end, weight: x + weight * (end - x),
)
def lerp(input: Tensor, end: Tensor, weight: Tensor | Number) -> Tensor:
    """Point on the line from ``input`` to ``end``, ``input + weight * (end - input)``, elementwise."""
    fits = type(weight) in (int, float) or (is_array(weight) and weight.dtype is input.dtype)
    fits = fits and input.dtype is end.dtype and input.dtype.kind == "f"
    if fits and input.shape == end.shape == getattr(weight, "shape", end.shape):
        return kernels_of(input).lerp(input, end, weight)
    check_tensors("lerp", input=input, end=end)
    for name, each in (("end", end), ("weight", weight)):
        if is_array(each) and each.dtype != input.dtype:
            raise RuntimeError(f"expected dtype {c_name(input)} for `{name}` but got dtype {c_name(each)}")
    if input.dtype.kind != "f":
        raise not_implemented(f"lerp_kernel_{'tensor' if is_array(weight) else 'scalar'}", input)
    way = end - input
    if not is_array(weight):
        return input + weight * way if abs(weight) < 0.5 else end - way * (1 - weight)
    return np.where(np.abs(weight) < 0.5, input + weight * way, end - way * (1 - weight))


@lerp.gradient("input")
def _(grad, weight):
    return grad * (1 - weight)


@lerp.gradient("end")
def _(grad, weight):
    return grad * weight


@lerp.gradient("weight")
def _(grad, input, end):
    return grad * (end - input)


@lerp.samples
def _(make):
    for a, b, c in (((3,), (3,), (3,)), ((2, 3), (3,), (2, 1)), ((), (), ()), ((0,), (1,), (0,)), ((3,), (), ())):
        yield make.sample(make(*a), make(*b), make(*c, low=0, high=1))
    yield make.sample(make(3, 2).T, make(2, 3), 0.25)
    yield make.sample(make(3), make(3), 0.75)
    yield make.sample(make(3), make(3), -2)


@op(
    method=True,
    inplace=True,
    node="NotImplemented",
    reference=lambda x, values: np.heaviside(x, values),
)
def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """Step function, elementwise: 0 below 0, ``values`` at 0, 1 above; it has no gradient."""
    check_tensors("heaviside", input=input, values=values)
    if input.dtype != values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    one = input.dtype.type(1)
    return np.where(input == 0, values, np.where(input > 0, one, input.dtype.type(0)))


def _no_derivative_of_heaviside(grad):
    raise RuntimeError("derivative for aten::heaviside is not implemented")


heaviside.gradient("input")(_no_derivative_of_heaviside)
heaviside.gradient("values")(_no_derivative_of_heaviside)


@heaviside.samples
def _(make):
    for sample in binary_samples(make):
        if is_array(sample.args[1]):
            yield sample._replace(gradient=False)
    yield make.sample(np.array([0.0, -0.0, 1.0, -1.0]), np.array([0.5]), gradient=False)


@op(
    method=True,
    inplace=True,
    variant=lambda input, other: f"CopysignBackward{0 if is_array(other) else 1}",
    reference=np.copysign,
)
def copysign(input: Tensor, other: Tensor | Number) -> Tensor:
    """Magnitude of ``input`` with the sign of ``other``, elementwise, floating; at 0 the gradient is 0."""
    check_tensors("copysign", input=input)
    x, y = promote_to_floating(input, other)
    if is_array(y) and x.shape == y.shape:
        return kernels_of(x).copysign(x, y)
    return np.copysign(x, y)


@copysign.gradient("input")
def _(grad, input, out):
    return masked_fill(grad * (out / input), input == 0, 0)


@copysign.gradient("other")
def _(grad):
    return zeros_of(grad)


@copysign.samples
def _(make):
    yield from binary_samples(make)
    yield make.sample(make(3), -2)
    yield make.sample(np.array([0.0, -0.0, 1.0]), np.array([-1.0, 1.0, -0.0]), gradient=False)
