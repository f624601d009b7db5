"""Bringing values between bounds, elementwise, and taking the larger or the smaller of two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import is_array, kernels_of
from minigrad.ops.op import op
from minigrad.ops.promotion import check_fits, check_tensors, not_implemented, promote, promote_tensors, promote_two
from minigrad.ops.samples import elementwise_samples
from minigrad.ops.select import choose

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor

_NUMBERS = frozenset((int, float))
_PLAIN = _NUMBERS | {type(None)}
_LEAST, _MOST = -(2**63), 2**63 - 1


@op(
    method=True,
    inplace=True,
    aliases=("clip",),
    variant=lambda input, min, max: f"ClampBackward{0 if is_array(min) or is_array(max) else 1}",
    reference=lambda x, min=None, max=None: _clamped(x, min, max),
)
def clamp(input: Tensor, min: Tensor | Number | None = None, max: Tensor | Number | None = None) -> Tensor:
    """Values brought between bounds, elementwise; where ``min > max`` the result is ``max``.

    Parameters
    ----------
    min, max : number or Tensor, optional
        Both of one kind; at least one.

    Raises
    ------
    RuntimeError
        Without bounds, and for bools.
    TypeError
        For a number and a tensor as bounds.

    Notes
    -----
    The gradient flows to the input between the bounds and on them, elsewhere to the bound that was taken.
    """
    if type(min) in _PLAIN and type(max) in _PLAIN and min is not max:
        if input.dtype.char in "fd":
            return kernels_of(input).clip(input, -math.inf if min is None else min, math.inf if max is None else max)
        if input.dtype.char == "l" and _is_int64(min) and _is_int64(max):
            return kernels_of(input).clip(input, _LEAST if min is None else min, _MOST if max is None else max)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    given = [each for each in (min, max) if each is not None]
    if len({is_array(each) for each in given}) > 1 or not all(
        is_array(each) or isinstance(each, (np.generic, int, float)) for each in given
    ):
        kinds = ", ".join("Tensor" if is_array(each) else type(each).__name__ for each in (input, min, max))
        raise TypeError(
            f"clamp() received an invalid combination of arguments - got ({kinds}), but expected two Tensors or two "
            "numbers as min and max"
        )
    check_tensors("clamp", input=input)
    x, *bounds = promote(input, *given)
    if x.dtype.kind == "b" and len(given) == 2:
        raise not_implemented("clamp_cpu", x)
    _check_bounds(x, bounds)
    return _clamped(x, None if min is None else bounds[0], None if max is None else bounds[-1])


def _is_int64(bound: Any) -> bool:
    return bound is None or (type(bound) is int and _LEAST <= bound <= _MOST)


def _clamped(x: Any, low: Any, high: Any) -> Any:
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _check_bounds(x: Any, bounds: list[Any]) -> None:
    """Refuse Python numbers as bounds that the dtype cannot hold."""
    for bound in bounds:
        if not is_array(bound) and x.dtype.char not in "fd":
            check_fits(bound, x.dtype)


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
    return lambda input, bound: f"{name}Backward{1 if is_array(bound) else 0}"


@op(method=True, inplace=True, variant=_bound_variant("ClampMin"), reference=np.maximum)
def clamp_min(input: Tensor, min: Tensor | Number) -> Tensor:
    """Values no less than ``min``, elementwise; the gradient flows to the input also on the bound."""
    check_tensors("clamp_min", input=input)
    if type(min) in _NUMBERS and input.dtype.char in "fd":
        return kernels_of(input).clip(input, min, math.inf)
    x, low = promote_two(input, min)
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
    check_tensors("clamp_max", input=input)
    if type(max) in _NUMBERS and input.dtype.char in "fd":
        return kernels_of(input).clip(input, -math.inf, max)
    x, high = promote_two(input, max)
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


@op(method=True, reference=np.maximum)
def maximum(input: Tensor, other: Tensor) -> Tensor:
    """Larger of two values, elementwise; nan where either is nan. Where they are equal each gets half the gradient."""
    return np.maximum(*promote_tensors("maximum", input, other))


@op(method=True, reference=np.minimum)
def minimum(input: Tensor, other: Tensor) -> Tensor:
    """Smaller of two values, elementwise; nan where either is nan. Where they are equal each gets half the gradient."""
    return np.minimum(*promote_tensors("minimum", input, other))


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
    return np.fmax(*promote_tensors("fmax", input, other))


@op(method=True, reference=np.fmin)
def fmin(input: Tensor, other: Tensor) -> Tensor:
    """Smaller of two values, elementwise; where one is nan, the other. The first gets the gradient of a tie."""
    return np.fmin(*promote_tensors("fmin", input, other))


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
    for left, right in (
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((3,), ()),
        ((), ()),
        ((0,), (1,)),
        ((1,), (2, 0)),
    ):
        yield make.sample(make.apart(*left), make.apart(*right) + 0.07)
    yield make.sample(make.apart(4, 3).T, make.apart(4) + 0.07)
    yield make.sample(np.array([1.0, 2.0, np.nan, 0.0]), np.array([1.0, np.nan, 2.0, -0.0]), gradient=False)


maximum.samples(_extremum_samples)
minimum.samples(_extremum_samples)
fmax.samples(_extremum_samples)
fmin.samples(_extremum_samples)
