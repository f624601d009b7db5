"""Comparisons and logic, elementwise; the results are bool and have no gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import array_module, array_of, as_array, is_array
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import check_tensors, promote_two
from minigrad.ops.quiet import quiet
from minigrad.ops.samples import binary_samples, elementwise_samples
from minigrad.ops.shape import order_of
from minigrad.ops.state import Upper

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor

_FEW = 1024  # floats of which NumPy's logical functions ask each quickly enough whether it is 0


def _comparison_samples(make: Any) -> Any:
    yield from binary_samples(make)
    left = np.array([1.0, 2.0, np.nan, np.inf, -0.0])
    yield make.sample(left, np.array([1.0, 3.0, np.nan, np.inf, 0.0]))
    yield make.sample(left, 2)
    yield make.sample(left, 0.5)
    yield make.sample(make.integers(5), 2.5)
    yield make.sample(make.integers(5), make.integers(5))
    yield make.sample(make.booleans(5), make.integers(5))
    yield make.sample(make.booleans(5), True)


def _comparison(name: str, **options: Any) -> Any:
    """Return the decorator of a comparison; the name is that of its node where it is done in place."""

    def variant(input: Any, other: Any) -> str:
        return f"{name}Backward{int(is_array(other))}"

    return op(method=True, inplace=True, differentiable=False, variant=variant, **options)


def _checked(name: str, input: Any, other: Any) -> Any:
    if not is_array(input):
        check_tensors(name, input=input)
    return promote_two(input, other)


@_comparison("Eq", reference=np.equal)
def eq(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether ``input == other``, elementwise; nan equals nothing."""
    return np.equal(*_checked("eq", input, other))


@_comparison("Ne", aliases=("not_equal",), reference=np.not_equal)
def ne(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether ``input != other``, elementwise; nan differs from everything."""
    return np.not_equal(*_checked("ne", input, other))


@_comparison("Lt", aliases=("less",), reference=np.less)
def lt(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether ``input < other``, elementwise; False for nan."""
    return np.less(*_checked("lt", input, other))


@_comparison("Le", aliases=("less_equal",), reference=np.less_equal)
def le(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether ``input <= other``, elementwise; False for nan."""
    return np.less_equal(*_checked("le", input, other))


@_comparison("Gt", aliases=("greater",), reference=np.greater)
def gt(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether ``input > other``, elementwise; False for nan."""
    return np.greater(*_checked("gt", input, other))


@_comparison("Ge", aliases=("greater_equal",), reference=np.greater_equal)
def ge(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether ``input >= other``, elementwise; False for nan."""
    return np.greater_equal(*_checked("ge", input, other))


def _none_in_place(grad):
    """Pass nothing on through the values that a comparison in place has overwritten."""
    return grad * 0


for _function in (eq, ne, lt, le, gt, ge):
    _function.samples(_comparison_samples)
    _function.gradient("input")(_none_in_place)
    _function.gradient("other")(_none_in_place)


@op(namespace=None, differentiable=False)
def all_hold(input: Tensor) -> Tensor:
    """Whether every element is True."""
    return as_array(input.all())


@all_hold.samples
def _(make):
    yield make.sample(make.booleans(3))


@composed(method=True, reference=lambda x, y: bool(np.array_equal(x, y)))
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and equal elements; one bool."""
    _check_is_tensor("equal", other)
    mine, theirs = array_of(input), array_of(other)
    return mine.shape == theirs.shape and bool(
        (mine == theirs if mine.dtype is theirs.dtype else eq(mine, theirs)).all()
    )


def _check_is_tensor(name: str, other: Any) -> None:
    if not isinstance(other, (Upper.Tensor, ndarray)):
        raise TypeError(f"{name}(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")


@equal.samples
def _(make):
    x = make(2, 3)
    yield make.sample(x, x.copy())
    yield make.sample(x, -x)
    yield make.sample(x, x.T)
    yield make.sample(make(0), make(0))
    yield make.sample(np.array([np.nan]), np.array([np.nan]))


@op(
    method=True,
    differentiable=False,
    reference=lambda x, y, rtol=1e-5, atol=1e-8, equal_nan=False: np.isclose(x, y, rtol, atol, equal_nan),
)
@quiet
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether ``|input - other| <= atol + rtol * |other|``, elementwise; infinities are close to themselves.

    Parameters
    ----------
    rtol, atol : float
        Neither negative.
    equal_nan : bool
        Whether nan is close to nan.

    Raises
    ------
    RuntimeError
        For inputs of two dtypes, and for negative tolerances.
    """
    check_tensors("isclose", input=input, other=other)
    if input.dtype != other.dtype:
        names = [from_numpy(each.dtype).tensor_type.removesuffix("Tensor") for each in (input, other)]
        raise RuntimeError(f"{names[0]} did not match {names[1]}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value}")
    close = input == other
    if equal_nan and input.dtype.kind == "f":
        close = close | ((input != input) & (other != other))
    if rtol == 0 and atol == 0:
        return close
    if input.dtype.kind == "b":
        input, other = input.astype(np.int64), other.astype(np.int64)
    allowed = atol + np.abs(rtol * other)
    return close | (np.isfinite(input) & np.isfinite(other) & (np.abs(input - other) <= allowed))


def _close_samples(make: Any) -> Any:
    x = np.array([1.0, 1.0, np.nan, np.inf, np.inf, 0.0])
    y = np.array([1.0, 1.00001, np.nan, np.inf, -np.inf, 1e-9])
    yield make.sample(x, y)
    yield make.sample(x, y, equal_nan=True)
    yield make.sample(x, y, rtol=0.0, atol=0.0)
    yield make.sample(x, y, 0.1, 0.1)
    yield make.sample(make(2, 3), make(3))
    yield make.sample(make(0), make(0))
    yield make.sample(make(), make(), atol=10.0)


isclose.samples(_close_samples)


@composed(
    method=True,
    reference=lambda x, y, rtol=1e-5, atol=1e-8, equal_nan=False: bool(np.allclose(x, y, rtol, atol, equal_nan)),
)
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements of two tensors are close, as `isclose` says; one bool."""
    return bool(all_hold(isclose(input, other, rtol, atol, equal_nan)))


@allclose.samples
def _(make):
    yield from _close_samples(make)
    x = make(3)
    yield make.sample(x, x + 1e-9)


@op(
    differentiable=False,
    reference=lambda x, test, *, assume_unique=False, invert=False: np.isin(x, test, invert=invert),
)
def isin(
    elements: Tensor | Number,
    test_elements: Tensor | Number,
    *,
    assume_unique: bool = False,
    invert: bool = False,
) -> Tensor:
    """Whether each element is among ``test_elements``.

    Parameters
    ----------
    assume_unique : bool
        Accepted; it would only save time.
    invert : bool
        Ask whether it is not among them.

    Raises
    ------
    RuntimeError
        For bools.
    TypeError
        Where neither argument is a tensor.
    """
    for each in (elements, test_elements):
        if is_array(each) and each.dtype.kind == "b":
            raise RuntimeError("Unsupported input type encountered for isin(): Bool")
        if not is_array(each) and not isinstance(each, (bool, int, float)):
            raise TypeError(
                f"isin() received an invalid combination of arguments - got ({type(elements).__name__}, "
                f"{type(test_elements).__name__}), but expected Tensors or numbers"
            )
    among = np.isin(*promote_two(elements, test_elements))
    return ~among if invert else among


@isin.samples
def _(make):
    yield make.sample(make.integers(2, 3), make.integers(3))
    yield make.sample(make.integers(2, 3), make.integers(3), invert=True)
    yield make.sample(make.integers(4), 2)
    yield make.sample(2, make.integers(4))
    yield make.sample(np.array([1.0, 2.5]), np.array([[2.5], [3.0]]), assume_unique=True)
    yield make.sample(make(0), make(2))


def _logical_samples(make: Any) -> Any:
    for sample in binary_samples(make):
        if is_array(sample.args[1]):
            yield sample
    yield make.sample(make.booleans(4), make.booleans(4))
    yield make.sample(make.integers(4, high=2), make.booleans(4))
    yield make.sample(np.array([0.0, np.nan, -0.0, 2.0]), np.array([1.0, 1.0, 0.0, np.nan]))


def _as_truth(array: Any) -> Any:
    """Return which elements of many floats are not 0; NumPy's logical functions ask them one by one."""
    return array != 0 if array.dtype.kind == "f" and array.size > _FEW else array


@op(method=True, inplace=True, differentiable=False, reference=np.logical_and)
def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Whether both are non-zero, elementwise."""
    if not is_array(input) or not is_array(other):
        check_tensors("logical_and", input=input, other=other)
    return np.logical_and(_as_truth(input), _as_truth(other))


@op(method=True, inplace=True, differentiable=False, reference=np.logical_or)
def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Whether one is non-zero, elementwise."""
    if not is_array(input) or not is_array(other):
        check_tensors("logical_or", input=input, other=other)
    return np.logical_or(_as_truth(input), _as_truth(other))


@op(method=True, inplace=True, differentiable=False, reference=np.logical_xor)
def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Whether exactly one is non-zero, elementwise."""
    if not is_array(input) or not is_array(other):
        check_tensors("logical_xor", input=input, other=other)
    return np.logical_xor(_as_truth(input), _as_truth(other))


for _function in (logical_and, logical_or, logical_xor):
    _function.samples(_logical_samples)


@op(method=True, inplace=True, differentiable=False, reference=np.logical_not)
def logical_not(input: Tensor) -> Tensor:
    """Whether an element is zero (or False)."""
    return np.logical_not(_as_truth(input))


def _classified(make: Any) -> Any:
    yield from elementwise_samples(make)
    yield make.sample(np.array([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf]))
    yield make.sample(make.integers(3, low=-2))


@op(method=True, differentiable=False, reference=np.isnan)
def isnan(input: Tensor) -> Tensor:
    """Whether an element is nan."""
    return np.not_equal(input, input)


@op(method=True, differentiable=False, reference=np.isinf)
def isinf(input: Tensor) -> Tensor:
    """Whether an element is infinite, of either sign."""
    return np.isinf(input)


@op(method=True, differentiable=False, reference=np.isfinite)
def isfinite(input: Tensor) -> Tensor:
    """Whether an element is neither infinite nor nan."""
    return np.isfinite(input)


@op(method=True, differentiable=False, reference=lambda x: x == np.inf)
def isposinf(input: Tensor) -> Tensor:
    """Whether an element is positive infinity."""
    return np.equal(input, np.inf) if input.dtype.kind == "f" else array_module(input).zeros(input.shape, bool)


@op(method=True, differentiable=False, reference=lambda x: x == -np.inf)
def isneginf(input: Tensor) -> Tensor:
    """Whether an element is negative infinity."""
    return np.equal(input, -np.inf) if input.dtype.kind == "f" else array_module(input).zeros(input.shape, bool)


@op(method=True, differentiable=False, reference=lambda x: np.ones(np.shape(x), bool))
def isreal(input: Tensor) -> Tensor:
    """Whether an element is a real number; all are."""
    return np.ones_like(input, bool, order=order_of(input))


@op(method=True, differentiable=False, reference=lambda x: np.signbit(x) if x.dtype.kind == "f" else x < 0)
def signbit(input: Tensor) -> Tensor:
    """Whether the sign bit is set: True also for -0.0."""
    if input.dtype.kind == "b":
        return np.zeros_like(input)
    return np.signbit(input) if input.dtype.kind == "f" else np.less(input, 0)


for _function in (logical_not, isnan, isinf, isfinite, isposinf, isneginf, isreal, signbit):
    _function.samples(_classified)
