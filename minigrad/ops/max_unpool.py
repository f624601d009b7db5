"""Max pooling undone: zeros, with the maxima where they were."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import window_references as references
from minigrad.ops.backend import array_module, array_of, kernels_of
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.pool import check_rank, per_dim
from minigrad.ops.promotion import not_implemented

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _unpool(input: Any, indices: Any, rank: int, kernel: Any, stride: Any, padding: Any, output_size: Any) -> Any:
    """Return ``max_unpool1d``, ``2d`` or ``3d``."""
    name = f"max_unpool{rank}d"
    kernel = per_dim(name, "kernel_size", kernel, rank)
    stride = kernel if stride is None else per_dim(name, "stride", stride, rank)
    padding = per_dim(name, "padding", padding, rank)
    if indices.dtype.name != "int64":
        given = indices.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"elements in indices should be type int64 but got: {given}")
    if indices.shape != input.shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got indices "
            f"tensor with shape: {list(indices.shape)}"
        )
    check_rank(name, input.shape, rank)
    if not input.dtype.is_floating_point:
        raise not_implemented("max_unpool3d" if rank == 3 else "max_unpool2d", array_of(input))
    size = tuple(
        (n - 1) * s + k - 2 * p for n, s, k, p in zip(input.shape[-rank:], stride, kernel, padding, strict=True)
    )
    if output_size is not None:
        size = _unpooled_size(tuple(output_size), size, stride, rank)
    return named(
        unpooled(input, indices, size, False), "SqueezeBackward1" if rank == 1 else f"MaxUnpool{rank}DBackward0"
    )


@op(namespace=None)
def unpooled(input: Tensor, indices: Tensor, size: tuple[int, ...], adds: bool) -> Tensor:
    """Planes of zeros, of lengths ``size``, with the elements of ``input`` put at or added to what ``indices`` name."""
    out, missing = kernels_of(input).unpool(input, indices, size, adds)
    if missing:
        raise RuntimeError(
            f"Found an invalid max index: {int(indices.max())} (output volumes are of size {list(size)})"
        )
    return out


@unpooled.gradient("input")
def _(grad, indices, size):
    return at_places(grad, indices, len(size))


@op(namespace=None)
def at_places(input: Tensor, indices: Tensor, rank: int) -> Tensor:
    """Elements of planes, ``rank`` dimensions each, at the numbers in ``indices``."""
    return kernels_of(input).unpool_backward(input, indices, rank)


@at_places.gradient("input")
def _(grad, indices, input_shape, rank):
    return unpooled(grad, indices, tuple(input_shape[len(input_shape) - rank :]), True)


@unpooled.samples
def _(make):
    yield make.sample(make(2, 3, 2, 2), make.integers(2, 3, 2, 2, low=0, high=2) * 4 + _corners(), (4, 4), False)
    yield make.sample(make(3, 4), make.integers(3, 4, low=0, high=3), (5,), True)


@at_places.samples
def _(make):
    yield make.sample(make(2, 3, 4, 4), make.integers(2, 3, 2, 2, low=0, high=2) * 4 + _corners(), 2)
    yield make.sample(make(3, 5), make.integers(3, 4, low=0, high=5), 1)


def _corners() -> Any:
    """Return four numbers that stay apart when 4 is added to some."""
    return np.array([[0, 2], [8, 10]])


def _unpooled_size(
    wanted: tuple[int, ...], default: tuple[int, ...], stride: tuple[int, ...], rank: int
) -> tuple[int, ...]:
    """Return the lengths asked for, which may differ by less than a stride from those that the windows give."""
    if len(wanted) == rank + 2:
        wanted = wanted[2:]
    if len(wanted) != rank:
        raise ValueError(
            f"output_size should be a sequence containing {rank} or {rank + 2} elements, but it has a length of "
            f"'{len(wanted)}'"
        )
    for k, (n, usual, step) in enumerate(zip(wanted, default, stride, strict=True)):
        if not usual - step < n < usual + step:
            raise ValueError(
                f'invalid output_size "{wanted}" (dim {k} must be between {usual - step} and {usual + step})'
            )
    return wanted


def _unpool_reference(rank: int) -> Any:
    """Return ``max_unpool1d``, ``2d`` or ``3d`` in NumPy."""

    def reference(
        x: Any, indices: Any, kernel: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
    ) -> Any:
        kernel = references.per_dim(kernel, rank)
        stride = kernel if stride is None else references.per_dim(stride, rank)
        padding = references.per_dim(padding, rank)
        size = [(n - 1) * s + k - 2 * p for n, s, k, p in zip(x.shape[-rank:], stride, kernel, padding, strict=True)]
        out = array_module(x).zeros((math.prod(x.shape[:-rank]), math.prod(output_size or size)), x.dtype)
        for plane, values, places in zip(out, x.reshape(len(out), -1), indices.reshape(len(out), -1), strict=True):
            plane[places] = values
        return out.reshape(*x.shape[:-rank], *(output_size or size))

    return reference


@composed(namespace="functional", reference=_unpool_reference(1))
def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with the maxima that `max_pool1d` found put back where they were.

    Parameters
    ----------
    input : Tensor
        The maxima.
    indices : Tensor of int64
        What ``max_pool1d(..., return_indices=True)`` gave.
    kernel_size, stride, padding : int
        Those of the pooling.
    output_size : sequence of int, optional
        Which of the sizes that the pooling could have come from.
    """
    return _unpool(input, indices, 1, kernel_size, stride, padding, output_size)


@max_unpool1d.samples
def _(make):
    yield make.sample(make(2, 2, 3), np.array([[[0, 2, 5], [1, 3, 4]]] * 2), 2)


@composed(namespace="functional", reference=_unpool_reference(2))
def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with the maxima that `max_pool2d` found put back where they were.

    Parameters
    ----------
    input : Tensor
        The maxima.
    indices : Tensor of int64
        What ``max_pool2d(..., return_indices=True)`` gave.
    kernel_size, stride, padding : int or (int, int)
        Those of the pooling.
    output_size : sequence of int, optional
        Which of the sizes that the pooling could have come from.
    """
    return _unpool(input, indices, 2, kernel_size, stride, padding, output_size)


@max_unpool2d.samples
def _(make):
    yield make.sample(make(1, 2, 2, 2), np.array([[[[0, 3], [9, 14]], [[5, 2], [8, 11]]]]), 2)
    yield make.sample(make(1, 2, 2), np.array([[[0, 3], [9, 14]]]), 2, output_size=(5, 4))


@composed(namespace="functional", reference=_unpool_reference(3))
def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with the maxima that `max_pool3d` found put back where they were.

    Parameters
    ----------
    input : Tensor
        The maxima.
    indices : Tensor of int64
        What ``max_pool3d(..., return_indices=True)`` gave.
    kernel_size, stride, padding : int or three
        Those of the pooling.
    output_size : sequence of int, optional
        Which of the sizes that the pooling could have come from.
    """
    return _unpool(input, indices, 3, kernel_size, stride, padding, output_size)


@max_unpool3d.samples
def _(make):
    yield make.sample(make(1, 1, 1, 2, 1), np.array([[[[[3], [11]]]]]), (2, 2, 2), 2)
