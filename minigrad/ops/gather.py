"""Picking elements by index tensors, along a dimension or from all in one row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_module, array_of, is_device_array, kernels_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.indices import as_int64, check_index, check_ranks, fits_but_along
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import scalar_type
from minigrad.ops.select import where

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _gather_reference(x: Any, dim: int, index: Any, **_: Any) -> Any:
    if not x.ndim:
        return x
    window = tuple(slice(None) if k == dim % x.ndim else slice(n) for k, n in enumerate(index.shape))
    return np.take_along_axis(x[window], index, dim)


@op(method=True, reference=_gather_reference)
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Elements picked along a dimension: ``out[i][j][k] = input[index[i][j][k]][j][k]`` for ``dim=0``.

    Parameters
    ----------
    index : Tensor of int64
        As many dimensions as the input; no longer than it in any other than ``dim``. Decides the output's shape.

    Raises
    ------
    RuntimeError
        For an index that is out of bounds, or of more elements than the input along another dimension.
    """
    dim = wrap_dim(dim, input.ndim)
    if not fits_but_along(dim, index, input):
        _check_gather(input, dim, index)
        if not input.ndim:
            index = check_index("gather", index, 1, dim)
            return np.broadcast_to(input, index.shape).copy()
        if not index.ndim:
            return input[check_index("gather", index, input.shape[dim], dim)]
        if index.size == 0:
            return array_module(input).empty(index.shape, input.dtype)
        input = input[tuple(slice(None) if k == dim else slice(n) for k, n in enumerate(index.shape))]
    index = as_int64("gather", index)
    try:
        return kernels_of(input).gather(input, dim, index)
    except IndexError as error:
        raise RuntimeError(str(error)) from None


def _check_gather(input: Any, dim: int, index: Any) -> None:
    """Refuse an index array that has more dimensions than the input, or is longer in another one than ``dim``.

    Raises
    ------
    RuntimeError
    """
    check_ranks(index, input, "input")
    for k, (length, most) in enumerate(zip(index.shape, input.shape, strict=False)):
        if k != dim and length > most and index.size:
            raise RuntimeError(
                f"Size does not match at dimension {k} expected index {list(index.shape)} to be no larger than self "
                f"{list(input.shape)} apart from dimension {dim}"
            )


@gather.gradient("input")
def _(grad, input_shape, dim, index):
    return gather_backward(grad, input_shape, dim, index)


@gather.samples
def _(make):
    yield make.sample(make(3, 4), 1, make.integers(3, 2, high=4))
    yield make.sample(make(3, 4), 0, make.integers(2, 4, high=3))
    yield make.sample(make(3, 4, 2), -2, make.integers(2, 5, 2, high=4))
    yield make.sample(make(5), 0, make.integers(7, high=5))
    yield make.sample(make(3, 4), 1, make.integers(3, 0, high=1))


@op(namespace=None)
def gather_backward(grad_output: Tensor, shape: tuple[int, ...], dim: int, index: Tensor) -> Tensor:
    """Zeros of ``shape`` to which ``grad_output`` is added where `gather` took its elements from."""
    out = array_module(grad_output).zeros(shape, grad_output.dtype)
    return add_along(out, dim, index, grad_output)


@gather_backward.gradient("grad_output")
def _(grad, dim, index):
    return gather(grad, dim, index)


@gather_backward.samples
def _(make):
    yield make.sample(make(3, 2), (3, 4), 1, make.integers(3, 2, high=4))


def add_along(out: Any, dim: int, index: Any, source: Any) -> Any:
    """Add ``source`` to ``out`` at ``index`` along a dimension, in place."""
    return place_along(out, dim, index, source, kernels_of(out).scatter_add)


def place_along(out: Any, dim: int, index: Any, source: Any, place: Callable[..., None]) -> Any:
    """Let a kernel place ``source`` in ``out`` at ``index`` along a dimension, and return ``out``.

    Parameters
    ----------
    source : array
        At least as long as the index along every dimension, or one number for all of it.
    place : callable
        ``place(out, dim, index, source)``, for an index of the shape of ``out`` but along the dimension.

    Raises
    ------
    RuntimeError
        For an index out of bounds.
    """
    if not index.size:
        return out
    block = window = out
    if not out.ndim or not index.ndim:
        block = window = out.reshape(-1)
        index, source = index.reshape(-1), source.reshape(-1)
    dim = wrap_dim(dim, window.ndim)
    if source.shape != index.shape and source.ndim:
        source = source[tuple(slice(n) for n in index.shape)]
    if not fits_but_along(dim, index, window):
        window = window[tuple(slice(None) if k == dim else slice(n) for k, n in enumerate(index.shape))]
        block = window.copy()
    try:
        place(block, dim, index, source)
    except IndexError as error:
        raise RuntimeError(str(error)) from None
    if block is not window:
        window[...] = block
    return out


@op(method=True, reference=lambda x, index: np.take(x, index))
def take(input: Tensor, index: Tensor) -> Tensor:
    """Elements of the input, read as one row, at ``index``; the result has the index's shape."""
    if index.dtype != np.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.dtype.name}")
    try:
        return np.take(input, index)
    except IndexError:
        raise IndexError(f"out of range: tried to access an index beyond a tensor of {input.size} elements.") from None


@take.gradient("input")
def _(grad, input_shape, index):
    return take_backward(grad, input_shape, index)


@take.samples
def _(make):
    yield make.sample(make(3, 4), np.array([[0, 11], [5, 5]]))
    yield make.sample(make(3, 4), np.array([-1]))


@op(namespace=None)
def take_backward(grad_output: Tensor, shape: tuple[int, ...], index: Tensor) -> Tensor:
    """Zeros of ``shape`` to which ``grad_output`` is added at the places that `take` read."""
    out = array_module(grad_output).zeros(shape, grad_output.dtype)
    kernels_of(out).add_at(out, index, grad_output)
    return out


@take_backward.gradient("grad_output")
def _(grad, index):
    return take(grad, index)


@take_backward.samples
def _(make):
    yield make.sample(make(2, 2), (3, 4), np.array([[0, 11], [5, 5]]))


@composed(method=True, reference=lambda x, indices, dim=None: np.take_along_axis(x, indices, dim))
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Elements at ``indices`` along ``dim``, the other dimensions broadcast; of all in one row without ``dim``."""
    if indices.dtype.name != "int64":
        title = scalar_type(array_of(indices))
        raise RuntimeError(f"torch.take_along_dim(): dtype of indices should be Long but got {title}")
    if dim is None:
        input, indices, dim = input.reshape(-1), indices.reshape(-1), 0
    if input.dim() != indices.dim():
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input.dim()} "
            f"dimensions for input, and {indices.dim()} dimensions for indices"
        )
    dim = wrap_dim(dim, input.dim())
    if fits_but_along(dim, indices, input):
        return gather(input, dim, _counted(indices, input.shape[dim]))
    lengths = np.broadcast_shapes(
        tuple(1 if k == dim else n for k, n in enumerate(input.shape)),
        tuple(1 if k == dim else n for k, n in enumerate(indices.shape)),
    )
    spread = [list(lengths), list(lengths)]
    spread[0][dim], spread[1][dim] = input.shape[dim], indices.shape[dim]
    indices = _counted(indices, input.shape[dim])
    return gather(input.expand(tuple(spread[0])), dim, indices.expand(tuple(spread[1])))


def _counted(indices: Any, length: int) -> Any:
    """Return a tensor of indices that count from the start; on a device they are not asked whether they do."""
    numbers = array_of(indices)
    if is_device_array(numbers) or (numbers.size and np.minimum.reduce(numbers, None) < 0):
        return where(indices < 0, indices + length, indices)
    return indices


@take_along_dim.samples
def _(make):
    yield make.sample(make(3, 4), np.array([[0], [3], [1]]), 1)
    yield make.sample(make(3, 4), np.array([[0, 3]]), dim=1)
    yield make.sample(make(3, 4), np.array([0, 11]))
