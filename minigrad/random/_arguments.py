"""What the drawing functions make of their arguments, and the errors for what they cannot use."""

from __future__ import annotations

import functools
import math
import operator
import warnings
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.creation import on_device
from minigrad.ops.errors import c_type
from minigrad.ops.out import write_out
from minigrad.random.discrete import largest_integer
from minigrad.random.stream import Array
from minigrad.tensor import Tensor

_LARGEST = {np.dtype(each): float(np.finfo(each).max) for each in (np.float16, np.float32, np.float64)}


def title(dtype: np.dtype[Any]) -> str:
    """Return PyTorch's other name of a dtype: Float, Long, ..."""
    return dtypes.from_numpy(dtype).tensor_type.removesuffix("Tensor")


def shape_of(name: str, size: tuple[Any, ...], named: Any, position: int = 1) -> tuple[int, ...]:
    """Return a shape given as numbers, as one sequence, or as ``size=``.

    Raises
    ------
    TypeError
        For no size, two sizes, or what is no integer.
    RuntimeError
        For a negative length.
    """
    if named is not None:
        if size:
            raise TypeError(f"{name}() got the size twice: {size} and size={named}")
        size = tuple(named) if isinstance(named, (tuple, list)) else (named,)
    elif not size:
        raise TypeError(f"{name}() received no size: give the lengths of the dimensions, or () for a single number")
    elif len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    shape: tuple[int, ...] = size
    for length in shape:
        if type(length) is not int:
            shape = tuple([integer(name, "size", each, position, "tuple of ints") for each in shape])
            break
    if shape and min(shape) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    return shape


def integer(name: str, argument: str, value: Any, position: int, wanted: str = "int") -> int:
    """Return an integer argument as an int.

    Raises
    ------
    TypeError
        For another type.
    ValueError
        For an integer that does not fit into 64 bits.
    """
    try:
        found = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be {wanted}, not {type(value).__name__}"
        ) from None
    if not -(2**63) <= found < 2**63:
        raise ValueError(f"Overflow when unpacking long long: {name}() was given {argument}={found}")
    return found


def real(name: str, argument: str, value: Any, position: int) -> float:
    """Return a real argument as a float.

    Raises
    ------
    TypeError
        For what is no number, and no tensor of one element.
    """
    if isinstance(value, (int, float, np.generic)) or (isinstance(value, Tensor) and value.numel() == 1):
        return float(value)
    raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be float, not {type(value).__name__}")


def finish(name: str, array: Array, out: Tensor | None, device: Any, requires_grad: bool) -> Tensor:
    """Return drawn values as a tensor, written into ``out`` where there is one."""
    made = Tensor._wrap(on_device(array, device))
    if out is not None:
        made = write_out(name, out, made)
    if requires_grad:
        if array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        made.requires_grad = True
    return made


def check_floating(dtype: np.dtype[Any], kernel: str) -> None:
    """Refuse to draw from a continuous distribution into integers."""
    if dtype.kind != "f":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{title(dtype)}'")


def check_uniform(low: float, high: float, dtype: np.dtype[Any]) -> None:
    """Refuse bounds that ``uniform_`` cannot draw between."""
    check_floating(dtype, "check_uniform_bounds")
    largest = _LARGEST[dtype]
    for bound, value in (("from", low), ("to", high)):
        if not -largest <= value <= largest:
            raise RuntimeError(f"{bound} is out of bounds for {c_type(dtype)}: it is {value:g}")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    if high - low > largest:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{title(dtype)}>::max(), but found to={high:g} and "
            f"from={low:g} which result in to-from to exceed the limit"
        )


def check_std(std: float) -> None:
    """Refuse a negative standard deviation."""
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")


def check_probability(p: float) -> None:
    """Refuse a number that is no probability."""
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")


def check_range(low: int, high: int, dtype: np.dtype[Any]) -> None:
    """Refuse integers low to high - 1 that a dtype does not hold, and warn of those that it holds inexactly."""
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    smallest, largest, exact = _range_of(dtype)
    if (
        smallest <= low
        and high - 1 <= largest
        and (dtype.kind != "f" or (abs(low) <= exact and abs(high - 1) <= exact))
    ):
        return
    for bound, value in (("from", low), ("to - 1", high - 1)):
        if not smallest <= value <= largest:
            raise RuntimeError(f"{bound} is out of bounds for {c_type(dtype)}: it is {value}")
        if dtype.kind == "f" and abs(value) > exact:
            digits = int(math.log2(exact))
            warnings.warn(
                f"{bound} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations "
                f"{c_type(dtype)} can support discrete uniform distribution only within this range.",
                stacklevel=4,
            )


@functools.cache
def _range_of(dtype: np.dtype[Any]) -> tuple[float, float, int]:
    """Return a dtype's smallest and largest number, and the largest integer that it holds along with all smaller."""
    exact = largest_integer(dtype)
    if dtype.kind == "f":
        return -_LARGEST[dtype], _LARGEST[dtype], exact
    return (0 if dtype.kind in "bu" else -exact - 1), exact, exact
