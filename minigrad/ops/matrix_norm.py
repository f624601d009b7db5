"""Norms of matrices, and how well conditioned they are; all batched."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_module, array_of
from minigrad.ops.decomposition import linalg_svd
from minigrad.ops.dims import wrap_dim, wrap_dims
from minigrad.ops.errors import LinAlgError
from minigrad.ops.linear_systems import inv
from minigrad.ops.matrices import well_conditioned
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.vector_norm import vector_norm

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _matrix_norm_reference(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Any:
    return np.linalg.norm(A, ord, dim, keepdim)


@composed(namespace="linalg", reference=_matrix_norm_reference)
def matrix_norm(
    input: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Norm of matrices.

    Parameters
    ----------
    ord : {"fro", "nuc", inf, -inf, 1, -1, 2, -2}
        Root of the sum of squares; sum of the singular values; largest or smallest sum of ``|input|`` over rows or
        columns;
        largest or smallest singular value.
    dim : tuple of two int
        The dimensions of the matrices.

    Raises
    ------
    RuntimeError
        For what is no matrix, for integers, for an unknown order, and where ``dim`` is no pair.
    """
    if input.dim() < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    _check_floating(input)
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(
            f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim if isinstance(dim, int) else list(dim)}"
        )
    if wrap_dim(dim[0], input.dim()) == wrap_dim(dim[1], input.dim()):
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    rows, columns = wrap_dims(tuple(dim), input.dim())
    if dtype is not None:
        input = input.to(dtype)
    if ord == "fro":
        return vector_norm(input, 2, (rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        values = linalg_svd(input.movedim((rows, columns), (-2, -1)), False)[1]
        out = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
        if keepdim:
            for place in sorted((rows, columns)):
                out = out.unsqueeze(place)
            named(out, "PermuteBackward0")
        return out
    if ord in (1, -1, math.inf, -math.inf):
        along, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = vector_norm(input, 1, along, keepdim)
        over -= int(over > along and not keepdim)
        return sums.amax(over, keepdim) if ord > 0 else sums.amin(over, keepdim)
    raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")


def _check_floating(A: Any) -> None:
    """Refuse a tensor of integers where a norm is taken."""
    if not A.is_floating_point():
        title = A.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"linalg.matrix_norm: Expected a floating point or complex tensor as input. Got {title}")


@matrix_norm.samples
def _(make):
    for order in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
        yield make.sample(make.apart(3, 2), order)
    yield make.sample(make.apart(2, 3, 2), 2, (0, 1))
    yield make.sample(make(2, 3, 2), "nuc", (0, -1), True)
    yield make.sample(make.apart(2, 3, 2), 1, (0, -1), True)


def _norm_reference(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None and ord is None:
        A = A.reshape(-1)
    return np.linalg.norm(A, ord, dim, keepdim)


@composed(namespace="linalg", reference=_norm_reference)
def norm(input: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Vector norm, or matrix norm where ``ord`` is given and the dimensions are two.

    Parameters
    ----------
    ord : number or {"fro", "nuc"}, optional
        See `linalg.vector_norm` and `linalg.matrix_norm`; None is the root of the sum of squares of all elements.
    dim : int or tuple of two int, optional

    Raises
    ------
    RuntimeError
        Where ``ord`` is given without ``dim`` for more than two dimensions.
    """
    if isinstance(dim, (tuple, list)) and len(dim) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}")
    if ord is None:
        return vector_norm(input, 2, dim, keepdim, dtype)
    if dim is None and input.dim() not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {input.dim()}D."
        )
    is_matrix = isinstance(ord, str) or (
        input.dim() == 2 if dim is None else isinstance(dim, (tuple, list)) and len(dim) == 2
    )
    if is_matrix:
        return matrix_norm(input, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, ord, dim, keepdim, dtype)


@norm.samples
def _(make):
    yield make.sample(make(2, 3))
    yield make.sample(make(2, 3, 2))
    yield make.sample(make.apart(2, 3), 1)
    yield make.sample(make.apart(5), 3)
    yield make.sample(make(2, 3), "nuc")
    yield make.sample(make(2, 3, 2), dim=(0, 2), keepdim=True)
    yield make.sample(make.apart(2, 3), math.inf, dim=1)


def _cond_reference(A: Any, p: Any = None) -> Any:
    return np.linalg.cond(A, p)


@composed(namespace="linalg", reference=_cond_reference)
def cond(input: Tensor, p: Any = None) -> Tensor:
    """Condition number ``|input| * |inv(input)|``; by default the ratio of the largest to the smallest singular value.

    Parameters
    ----------
    p : {None, 2, -2, "fro", "nuc", inf, -inf, 1, -1}
        The matrix norm. Singular matrices have the condition ``inf``.
    """
    if p in (None, 2, -2):
        if input.dim() < 2:
            raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
        if not input.numel():
            return input.new_zeros(tuple(input.shape[:-2]))
        values = linalg_svd(input, False)[1]
        first, last = values[..., :1], values[..., -1:]
        return (last / first if p == -2 else first / last).squeeze(-1)
    try:
        inverses = inv(input)
    except LinAlgError:
        array = array_of(input)
        inverses = type(input)._wrap(array_module(array).full(array.shape, np.inf, array.dtype))
    return named(matrix_norm(input, p) * matrix_norm(inverses, p), "NanToNumBackward0")


@cond.samples
def _(make):
    for p in (None, 2, -2, "fro", 1, -1, math.inf, -math.inf):
        yield make.sample(well_conditioned(make, 3, 3), p)
