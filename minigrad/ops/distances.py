"""Distances: of two tensors, and of all pairs of points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import array_module, as_its_kind
from minigrad.ops.elementwise import sub as subtract
from minigrad.ops.errors import scalars_differ
from minigrad.ops.index_rows import index_add_to_zeros, index_select
from minigrad.ops.op import op
from minigrad.ops.promotion import check_tensors, not_implemented, promote, scalar_type
from minigrad.ops.vector_norm import norm_along, norm_gradient, norm_reference

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


@op(method=True, reference=lambda x, y, p=2: norm_reference(x - y, p))
def dist(input: Tensor, other: Tensor, p: Number = 2) -> Tensor:
    """Norm of ``input - other`` as one vector; see `linalg.vector_norm`."""
    check_tensors("dist", input=input, other=other)
    if input.dtype.kind == "b" or other.dtype.kind == "b":
        subtract(input, other)  # which bools refuse
    input, other = promote(input, other)
    if input.dtype.kind != "f":
        raise RuntimeError(
            "norm(): input dtype should be either floating point or complex. "
            f"Got {from_numpy(input.dtype).tensor_type.removesuffix('Tensor')} instead."
        )
    return norm_along(input - other, p, None, False)


@dist.gradient
def _(grad, input, other, out, p):
    gradient = norm_gradient(grad, input - other, out, p, None, False)
    return gradient, -gradient


@dist.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3))
    yield make.sample(make(2, 3), make(3), 1)
    yield make.sample(make(), make(), 3)


def _cdist_reference(x1: Any, x2: Any, p: float = 2.0, **_: Any) -> Any:
    gaps = np.abs(x1[..., :, None, :] - x2[..., None, :, :])
    if p == 0:
        return (gaps != 0).sum(-1).astype(float)
    return gaps.max(-1) if p == math.inf else (gaps**p).sum(-1) ** (1 / p)


@op(reference=_cdist_reference)
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: Any = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """p-norms of the differences of all pairs of rows: (..., n, k) and (..., m, k) give (..., n, m).

    Parameters
    ----------
    p : float
        From 0 to ``inf``.
    compute_mode : str or int
        Accepted for PyTorch's sake; the differences are always formed, which is exact.

    Raises
    ------
    RuntimeError
        For points of different dimensions or dtypes, for integers, and for a negative ``p``.
    """
    if x1.ndim < 2 or x2.ndim < 2:
        number, rank = (1, x1.ndim) if x1.ndim < 2 else (2, x2.ndim)
        raise RuntimeError(f"cdist only supports at least 2D tensors, X{number} got: {rank}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    for number, x in enumerate((x1, x2), 1):
        if x.dtype.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, X{number} got: {scalar_type(x)}")
    if x1.dtype != x2.dtype:
        raise scalars_differ(x1, x2)
    if x1.dtype.itemsize == 2:
        raise not_implemented("cdist", x1)
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    return norm_along(x1[..., :, None, :] - x2[..., None, :, :], p, -1, False)


@cdist.gradient
def _(grad, x1, x2, out, p):
    gaps = x1[..., :, None, :] - x2[..., None, :, :]
    spread = norm_gradient(grad, gaps, out, p, -1, False)
    return spread.sum(-2), -spread.sum(-3)


@cdist.samples
def _(make):
    yield make.sample(make(3, 2), make(4, 2))
    yield make.sample(make(2, 3, 2), make(4, 2), 1.0)
    yield make.sample(make(3, 2), make(4, 2), p=3.0)
    yield make.sample(make(3, 2), make(4, 2), math.inf)
    yield make.sample(make(0, 2), make(4, 2))


def _pdist_reference(x: Any, p: float = 2) -> Any:
    return _cdist_reference(x, x, p)[np.triu_indices(len(x), 1)]


@op(reference=_pdist_reference)
def pdist(input: Tensor, p: float = 2) -> Tensor:
    """p-norms of the differences of all pairs of rows, each pair once: (n, k) gives (n * (n - 1) / 2,).

    Parameters
    ----------
    p : float
        From 0 to ``inf``.

    Raises
    ------
    RuntimeError
        For what is no matrix of points, for integers, and for a negative ``p``.
    """
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if input.dtype.kind != "f":
        raise RuntimeError("pdist only supports floating-point dtypes")
    if input.dtype.itemsize == 2:
        raise not_implemented("pdist", input)
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = array_module(input).triu_indices(len(input), 1)
    if not input.shape[1]:
        return array_module(input).zeros(len(first), input.dtype)
    return norm_along(input[first] - input[second], p, -1, False)


@pdist.gradient
def _(grad, input, out, p):
    shape = tuple(input.shape)
    first, second = np.triu_indices(shape[0], 1)
    first, second = as_its_kind(grad, first), as_its_kind(grad, second)
    gaps = index_select(input, 0, first) - index_select(input, 0, second)
    spread = norm_gradient(grad, gaps, out, p, -1, False)
    return index_add_to_zeros(spread, shape, 0, first) - index_add_to_zeros(spread, shape, 0, second)


@pdist.samples
def _(make):
    yield make.sample(make(4, 2))
    for p in (1.0, 1.5, 3.0, math.inf):
        yield make.sample(make(4, 3), p)
    yield make.sample(make(4, 3), 0.0, gradient=False)
    yield make.sample(make(2, 4).T)
    yield make.sample(make(1, 2))
