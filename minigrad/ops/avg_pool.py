"""The mean of each window: average pooling and its even form, and pooling by other power means."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad import dtypes
from minigrad.ops import window_references as references
from minigrad.ops.backend import array_of
from minigrad.ops.max_pool import max_pool1d, max_pool2d, max_pool3d
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.pool import find_even_windows, find_windows, mean_pool, per_dim
from minigrad.ops.promotion import not_implemented
from minigrad.ops.reduce import mean

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _pool(
    input: Any,
    rank: int,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    """Return ``avg_pool1d``, ``2d`` or ``3d``."""
    if divisor == 0:
        raise RuntimeError("divisor must be not zero")
    name, node = _NAMES[rank]
    windows = find_windows(name, input.shape, rank, kernel, stride, padding, 1, ceil_mode, bool(count_include_pad))
    if not (input.dtype.is_floating_point or input.dtype is dtypes.int64) or (rank == 3 and input.dtype.itemsize == 2):
        raise not_implemented("avg_pool3d_out_frame" if rank == 3 else "avg_pool2d", array_of(input))
    return named(mean_pool(input, windows, divisor or 0), node)


_NAMES = {
    1: ("avg_pool1d", "SqueezeBackward1"),
    2: ("avg_pool2d", "AvgPool2DBackward0"),
    3: ("avg_pool3d", "AvgPool3DBackward0"),
}


@composed(reference=references.avg_pool(1))
def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Mean of each window of a signal.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, length), with or without the batch
    kernel_size, stride, padding : int
        Size of the windows, the steps between them (by default the size), and the border of zeros around the input.
    ceil_mode : bool
        Whether the last window may reach over the end; what lies beyond the border does not count.
    count_include_pad : bool
        Whether the border counts.
    """
    return _pool(input, 1, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@avg_pool1d.samples
def _(make):
    yield make.sample(make(2, 3, 7), 3, 2, 1)
    yield make.sample(make(3, 8), 3, None, 1, True, False)
    yield make.sample(make(6, 2).T, 2)


@composed(namespace="functional", reference=references.avg_pool(2))
def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Mean of each window of an image.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, height, width), with or without the batch
    kernel_size, stride, padding : int or (int, int)
        Size of the windows, the steps between them (by default the size), and the border of zeros around the input.
    ceil_mode : bool
        Whether the last window may reach over the end; what lies beyond the border does not count.
    count_include_pad : bool
        Whether the border counts.
    divisor_override : int, optional
        What the sums are divided by, instead of how many there are.
    """
    return _pool(input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@avg_pool2d.samples
def _(make):
    yield make.sample(make(2, 3, 4, 6), 2)
    yield make.sample(make(2, 2, 7, 6), (3, 2), (2, 1), (1, 0), True)
    yield make.sample(make(2, 6, 7), 3, 2, 1, count_include_pad=False)
    yield make.sample(make(1, 2, 5, 5), 3, 2, 1, ceil_mode=True, divisor_override=5)


@composed(namespace="functional", reference=references.avg_pool(3))
def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Mean of each window of a volume.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, depth, height, width), with or without the batch
    kernel_size, stride, padding : int or three
        Size of the windows, the steps between them (by default the size), and the border of zeros around the input.
    ceil_mode : bool
        Whether the last window may reach over the end; what lies beyond the border does not count.
    count_include_pad : bool
        Whether the border counts.
    divisor_override : int, optional
        What the sums are divided by, instead of how many there are.
    """
    return _pool(input, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@avg_pool3d.samples
def _(make):
    yield make.sample(make(1, 2, 4, 4, 5), 2)
    yield make.sample(make(2, 3, 5, 4), (2, 3, 2), (1, 2, 1), (1, 1, 0), True, False)


def _adaptive(input: Any, rank: int, output_size: Any) -> Any:
    """Return ``adaptive_avg_pool1d``, ``2d`` or ``3d``."""
    name = f"adaptive_avg_pool{rank}d"
    windows = find_even_windows(name, input.shape, rank, output_size)
    is_one = rank > 1 and windows.out == (1,) * rank
    if not input.dtype.is_floating_point:
        if is_one:
            return mean(input, tuple(range(-rank, 0)), True)  # which refuses it in words of its own
        raise not_implemented("adaptive_avg_pool3d_cpu" if rank == 3 else "adaptive_avg_pool2d", array_of(input))
    node = "MeanBackward1" if is_one else "SqueezeBackward1" if rank == 1 else f"AdaptiveAvgPool{rank}DBackward0"
    return named(mean_pool(input, windows, 0), node)


@composed(reference=references.adaptive_avg_pool(1))
def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Mean of each of so many windows that cover a signal evenly.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, length), with or without the batch
    output_size : int
        How many windows along each dimension; None for as many as there are elements.
    """
    return _adaptive(input, 1, output_size)


@adaptive_avg_pool1d.samples
def _(make):
    yield make.sample(make(2, 3, 7), 3)
    yield make.sample(make(2, 5), 7)
    yield make.sample(make(2, 5), 1)


@composed(namespace="functional", reference=references.adaptive_avg_pool(2))
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Mean of each of so many windows that cover an image evenly.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, height, width), with or without the batch
    output_size : int or (int or None, int or None)
        How many windows along each dimension; None for as many as there are elements.
    """
    return _adaptive(input, 2, output_size)


@adaptive_avg_pool2d.samples
def _(make):
    yield make.sample(make(2, 2, 5, 7), (2, 3))
    yield make.sample(make(2, 5, 4), (None, 1))
    yield make.sample(make(1, 2, 3, 3), 5)
    yield make.sample(make(2, 2, 3, 4), 1)


@composed(namespace="functional", reference=references.adaptive_avg_pool(3))
def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Mean of each of so many windows that cover a volume evenly.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, depth, height, width), with or without the batch
    output_size : int, three, or None among them
        How many windows along each dimension; None for as many as there are elements.
    """
    return _adaptive(input, 3, output_size)


@adaptive_avg_pool3d.samples
def _(make):
    yield make.sample(make(1, 2, 3, 4, 5), (2, None, 1))
    yield make.sample(make(2, 3, 2, 2), 1)


def _lp(input: Any, rank: int, norm_type: Any, kernel: Any, stride: Any, ceil_mode: bool) -> Any:
    """Return ``lp_pool1d``, ``2d`` or ``3d``."""
    name = f"lp_pool{rank}d"
    size = per_dim(name, "kernel_size", kernel, rank)
    if norm_type in (math.inf, -math.inf):
        pool, sign = (max_pool1d, max_pool2d, max_pool3d)[rank - 1], 1 if norm_type > 0 else -1
        out = pool(-input.abs() if sign < 0 else input.abs(), kernel, stride, 0, 1, ceil_mode)
        return -out if sign < 0 else out
    means = (avg_pool1d, avg_pool2d, avg_pool3d)[rank - 1](input.pow(norm_type), kernel, stride, 0, ceil_mode)
    return (means.sign() * means.abs().relu()).mul(math.prod(size)).pow(1.0 / norm_type)


def _lp_reference(rank: int) -> Any:
    pool, largest = references.avg_pool(rank), references.max_pool(rank)

    def reference(x: Any, norm_type: Any, kernel: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
        if norm_type in (math.inf, -math.inf):
            sign = 1 if norm_type > 0 else -1
            return largest(sign * abs(x), kernel, stride, ceil_mode=ceil_mode) * sign
        count = math.prod(references.per_dim(kernel, rank))
        return (pool(x**norm_type, kernel, stride, 0, ceil_mode) * count) ** (1 / norm_type)

    return reference


@composed(namespace="functional", reference=_lp_reference(1))
def lp_pool1d(
    input: Tensor, norm_type: int | float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """``sum(x**p) ** (1 / p)`` over each window of a signal.

    Parameters
    ----------
    norm_type : number
        The power ``p``; infinity for the largest absolute value, minus infinity for the smallest.
    kernel_size, stride : int
        Size of the windows, and the steps between them (by default the size).
    ceil_mode : bool
        Whether the last window may reach over the end.
    """
    return _lp(input, 1, norm_type, kernel_size, stride, ceil_mode)


@lp_pool1d.samples
def _(make):
    yield make.sample(make(2, 3, 7, low=0.5), 2.0, 3, 2)


@composed(namespace="functional", reference=_lp_reference(2))
def lp_pool2d(
    input: Tensor, norm_type: int | float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """``sum(x**p) ** (1 / p)`` over each window of an image.

    Parameters
    ----------
    norm_type : number
        The power ``p``; infinity for the largest absolute value, minus infinity for the smallest.
    kernel_size, stride : int or (int, int)
        Size of the windows, and the steps between them (by default the size).
    ceil_mode : bool
        Whether the last window may reach over the end.
    """
    return _lp(input, 2, norm_type, kernel_size, stride, ceil_mode)


@lp_pool2d.samples
def _(make):
    yield make.sample(make(2, 2, 5, 4, low=0.5), 2, 2)
    yield make.sample(make(2, 5, 4, low=0.5), 1.5, (2, 3), 1, True)
    yield make.sample(make.apart(1, 1, 4, 4), math.inf, 2)
    yield make.sample(make.apart(1, 4, 4), -math.inf, 2)


@composed(namespace="functional", reference=_lp_reference(3))
def lp_pool3d(
    input: Tensor, norm_type: int | float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """``sum(x**p) ** (1 / p)`` over each window of a volume.

    Parameters
    ----------
    norm_type : number
        The power ``p``; infinity for the largest absolute value, minus infinity for the smallest.
    kernel_size, stride : int or three
        Size of the windows, and the steps between them (by default the size).
    ceil_mode : bool
        Whether the last window may reach over the end.
    """
    return _lp(input, 3, norm_type, kernel_size, stride, ceil_mode)


@lp_pool3d.samples
def _(make):
    yield make.sample(make(1, 2, 2, 4, 3, low=0.5), 3.0, 2)
