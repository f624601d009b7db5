"""Signs, magnitudes and rounding, elementwise."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.compare import isfinite
from minigrad.ops.elementwise import zeros_of
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_floating, not_implemented, promote_tensors, to_floating
from minigrad.ops.quiet import quiet
from minigrad.ops.samples import elementwise_samples
from minigrad.ops.select import choose

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _signed_samples(make: Any) -> Any:
    for shape in ((5,), (2, 3), (), (0,)):
        yield make.sample(make.apart(*shape))
    yield make.sample(make.apart(4, 3).T)
    yield make.sample(np.array([0.0, -0.0, np.nan, np.inf, -np.inf]), gradient=False)
    yield make.sample(make.integers(4, low=-3))


@op(method=True, inplace=True, aliases=("absolute",), reference=np.abs)
def abs(input: Tensor) -> Tensor:
    """Magnitude, elementwise; its gradient at 0 is 0. Not for bools."""
    if input.dtype.kind == "b":
        raise not_implemented("abs_cpu", input)
    return np.abs(input)


@abs.gradient
def _(grad, input):
    return grad * sgn(input)


abs.samples(_signed_samples)


def _sign(x: Any) -> Any:
    if x.dtype.kind == "b":
        return x.copy()
    return kernels_of(x).sign(x) if x.dtype.kind == "f" else np.sign(x)


def _reference_sign(x: Any) -> Any:
    return np.nan_to_num(np.sign(x)).astype(x.dtype)


@op(method=True, inplace=True, reference=_reference_sign)
def sign(input: Tensor) -> Tensor:
    """Sign, elementwise: -1, 0 or 1; 0 also for nan. The gradient is 0."""
    return _sign(input)


@op(method=True, inplace=True, reference=_reference_sign)
def sgn(input: Tensor) -> Tensor:
    """Sign, elementwise, as `sign`; the two differ for complex numbers only. The gradient is 0."""
    return _sign(input)


@op(method=True, reference=lambda x: np.where(np.isnan(x), x, np.where(x < 0, np.pi, 0.0)))
def angle(input: Tensor) -> Tensor:
    """Angle in the complex plane, elementwise: pi below 0, 0 elsewhere, nan for nan. The gradient is 0."""
    x = to_floating(input)
    return np.where(x != x, x, np.where(x < 0, x.dtype.type(np.pi), x.dtype.type(0)))


for _function in (sign, sgn, angle):
    _function.samples(_signed_samples)

    @_function.gradient
    def _(grad):
        return zeros_of(grad)


def _step(name: str, ufunc: Any, x: Any) -> Any:
    if x.dtype.kind == "b":
        raise not_implemented(f"{name}_vml_cpu", x)
    return ufunc(x) if x.dtype.kind == "f" else x.copy()


@op(method=True, inplace=True, reference=np.floor)
def floor(input: Tensor) -> Tensor:
    """Largest integer not above, elementwise; the gradient is 0."""
    return _step("floor", np.floor, input)


@op(method=True, inplace=True, reference=np.ceil)
def ceil(input: Tensor) -> Tensor:
    """Smallest integer not below, elementwise; the gradient is 0."""
    return _step("ceil", np.ceil, input)


@op(method=True, inplace=True, aliases=("fix",), reference=np.trunc)
def trunc(input: Tensor) -> Tensor:
    """Integer part, elementwise, rounding towards zero; the gradient is 0."""
    return _step("trunc", np.trunc, input)


@op(
    method=True,
    inplace=True,
    variant=lambda input, decimals: f"RoundBackward{1 if decimals else 0}",
    reference=lambda x, *, decimals=0: np.round(x, decimals),
)
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Nearest number of so many decimals, elementwise; halves go to the even neighbour. The gradient is 0.

    Parameters
    ----------
    decimals : int
        Digits to keep after the point; negative ones round before it.
    """
    if not decimals:
        return _step("round", np.rint, input)
    check_floating("round_cpu", input)
    scale = input.dtype.type(10.0 ** (decimals if decimals > 0 else -decimals))
    return _round_scaled(input, scale, decimals > 0)


@quiet
def _round_scaled(x: Any, scale: Any, up: bool) -> Any:
    return np.rint(x * scale) / scale if up else np.rint(x / scale) * scale


for _function in (floor, ceil, trunc, round):

    @_function.gradient
    def _(grad):
        return zeros_of(grad)

    @_function.samples
    def _(make):
        yield from _signed_samples(make)
        yield make.sample(np.array([0.5, 1.5, -0.5, -1.5, 2.4999]), gradient=False)


@round.samples
def _(make):
    yield from _signed_samples(make)
    yield make.sample(np.array([0.5, 1.5, -0.5, -1.5, 2.4999]), gradient=False)
    yield make.sample(make.apart(5), decimals=1, gradient=False)
    yield make.sample(make(5, low=-90, high=90), decimals=-1)
    yield make.sample(make(5, low=-90, high=90), decimals=2, gradient=False)


@op(method=True, inplace=True, reference=lambda x: x - np.trunc(x))
def frac(input: Tensor) -> Tensor:
    """Part after the point, ``input - trunc(input)``, elementwise; floating only. The gradient is 1."""
    check_floating("frac_cpu", input)
    return kernels_of(input).frac(input)


@frac.gradient
def _(grad):
    return grad


@frac.samples
def _(make):
    for shape in ((5,), (2, 3), (), (0,)):
        yield make.sample(make.apart(*shape) + 0.03)


@op(
    method=True,
    inplace=True,
    reference=lambda x, nan=None, posinf=None, neginf=None: np.nan_to_num(
        x, nan=nan or 0.0, posinf=posinf, neginf=neginf
    ),
)
def nan_to_num(
    input: Tensor, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Copy in which nan and infinities are replaced, by default with 0 and the largest and smallest finite numbers.

    Parameters
    ----------
    nan, posinf, neginf : float, optional
        What stands for them in the result.

    Notes
    -----
    The gradient is 0 where something was replaced.
    """
    if input.dtype.kind != "f":
        return input.copy()
    largest = _largest(input.dtype)
    above, below = largest if posinf is None else posinf, -largest if neginf is None else neginf
    return kernels_of(input).made_finite(input, 0.0 if nan is None else nan, above, below)


@functools.cache
def _largest(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).max)


@nan_to_num.gradient
def _(grad, input):
    return choose(isfinite(input), grad, 0)


@nan_to_num.samples
def _(make):
    yield from elementwise_samples(make)
    wild = np.array([1.0, np.nan, np.inf, -np.inf])
    yield make.sample(wild, gradient=False)
    yield make.sample(wild, 1.5, 2.5, -3.5, gradient=False)
    yield make.sample(wild, posinf=7.0, gradient=False)
    yield make.sample(make.integers(3))


@composed(method=True, reference=lambda x: +x)
def positive(input: Tensor) -> Tensor:
    """Return the tensor itself, as Python's unary ``+``; not for bools."""
    if str(input.dtype).endswith("bool"):
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@positive.samples
def _(make):
    yield make.sample(make(2, 3))
    yield make.sample(make.integers(3))


@op(method=True, outputs=("mantissa", "exponent"), reference=np.frexp)
def frexp(input: Tensor) -> tuple[Tensor, Tensor]:
    """Mantissa of magnitude in [0.5, 1) and int32 exponent, with ``input == mantissa * 2 ** exponent``."""
    if input.dtype.kind != "f":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    mantissa, exponent = np.frexp(input)
    return mantissa, np.where(np.isfinite(input), exponent, np.int32(0))


@frexp.gradient
def _(grads, exponent):
    return grads[0] / 2.0**exponent


@frexp.samples
def _(make):
    yield from elementwise_samples(make, low=0.55, high=0.95)
    yield make.sample(np.array([5.0, -3.0, 20.0]))
    yield make.sample(np.array([0.0, np.inf, np.nan]), gradient=False)


@op(method=True, inplace=True, reference=np.nextafter)
def nextafter(input: Tensor, other: Tensor) -> Tensor:
    """Next number that the dtype has after ``input`` in the direction of ``other``, elementwise.

    The gradient flows to ``input``, save where the two are equal.
    """
    x, y = promote_tensors("nextafter", input, other)
    check_floating("nextafter_cpu", x)
    return np.nextafter(x, y)


@nextafter.gradient("input")
def _(grad, input, other):
    return choose(input == other, 0, grad)


@nextafter.gradient("other")
def _(grad):
    return zeros_of(grad)


@nextafter.samples
def _(make):
    yield make.sample(np.array([1.0, 2.5, 0.0, np.inf, 3.0]), np.array([2.0, -1.0, 1.0, 0.0, 3.0]), gradient=False)
    yield make.sample(make(2, 3), make(3), gradient=False)
