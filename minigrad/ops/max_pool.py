"""The largest element of each window: max pooling, its even form, and its inverse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad import dtypes
from minigrad.ops import window_references as references
from minigrad.ops.backend import array_of
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.pool import find_even_windows, find_windows, max_pool_indices, max_pool_values
from minigrad.ops.promotion import not_implemented

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _pool(
    input: Any,
    rank: int,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    """Return ``max_pool1d``, ``2d`` or ``3d``."""
    name, node = _NAMES[rank]
    windows = find_windows(name, input.shape, rank, kernel, stride, padding, dilation, ceil_mode, True)
    _check_dtype(name if rank > 1 or return_indices else "max_pool1d_impl", input, rank == 1 and not return_indices)
    return _of_windows(input, windows, node, return_indices)


_NAMES = {
    1: ("max_pool1d", "SqueezeBackward1"),
    2: ("max_pool2d", "MaxPool2DWithIndicesBackward0"),
    3: ("max_pool3d", "MaxPool3DWithIndicesBackward0"),
}


def _of_windows(input: Any, windows: Any, node: str, return_indices: bool) -> Any:
    if not return_indices:
        return named(max_pool_values(input, windows), node)
    values, indices = max_pool_indices(input, windows)
    return named(values, node), indices


def _check_dtype(name: str, input: Any, only_floating: bool) -> None:
    dtype = input.dtype
    if dtype is dtypes.bool or (only_floating and not dtype.is_floating_point):
        raise not_implemented(name, array_of(input))


@composed(namespace="functional", reference=references.max_pool(1))
def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest element of each window of a signal.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, length), with or without the batch
    kernel_size, stride, padding, dilation : int
        Size of the windows, the steps between them (by default the size), the border around the input, which is never
        the largest, and the steps within the windows.
    ceil_mode : bool
        Whether the last window may reach over the end.
    return_indices : bool
        Whether to return, too, where each maximum was: its number among the elements of the channel.
    """
    return _pool(input, 1, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@max_pool1d.samples
def _(make):
    yield make.sample(make.apart(2, 3, 7), 3, 2, 1)
    yield make.sample(make.apart(3, 8), 2, 1, 0, 3, True)
    yield make.sample(make.apart(2, 2, 5), 2, ceil_mode=True, return_indices=True)
    yield make.sample(make.apart(6, 2).T, 2)


@composed(namespace="functional", reference=references.max_pool(2))
def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest element of each window of an image.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, height, width), with or without the batch
    kernel_size, stride, padding, dilation : int or (int, int)
        Size of the windows, the steps between them (by default the size), the border around the input, which is never
        the largest, and the steps within the windows.
    ceil_mode : bool
        Whether the last window may reach over the end.
    return_indices : bool
        Whether to return, too, where each maximum was: its number among the elements of the channel.
    """
    return _pool(input, 2, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@max_pool2d.samples
def _(make):
    yield make.sample(make.apart(2, 3, 4, 6), 2)
    yield make.sample(make.apart(1, 2, 5, 5), 2)
    yield make.sample(make.apart(2, 2, 7, 6), (3, 2), (2, 1), (1, 0), (1, 2), True)
    yield make.sample(make.apart(2, 6, 7), 3, 2, 1, return_indices=True)
    yield make.sample(make.apart(1, 1, 13, 12), 12, 1)
    yield make.sample(make.apart(1, 1, 9, 9), 3, 3, 1, ceil_mode=True)


@composed(namespace="functional", reference=references.max_pool(3))
def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest element of each window of a volume.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, depth, height, width), with or without the batch
    kernel_size, stride, padding, dilation : int or three
        Size of the windows, the steps between them (by default the size), the border around the input, which is never
        the largest, and the steps within the windows.
    ceil_mode : bool
        Whether the last window may reach over the end.
    return_indices : bool
        Whether to return, too, where each maximum was: its number among the elements of the channel.
    """
    return _pool(input, 3, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@max_pool3d.samples
def _(make):
    yield make.sample(make.apart(1, 2, 4, 4, 5), 2)
    yield make.sample(make.apart(2, 3, 5, 4), (2, 3, 2), (1, 2, 1), (1, 1, 0), 1, True, return_indices=True)


@composed(name="max_pool1d", reference=references.max_pool(1))
def max_pool1d_values(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Tensor:
    """Largest element of each window of a signal; the parameters are `max_pool1d`'s in ``nn.functional``."""
    return _pool(input, 1, kernel_size, stride, padding, dilation, ceil_mode, False)


@max_pool1d_values.samples
def _(make):
    yield make.sample(make.apart(2, 3, 7), 3, 2, 1)


@composed(name="max_pool2d", reference=references.max_pool(2))
def max_pool2d_values(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Tensor:
    """Largest element of each window of an image; the parameters are `max_pool2d`'s in ``nn.functional``."""
    return _pool(input, 2, kernel_size, stride, padding, dilation, ceil_mode, False)


@max_pool2d_values.samples
def _(make):
    yield make.sample(make.apart(2, 3, 4, 6), 2)


@composed(name="max_pool3d", reference=references.max_pool(3))
def max_pool3d_values(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Tensor:
    """Largest element of each window of a volume; the parameters are `max_pool3d`'s in ``nn.functional``."""
    return _pool(input, 3, kernel_size, stride, padding, dilation, ceil_mode, False)


@max_pool3d_values.samples
def _(make):
    yield make.sample(make.apart(1, 2, 4, 4, 5), 2)


def _adaptive(input: Any, rank: int, output_size: Any, return_indices: bool) -> Any:
    """Return ``adaptive_max_pool1d``, ``2d`` or ``3d``."""
    name = f"adaptive_max_pool{rank}d"
    windows = find_even_windows(name, input.shape, rank, output_size)
    _check_dtype("adaptive_max_pool3d" if rank == 3 else "adaptive_max_pool2d", input, True)
    node = "SqueezeBackward1" if rank == 1 else f"AdaptiveMaxPool{rank}DBackward0"
    return _of_windows(input, windows, node, return_indices)


@composed(namespace="functional", reference=references.adaptive_max_pool(1))
def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Largest element of each of so many windows that cover a signal evenly.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, length), with or without the batch
    output_size : int
        How many windows along each dimension; None for as many as there are elements.
    return_indices : bool
        Whether to return, too, where each maximum was: its number among the elements of the channel.
    """
    return _adaptive(input, 1, output_size, return_indices)


@adaptive_max_pool1d.samples
def _(make):
    yield make.sample(make.apart(2, 3, 7), 3)
    yield make.sample(make.apart(2, 5), 7, True)


@composed(namespace="functional", reference=references.adaptive_max_pool(2))
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Largest element of each of so many windows that cover an image evenly.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, height, width), with or without the batch
    output_size : int or (int or None, int or None)
        How many windows along each dimension; None for as many as there are elements.
    return_indices : bool
        Whether to return, too, where each maximum was: its number among the elements of the channel.
    """
    return _adaptive(input, 2, output_size, return_indices)


@adaptive_max_pool2d.samples
def _(make):
    yield make.sample(make.apart(2, 2, 5, 7), (2, 3))
    yield make.sample(make.apart(2, 5, 4), (None, 1), return_indices=True)
    yield make.sample(make.apart(1, 2, 3, 3), 5)


@composed(namespace="functional", reference=references.adaptive_max_pool(3))
def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Largest element of each of so many windows that cover a volume evenly.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, depth, height, width), with or without the batch
    output_size : int, three, or None among them
        How many windows along each dimension; None for as many as there are elements.
    return_indices : bool
        Whether to return, too, where each maximum was: its number among the elements of the channel.
    """
    return _adaptive(input, 3, output_size, return_indices)


@adaptive_max_pool3d.samples
def _(make):
    yield make.sample(make.apart(1, 2, 3, 4, 5), (2, None, 1))
