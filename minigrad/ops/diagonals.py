"""Triangles and diagonals of matrices."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, is_device_array, kernels_of, like
from minigrad.ops.dims import wrap_dim
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented
from minigrad.ops.shape import expand, row_major

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


_SMALL = 1 << 14  # elements of a mask that is worth remembering


def _triangle(array: Any, diagonal: int) -> Any:
    """Return a mask of the elements of matrices up to a diagonal, in the shape of one matrix."""
    rows, columns = array.shape[-2:]
    make = _remembered_triangle if rows * columns <= _SMALL else _lower_triangle
    return like(array, make(rows, columns, diagonal))


def _lower_triangle(rows: int, columns: int, diagonal: int) -> Any:
    mask = np.tri(rows, columns, diagonal, dtype=np.bool_)
    mask.flags.writeable = False
    return mask


_remembered_triangle = functools.lru_cache(maxsize=64)(_lower_triangle)


def _zero(array: Any) -> Any:
    """Return 0 as a number that leaves bools what they are."""
    return False if array.dtype.kind == "b" else 0


@op(method=True, inplace=True, reference=lambda x, diagonal=0: np.tril(x, diagonal))
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Matrices with the elements above a diagonal set to 0."""
    if input.ndim < 2:
        raise RuntimeError("tril: input tensor must have at least 2 dimensions")
    return row_major(kernels_of(input).choose(_triangle(input, diagonal), input, _zero(input)))


@tril.gradient
def _(grad, diagonal):
    return tril(grad, diagonal)


@tril.samples
def _(make):
    yield from _triangle_samples(make)


@op(method=True, inplace=True, reference=lambda x, diagonal=0: np.triu(x, diagonal))
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Matrices with the elements below a diagonal set to 0."""
    if input.ndim < 2:
        raise RuntimeError("triu: input tensor must have at least 2 dimensions")
    below = operator.index(diagonal) - 1
    return row_major(kernels_of(input).choose(_triangle(input, below), _zero(input), input))


@triu.gradient
def _(grad, diagonal):
    return triu(grad, diagonal)


@triu.samples
def _(make):
    yield from _triangle_samples(make)


def _triangle_samples(make: Any) -> Any:
    yield make.sample(make(3, 3))
    yield make.sample(make(3, 4), 1)
    yield make.sample(make(2, 4, 3), diagonal=-1)
    yield make.sample(make.booleans(2, 4, 3))
    yield make.sample(make(0, 3))


@op(method=True, view=True, reference=lambda x, offset=0, dim1=0, dim2=1: np.diagonal(x, offset, dim1, dim2))
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """View of the diagonals in the plane of two dimensions, as a new last dimension."""
    dim1, dim2 = wrap_dim(dim1, input.ndim), wrap_dim(dim2, input.ndim)
    if dim1 == dim2:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    view = input.diagonal(offset, dim1, dim2)
    if not is_device_array(view) and input.flags.writeable:
        view.flags.writeable = True
    return view


@diagonal.gradient
def _(grad, input_shape, offset, dim1, dim2):
    return diagonal_backward(grad, input_shape, offset, dim1, dim2)


@diagonal.samples
def _(make):
    yield make.sample(make(3, 3))
    yield make.sample(make(3, 4), 1)
    yield make.sample(make(2, 3, 3), offset=-1, dim1=1, dim2=2)


@op(namespace=None)
def diagonal_backward(grad_output: Tensor, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Tensor:
    """Zeros of ``shape`` with ``grad_output`` on the diagonals."""
    out = array_module(grad_output).zeros(shape, grad_output.dtype)
    view = out.diagonal(offset, dim1, dim2)
    if not is_device_array(view):
        view.flags.writeable = True
    view[...] = grad_output
    return out


@diagonal_backward.gradient("grad_output")
def _(grad, offset, dim1, dim2):
    return diagonal(grad, offset, dim1, dim2)


@diagonal_backward.samples
def _(make):
    yield make.sample(make(3), (3, 4), 1, 0, 1)


@composed(method=True, reference=references.diag_embed)
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices with the entries of the last dimension on a diagonal, 0 elsewhere."""
    ndim = input.dim() + 1
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    length = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for place in sorted((first, second)):
        shape.insert(place, length)
    return named(diagonal_backward(input, tuple(shape), offset, first, second), "DiagEmbedBackward0")


@diag_embed.samples
def _(make):
    yield make.sample(make(3))
    yield make.sample(make(2, 3), 1)
    yield make.sample(make(2, 3), offset=-1, dim1=0, dim2=2)


@composed(method=True, reference=np.diag)
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Matrix with a vector on its diagonal, or the diagonal of a matrix as a vector."""
    if input.dim() == 1:
        return diag_embed(input, diagonal)
    if input.dim() == 2:
        return named(input.diagonal(diagonal).clone(), "DiagonalBackward0_copy")
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.dim()}D")


@diag.samples
def _(make):
    yield make.sample(make(3))
    yield make.sample(make(3, 4), 1)
    yield make.sample(make(3), -1)


@composed(method=True, reference=np.diagflat)
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """Matrix with all elements of the input, in row-major order, on its diagonal."""
    return diag_embed(input.reshape(-1), offset)


@diagflat.samples
def _(make):
    yield make.sample(make(2, 2), 1)


@op(method=True, reference=np.trace)
def trace(input: Tensor) -> Tensor:
    """Sum of the diagonal of a matrix."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    if input.dtype.kind == "b":
        raise not_implemented("trace", input)
    return np.add.reduce(input.diagonal(), dtype=None if input.dtype.kind == "f" else np.int64)


@trace.gradient
def _(grad, input_shape):
    return diagonal_backward(expand(grad, (min(input_shape),)), input_shape, 0, 0, 1)


@trace.samples
def _(make):
    yield make.sample(make(3, 3))
    yield make.sample(make(3, 4))


@composed(
    namespace="linalg",
    name="diagonal",
    reference=lambda A, offset=0, dim1=-2, dim2=-1: np.diagonal(A, offset, dim1, dim2),
)
def diagonal_of(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """View of the diagonals of matrices; see `diagonal`."""
    return A.diagonal(offset, dim1, dim2)


@diagonal_of.samples
def _(make):
    yield make.sample(make(2, 3, 3))
