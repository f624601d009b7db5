"""Choosing between values, elementwise: by a condition, by bounds, by a mask."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from minigrad.dtypes import from_numpy
from minigrad.ops.elementwise import zeros_of
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import cast, check_tensors, not_implemented, promote
from minigrad.ops.samples import binary_samples, elementwise_samples

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor

_LONG_NAMES = {"int64": "long int", "int32": "int", "int16": "short int", "int8": "signed char", "uint8": "unsigned char"}


@op(namespace=None, node="WhereBackward0", reference=np.where)
def choose(condition: Tensor, input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Elements of ``input`` where the condition holds, of ``other`` elsewhere: `where` with all its arguments."""
    if condition.dtype.kind != "b" and condition.dtype != np.uint8:
        title = from_numpy(condition.dtype).tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype {title}")
    if type(input) is ndarray or type(other) is ndarray:
        input, other = promote(input, other)
    else:
        input, other = _two_numbers(input, other)
    return np.where(condition, input, other)


def _two_numbers(x: Any, y: Any) -> tuple[Any, Any]:
    """Return two Python numbers as arrays of the dtype that PyTorch gives them together."""
    from minigrad.ops.promotion import common_dtype

    dtype = common_dtype(x, y)
    return np.asarray(x, dtype), np.asarray(y, dtype)


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
    for shape, left, right in (((3,), (3,), (3,)), ((2, 1), (3,), ()), ((), (2,), (2,)), ((0,), (0,), (1,)), ((), (), ())):
        yield make.sample(make.booleans(*shape), make(*left), make(*right))
    yield make.sample(make.booleans(3, 2).T, make(3, 2).T, make(2, 3))
    yield make.sample(make.booleans(3), make(3), 0)
    yield make.sample(make.booleans(3), 1.5, make(3))


@op(
    method=True,
    inplace=True,
    aliases=("clip",),
    variant=lambda input, min, max: f"ClampBackward{0 if isinstance(min, ndarray) or isinstance(max, ndarray) else 1}",
    reference=lambda x, min=None, max=None: _clamped(x, min, max),
)
def clamp(input: Tensor, min: Tensor | Number | None = None, max: Tensor | Number | None = None) -> Tensor:
    """Values brought between bounds, elementwise; where ``min > max`` the result is ``max``.

    Parameters
    ----------
    min, max : number or Tensor, optional
        Both of one kind; at least one.

    Notes
    -----
    The gradient flows to the input between the bounds and on them, elsewhere to the bound that was taken.
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    given = [each for each in (min, max) if each is not None]
    if len({isinstance(each, ndarray) for each in given}) > 1 or not all(
        isinstance(each, (ndarray, np.generic, int, float)) for each in given
    ):
        kinds = ", ".join("Tensor" if isinstance(each, ndarray) else type(each).__name__ for each in (input, min, max))
        raise TypeError(
            f"clamp() received an invalid combination of arguments - got ({kinds}), but expected two Tensors or two "
            "numbers as min and max"
        )
    x, *bounds = promote(input, *given)
    if x.dtype.kind == "b" and len(given) == 2:
        raise not_implemented("clamp_cpu", x)
    _check_bounds(x, bounds)
    return _clamped(x, None if min is None else bounds[0], None if max is None else bounds[-1])


def _clamped(x: Any, low: Any, high: Any) -> Any:
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _check_bounds(x: Any, bounds: list[Any]) -> None:
    """Refuse Python numbers as bounds that the dtype cannot hold."""
    for bound in bounds:
        if not isinstance(bound, ndarray) and x.dtype.char not in "fd":
            check_fits(bound, x.dtype)


def check_fits(value: Any, dtype: np.dtype[Any]) -> None:
    """Refuse a Python number that a dtype cannot hold.

    Raises
    ------
    RuntimeError
    """
    if dtype.kind == "f":
        fits = not math.isfinite(value) or abs(value) <= np.finfo(dtype).max
    elif dtype.kind == "b":
        fits = True
    else:
        fits = math.isfinite(value) and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max
    if not fits:
        name = {"float16": "c10::Half", "float32": "float"}.get(dtype.name, f"{dtype.name}_t")
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")


@clamp.gradient("input")
def _(grad, input, min, max):
    if min is None:
        return choose(input <= max, grad, 0)
    if max is None:
        return choose(input >= min, grad, 0)
    return choose((input >= min) & (input <= max), grad, 0)


@clamp.gradient("min")
def _(grad, input, min, max):
    return choose(input < min if max is None else (input < min) & (min < max), grad, 0)


@clamp.gradient("max")
def _(grad, input, min, max):
    return choose(input > max if min is None else (input > max) | (max < min), grad, 0)


@clamp.samples
def _(make):
    yield from _away_from_bounds(make, elementwise_samples(make), -0.75, 0.75)
    yield make.sample(np.array([-2.0, 0.5, 2.0]), max=1)
    yield make.sample(np.array([-2.0, 0.5, 2.0]), min=0)
    yield make.sample(np.array([-2.0, 0.5, 2.0]), 1, -1)
    yield make.sample(np.array([-2.0, 0.5, 2.0]), np.array([-1.0, 0.0, 0.5]), np.array([1.0, 1.0, 0.0]))
    yield make.sample(np.array([[-2.0, 0.5, 2.0]]), np.array([[-1.0], [0.0]]))
    yield make.sample(np.array([-2.0, 0.5, 2.0]), max=np.array(1.0))
    yield make.sample(np.array([-1.0, 0.0, 1.0, np.nan]), -1, 1, gradient=False)
    yield make.sample(np.array([-1.0, 0.0, 1.0, np.nan]), np.array(-1.0), np.array(1.0), gradient=False)
    yield make.sample(np.array([0.5]), float("nan"), gradient=False)


def _away_from_bounds(make: Any, samples: Any, low: float, high: float) -> Any:
    for sample in samples:
        values = sample.args[0]
        for bound in (low, high):
            values = np.where(np.abs(values - bound) < 0.05, bound + 0.1, values)
        yield make.sample(values, low, high)


def _bound_variant(name: str) -> Any:
    return lambda input, bound: f"{name}Backward{1 if isinstance(bound, ndarray) else 0}"


@op(method=True, inplace=True, variant=_bound_variant("ClampMin"), reference=np.maximum)
def clamp_min(input: Tensor, min: Tensor | Number) -> Tensor:
    """Values no less than ``min``, elementwise; the gradient flows to the input also on the bound."""
    x, low = promote(input, min)
    return np.maximum(x, low)


@clamp_min.gradient("input")
def _(grad, input, min):
    return choose(input >= min, grad, 0)


@clamp_min.gradient("min")
def _(grad, input, min):
    return choose(input < min, grad, 0)


@clamp_min.samples
def _(make):
    yield make.sample(make.apart(5), 0.1)
    yield make.sample(make.apart(2, 3), make.apart(3) + 0.03)
    yield make.sample(make.apart(3, 2).T, -1)
    yield make.sample(np.array(0.5), np.array(1.0))
    yield make.sample(make(0), 1.0)
    yield make.sample(np.array([1.0, 2.0]), 1.0, gradient=False)
    yield make.sample(np.array([1.0, 2.0]), np.array([1.0, 3.0]), gradient=False)


@op(method=True, inplace=True, variant=_bound_variant("ClampMax"), reference=np.minimum)
def clamp_max(input: Tensor, max: Tensor | Number) -> Tensor:
    """Values no greater than ``max``, elementwise; the gradient flows to the input also on the bound."""
    x, high = promote(input, max)
    return np.minimum(x, high)


@clamp_max.gradient("input")
def _(grad, input, max):
    return choose(input <= max, grad, 0)


@clamp_max.gradient("max")
def _(grad, input, max):
    return choose(input > max, grad, 0)


@clamp_max.samples
def _(make):
    yield make.sample(make.apart(5), 0.1)
    yield make.sample(make.apart(2, 3), make.apart(3) + 0.03)
    yield make.sample(make.apart(3, 2).T, -1)
    yield make.sample(np.array(0.5), np.array(1.0))
    yield make.sample(make(0), 1.0)
    yield make.sample(np.array([1.0, 2.0]), 1.0, gradient=False)
    yield make.sample(np.array([1.0, 2.0]), np.array([0.0, 2.0]), gradient=False)


@op(
    method=True,
    inplace=True,
    variant=lambda input, mask, value: f"MaskedFillBackward{1 if isinstance(value, ndarray) else 0}",
    reference=lambda x, mask, value: np.where(mask, value, x),
)
def masked_fill(input: Tensor, mask: Tensor, value: Tensor | Number) -> Tensor:
    """Copy of ``input`` with ``value`` where the mask, which broadcasts, is True.

    Parameters
    ----------
    mask : Tensor of bool
    value : number, or Tensor of no dimension
    """
    if mask.dtype.kind != "b":
        name = from_numpy(mask.dtype).name
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {_LONG_NAMES.get(name, name)}"
        )
    if isinstance(value, ndarray):
        if value.ndim:
            raise RuntimeError(
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.ndim} dimension(s)."
            )
    elif not isinstance(value, (bool, int, float, np.generic)):
        raise TypeError(f"masked_fill(): argument 'value' must be Tensor or number, not {type(value).__name__}")
    elif input.dtype.char not in "fd":
        check_fits(value, input.dtype)
    if mask.shape == input.shape:
        out = input.copy()
    else:
        out = np.array(np.broadcast_arrays(input, mask)[0], order="C")
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


@op(method=True, reference=np.maximum)
def maximum(input: Tensor, other: Tensor) -> Tensor:
    """Larger of two values, elementwise; nan where either is nan. Where they are equal each gets half the gradient."""
    check_tensors("maximum", input=input, other=other)
    return np.maximum(*promote(input, other))


@op(method=True, reference=np.minimum)
def minimum(input: Tensor, other: Tensor) -> Tensor:
    """Smaller of two values, elementwise; nan where either is nan. Where they are equal each gets half the gradient."""
    check_tensors("minimum", input=input, other=other)
    return np.minimum(*promote(input, other))


def _share_of(grad: Any, passed_over: Any, tied: Any) -> Any:
    """Return the gradient, half of it at ties, 0 where the other value was taken (for nan both count as taken)."""
    return choose(passed_over, 0, choose(tied, grad * 0.5, grad))


@maximum.gradient("input")
def _(grad, input, other):
    return _share_of(grad, input < other, input == other)


@maximum.gradient("other")
def _(grad, input, other):
    return _share_of(grad, input > other, input == other)


@minimum.gradient("input")
def _(grad, input, other):
    return _share_of(grad, input > other, input == other)


@minimum.gradient("other")
def _(grad, input, other):
    return _share_of(grad, input < other, input == other)


@op(method=True, reference=np.fmax)
def fmax(input: Tensor, other: Tensor) -> Tensor:
    """Larger of two values, elementwise; where one is nan, the other. The first gets the gradient of a tie."""
    check_tensors("fmax", input=input, other=other)
    return np.fmax(*promote(input, other))


@op(method=True, reference=np.fmin)
def fmin(input: Tensor, other: Tensor) -> Tensor:
    """Smaller of two values, elementwise; where one is nan, the other. The first gets the gradient of a tie."""
    check_tensors("fmin", input=input, other=other)
    return np.fmin(*promote(input, other))


@fmax.gradient("input")
def _(grad, input, other):
    return choose((input >= other) | (other != other), grad, 0)


@fmax.gradient("other")
def _(grad, input, other):
    return choose((input >= other) | (other != other), 0, grad)


@fmin.gradient("input")
def _(grad, input, other):
    return choose((input <= other) | (other != other), grad, 0)


@fmin.gradient("other")
def _(grad, input, other):
    return choose((input <= other) | (other != other), 0, grad)


def _extremum_samples(make: Any) -> Any:
    for left, right in (((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((3,), ()), ((), ()), ((0,), (1,)), ((1,), (2, 0))):
        yield make.sample(make.apart(*left), make.apart(*right) + 0.07)
    yield make.sample(make.apart(4, 3).T, make.apart(4) + 0.07)
    yield make.sample(np.array([1.0, 2.0, np.nan, 0.0]), np.array([1.0, np.nan, 2.0, -0.0]), gradient=False)


maximum.samples(_extremum_samples)
minimum.samples(_extremum_samples)
fmax.samples(_extremum_samples)
fmin.samples(_extremum_samples)


@op(
    method=True,
    inplace=True,
    variant=lambda input, end, weight: f"LerpBackward{1 if isinstance(weight, ndarray) else 0}",
    reference=lambda x, end, weight: x + weight * (end - x),
)
def lerp(input: Tensor, end: Tensor, weight: Tensor | Number) -> Tensor:
    """Point on the line from ``input`` to ``end``, ``input + weight * (end - input)``, elementwise."""
    check_tensors("lerp", input=input, end=end)
    for name, each in (("end", end), ("weight", weight)):
        if isinstance(each, ndarray) and each.dtype != input.dtype:
            from minigrad.ops.errors import c_name

            raise RuntimeError(f"expected dtype {c_name(input)} for `{name}` but got dtype {c_name(each)}")
    if input.dtype.kind != "f":
        raise not_implemented(f"lerp_kernel_{'tensor' if isinstance(weight, ndarray) else 'scalar'}", input)
    way = end - input
    if not isinstance(weight, ndarray):
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
    return np.where(input == 0, values, np.where(input < 0, one - one if input.dtype.kind != "b" else False, one))


def _no_derivative_of_heaviside(grad):
    raise RuntimeError("derivative for aten::heaviside is not implemented")


heaviside.gradient("input")(_no_derivative_of_heaviside)
heaviside.gradient("values")(_no_derivative_of_heaviside)


@heaviside.samples
def _(make):
    for sample in binary_samples(make):
        if isinstance(sample.args[1], ndarray):
            yield sample._replace(gradient=False)
    yield make.sample(np.array([0.0, -0.0, 1.0, -1.0]), np.array([0.5]), gradient=False)


@op(
    method=True,
    inplace=True,
    variant=lambda input, other: f"CopysignBackward{0 if isinstance(other, ndarray) else 1}",
    reference=np.copysign,
)
def copysign(input: Tensor, other: Tensor | Number) -> Tensor:
    """Magnitude of ``input`` with the sign of ``other``, elementwise, floating; the gradient is 0 where ``input`` is 0."""
    from minigrad.ops.promotion import promote_to_floating

    check_tensors("copysign", input=input)
    return np.copysign(*promote_to_floating(input, other))


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
