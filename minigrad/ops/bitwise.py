"""Logic on the bits of integers, and of bools, elementwise; nothing here has a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import is_array
from minigrad.ops.op import op
from minigrad.ops.promotion import not_implemented, promote_tensors, promote_two

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _combine(ufunc: Any, name: str, refused: str, x: Any, y: Any) -> Any:
    x, y = promote_two(x, y)
    array = x if is_array(x) else y
    if array.dtype.kind in refused:
        raise not_implemented(name, array)
    return ufunc(x, y)


@op(method=True, inplace=True, differentiable=False, reference=np.bitwise_and)
def bitwise_and(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Bits set in both, elementwise; the conjunction of bools."""
    return _combine(np.bitwise_and, "bitwise_and_cpu", "f", input, other)


@op(method=True, inplace=True, differentiable=False, reference=np.bitwise_or)
def bitwise_or(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Bits set in at least one, elementwise; the disjunction of bools."""
    return _combine(np.bitwise_or, "bitwise_or_cpu", "f", input, other)


@op(method=True, inplace=True, differentiable=False, reference=np.bitwise_xor)
def bitwise_xor(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Bits set in exactly one, elementwise; the exclusive disjunction of bools."""
    return _combine(np.bitwise_xor, "bitwise_xor_cpu", "f", input, other)


@op(method=True, inplace=True, differentiable=False, reference=np.invert)
def bitwise_not(input: Tensor) -> Tensor:
    """Every bit turned over, ``-1 - input`` for signed integers; the negation of bools."""
    if input.dtype.kind == "f":
        raise not_implemented("bitwise_not_cpu", input)
    return np.invert(input)


@op(method=True, inplace=True, differentiable=False, reference=np.left_shift)
def bitwise_left_shift(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Bits moved ``other`` places up, ``input * 2 ** other``, elementwise; 0 for shifts out of range."""
    return _combine(np.left_shift, "lshift_cpu", "fb", input, other)


@op(method=True, inplace=True, differentiable=False, reference=np.right_shift)
def bitwise_right_shift(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """Bits moved ``other`` places down, rounding down, elementwise; 0 (-1 below 0) for shifts out of range."""
    return _combine(np.right_shift, "rshift_cpu", "fb", input, other)


def _integer_pairs(make: Any) -> Any:
    for left, right in (((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((3,), ()), ((), ()), ((0,), (1,))):
        yield make.sample(make.integers(*left, low=-5), make.integers(*right))
    yield make.sample(make.integers(3, 2, low=-5).T, 2)
    yield make.sample(5, make.integers(3))
    yield make.sample(make.integers(3).astype(np.uint8), make.integers(3).astype(np.int8))


for _function in (bitwise_and, bitwise_or, bitwise_xor):

    @_function.samples
    def _(make):
        yield from _integer_pairs(make)
        yield make.sample(make.booleans(4), make.booleans(4))
        yield make.sample(make.booleans(4), make.integers(4))
        yield make.sample(make.booleans(4), True)


for _function in (bitwise_left_shift, bitwise_right_shift):

    @_function.samples
    def _(make):
        yield from _integer_pairs(make)
        yield make.sample(np.array([1, -1, 5]), np.array([64, 70, 63]))
        yield make.sample(np.array([1, 2, -4]), -1)


@bitwise_not.samples
def _(make):
    yield make.sample(make.integers(2, 3, low=-5))
    yield make.sample(make.integers(3, 2).T.astype(np.uint8))
    yield make.sample(make.booleans(4))
    yield make.sample(np.array(5))
    yield make.sample(np.zeros(0, np.int64))


def _two_integers(ufunc: Any, name: str, input: Any, other: Any) -> Any:
    x, y = promote_tensors(name, input, other)
    if x.dtype.kind in "fb":
        raise not_implemented(f"{name}_cpu", x)
    return ufunc(x, y)


@op(method=True, inplace=True, differentiable=False, reference=np.gcd)
def gcd(input: Tensor, other: Tensor) -> Tensor:
    """Greatest common divisor of integers, elementwise, never negative; of 0 and n it is n."""
    return _two_integers(np.gcd, "gcd", input, other)


@op(method=True, inplace=True, differentiable=False, reference=np.lcm)
def lcm(input: Tensor, other: Tensor) -> Tensor:
    """Least common multiple of integers, elementwise, never negative; of 0 and n it is 0."""
    return _two_integers(np.lcm, "lcm", input, other)


for _function in (gcd, lcm):

    @_function.samples
    def _(make):
        for sample in _integer_pairs(make):
            if all(is_array(each) for each in sample.args):
                yield sample
        yield make.sample(np.array([12, -18, 0, 7]), np.array([18, 12, 5, 0]))
