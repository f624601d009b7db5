"""Norms of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.dims import axes
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import scalar_type
from minigrad.ops.quiet import quiet
from minigrad.ops.reduce import (
    _share_among_ties,
    count_reduced,
    expand_reduced,
    reduction_samples,
    several_dims_samples,
)
from minigrad.ops.rounding import abs, sign
from minigrad.ops.select import where
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def norm_reference(x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """Return a vector norm by its definition."""
    axis = tuple(dim) if isinstance(dim, (tuple, list)) else dim
    size = np.abs(x)
    axis = axis if x.ndim else None
    if p == np.inf:
        return size.max(axis=axis, keepdims=keepdim)
    if p == -np.inf:
        return size.min(axis=axis, keepdims=keepdim)
    if p == 0:
        return (size != 0).sum(axis=axis, keepdims=keepdim).astype(float)
    return (size**p).sum(axis=axis, keepdims=keepdim) ** (1 / p)


@quiet
def norm_along(x: Any, ord: Any, axis: Any, keepdim: bool) -> Any:
    """Return the vector norm of an array along axes that are known to be right."""
    if x.dtype.itemsize == 2:  # whose powers leave the range of float16
        return norm_along(x.astype(np.float32), ord, axis, keepdim).astype(x.dtype)
    if ord in (1, 2):
        return kernels_of(x).vector_norm(x, ord, axis, keepdim)
    size = np.abs(x)
    if ord == np.inf:
        return size.max(axis=axis, keepdims=keepdim)
    if ord == -np.inf:
        return size.min(axis=axis, keepdims=keepdim)
    if ord == 0:
        return np.add.reduce(size != 0, axis=axis, keepdims=keepdim).astype(x.dtype)
    return np.power(np.add.reduce(np.power(size, ord), axis=axis, keepdims=keepdim), x.dtype.type(1 / ord))


@op(namespace="linalg", node="LinalgVectorNormBackward0", reference=norm_reference)
def vector_norm(input: Tensor, ord: Number = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Norm of the elements as a vector: ``sum(|x|**ord) ** (1 / ord)``; for ``inf`` the largest ``|x|``.

    Parameters
    ----------
    ord : number
    dim : int or tuple of int, optional
        The dimensions that make up the vector; all unless given.

    Raises
    ------
    RuntimeError
        For integers, and for the ``inf`` norm of no elements.
    """
    x = input if dtype is None else input.astype(dtype.numpy)
    if x.dtype.kind != "f":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {scalar_type(x)}"
        )
    if ord in (np.inf, -np.inf) and not x.size and count_reduced(x.shape, dim) == 0:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the operation does not have "
            "an identity"
        )
    if ord == 2 and x.itemsize > 2:
        return kernels_of(x).vector_norm(x, 2, axes(dim, x.ndim), keepdim)
    return norm_along(x, ord, axes(dim, x.ndim), keepdim)


@vector_norm.gradient
def _(grad, input, out, ord, dim, keepdim):
    return norm_gradient(grad, input, out, ord, dim, keepdim)


@op(namespace=None, name="ratio_or_zero", reference=lambda x, y: x / y)
def _ratio_or_zero(input: Tensor, other: Tensor) -> Tensor:
    """Quotient of two arrays of one shape, 0 where the divisor is 0."""
    is_zero = np.equal(other, 0)
    return np.where(is_zero, 0 * other, input / np.where(is_zero, 1 + other, other))


@_ratio_or_zero.gradient("input")
def _(grad, other):
    return _ratio_or_zero(grad, other)


@_ratio_or_zero.gradient("other")
def _(grad, other, out):
    return -_ratio_or_zero(grad * out, other)


@_ratio_or_zero.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3, low=0.5))


def norm_gradient(grad: Any, input: Any, out: Any, ord: Any, dim: Any, keepdim: bool) -> Any:
    """Return the gradient of a vector norm; where the norm has a kink, the subgradient of least norm."""
    if ord == 0:
        return zero(input)
    if ord in (np.inf, -np.inf):
        return _share_among_ties(grad, abs(input), out, dim, keepdim) * sign(input)
    if ord == 2:
        return input * expand_reduced(_ratio_or_zero(grad, out), input.shape, dim, keepdim)
    total = expand_reduced(out, input.shape, dim, keepdim)
    grad = expand_reduced(grad, input.shape, dim, keepdim)
    if ord == 1:
        return grad * sign(input)
    if ord < 1:
        size, whole = (where(each == 0, 1.0, each) for each in (abs(input), total))  # or 0 * inf in second gradients
        return where(input == 0, zero(input), grad * sign(input) * size ** (ord - 1) * whole ** (1 - ord))
    whole = where(total == 0, 1.0, total)
    return grad * where(total == 0, zero(input), sign(input) * (abs(input) / whole) ** (ord - 1))


@vector_norm.samples
def _(make):
    yield from reduction_samples(make)
    yield from several_dims_samples(make)
    for order in (1, 3, float("inf"), -float("inf"), 0, 0.5):
        yield make.sample(make.apart(2, 3), order, dim=1)


@composed(
    method=True,
    reference=lambda x, p="fro", dim=None, keepdim=False: norm_reference(x, 2 if p == "fro" else p, dim, keepdim),
)
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """Norm of all elements, or over ``dim``, as `linalg.vector_norm`; "fro" is 2, "nuc" the sum of singular values."""
    if p == "nuc":
        from minigrad.ops.matrix_norm import matrix_norm

        return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found {p}")
    order = 2 if p in ("fro", None) else p
    return vector_norm(input, order, dim, keepdim, dtype)  # every argument in its place, so that none need be bound


@norm.samples
def _(make):
    yield make.sample(make(2, 3))
    yield make.sample(make(2, 3), 1)
    yield make.sample(make(2, 3), dim=1, keepdim=True)
    yield make.sample(make(2, 3, 4), 2, (0, 2))
