"""Sums with products: ``addmm`` and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import array_of
from minigrad.ops.matmul import matmul
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.product_checks import batch_dtypes, check_terms
from minigrad.ops.products import bmm, mv, outer
from minigrad.ops.promotion import common_dtype, not_implemented, scalar_type
from minigrad.ops.shape import expand

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _plus_product(multiply: Callable[..., Any]) -> Callable[..., Any]:
    """Return the reference of ``addmm`` and its kin, given that of the product."""
    return lambda x, a, b, beta=1, alpha=1: beta * x + alpha * multiply(a, b)


def _arrays(*tensors: Any) -> Any:
    return tuple(map(array_of, tensors))


def _sum_with(input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    _check_expands(input, product.shape)
    if not product.is_floating_point():
        beta, alpha = int(beta), int(alpha)
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return scaled
    return (input if beta == 1 else input * beta) + scaled


def _check_expands(input: Any, shape: Any) -> None:
    """Refuse what does not broadcast to a shape, in the words of `expand`."""
    if input.shape != shape:
        expand(array_of(input), tuple(shape))


@composed(method=True, inplace=True, reference=_plus_product(np.matmul))
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``."""
    for name, each in (("mat1", mat1), ("mat2", mat2)):
        if each.dim() != 2:
            raise RuntimeError(f"{name} must be a matrix, got {each.dim()}-D tensor")
    order = _arrays(input, mat1, mat2)
    check_terms(("self", "mat1", "mat2"), order)
    return named(_sum_with(input, matmul(mat1, mat2), beta, alpha), "AddmmBackward0")


@addmm.samples
def _(make):
    yield make.sample(make(2, 4), make(2, 3), make(3, 4))
    yield make.sample(make(4), make(2, 3), make(3, 4), beta=0.5, alpha=2)


@composed(method=True, inplace=True, reference=_plus_product(np.matmul))
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``."""
    if (input.dim(), mat.dim(), vec.dim()) not in ((1, 2, 1), (0, 2, 1)):
        raise RuntimeError(f"vector + matrix @ vector expected, got {input.dim()}, {mat.dim()}, {vec.dim()}")
    rows, columns = mat.shape
    if columns != vec.shape[0] or (input.numel() != 1 and input.shape[0] != rows):
        raise RuntimeError(f"size mismatch, got input ({input.numel()}), mat ({rows}x{columns}), vec ({vec.shape[0]})")
    if not input.dtype == mat.dtype == vec.dtype:
        given = [scalar_type(each) for each in _arrays(input, mat, vec)]
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {given[0]}, {given[1]}, and {given[2]}"
        )
    return named(_sum_with(input, mv(mat, vec), beta, alpha), "AddmvBackward0")


@addmv.samples
def _(make):
    yield make.sample(make(2), make(2, 3), make(3), beta=0.5)


@composed(method=True, inplace=True, reference=_plus_product(np.outer))
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``, in the common dtype of all three."""
    for name, each in (("vec1", vec1), ("vec2", vec2)):
        if each.dim() != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {each.dim()}-D")
    _check_expands(input, (vec1.shape[0], vec2.shape[0]))
    arrays = _arrays(input, vec1, vec2)
    dtype = common_dtype(*arrays)
    for name, factor in (("beta", beta), ("alpha", alpha)):
        if type(factor) is float and dtype.kind != "f":
            raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
        if type(factor) is bool and dtype.kind != "b":
            raise RuntimeError(f"Boolean {name} only supported for Boolean results.")
    if dtype.kind == "b":
        return (input & bool(beta)) | (outer(vec1, vec2) & bool(alpha))
    input, vec1, vec2 = (
        each if array.dtype == dtype else each.to(from_numpy(dtype))
        for each, array in zip((input, vec1, vec2), arrays, strict=True)
    )
    return named(_sum_with(input, outer(vec1, vec2), beta, alpha), "AddrBackward0")


@addr.samples
def _(make):
    yield make.sample(make(2, 3), make(2), make(3), alpha=0.5)


@composed(method=True, inplace=True, reference=_plus_product(np.matmul))
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2)``."""
    _check_expands(input, (batch1.size(0), batch1.size(1), batch2.size(2)))
    order = _arrays(input, batch1, batch2)
    if input.dtype != batch1.dtype:
        raise RuntimeError(f"Input dtypes must be the same, got: {batch_dtypes(order)}")
    if order[1].dtype.kind == "b" and batch1.dim() == 3:
        raise not_implemented("baddbmm", order[1])
    return named(_sum_with(input, bmm(batch1, batch2), beta, alpha), "BaddbmmBackward0")


@baddbmm.samples
def _(make):
    yield make.sample(make(2, 3, 2), make(2, 3, 4), make(2, 4, 2), beta=0.5)


@composed(method=True, inplace=True, reference=_plus_product(lambda a, b: np.matmul(a, b).sum(0)))
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2).sum(0)``."""
    _check_expands(input, (batch1.size(1), batch2.size(2)))
    if batch1.dim() != 3 or batch2.dim() != 3:
        raise RuntimeError(f"batch{1 if batch1.dim() != 3 else 2} must be a 3D tensor")
    if batch1.shape[0] != batch2.shape[0]:
        raise RuntimeError(
            f"batch1 and batch2 must have same number of batches, got {batch1.shape[0]} and {batch2.shape[0]}"
        )
    if batch1.shape[2] != batch2.shape[1]:
        sizes = [f"{each.shape[1]}x{each.shape[2]}" for each in (batch1, batch2)]
        raise RuntimeError(f"Incompatible matrix sizes for bmm ({sizes[0]} and {sizes[1]})")
    order = _arrays(input, batch1, batch2)
    check_terms(("self", "mat1", "mat2"), order)
    if order[1].dtype.kind == "b":
        raise not_implemented("addmm_impl_cpu_", order[1])
    return named(_sum_with(input, bmm(batch1, batch2).sum(0, dtype=batch1.dtype), beta, alpha), "AddbmmBackward0")


@addbmm.samples
def _(make):
    yield make.sample(make(3, 2), make(2, 3, 4), make(2, 4, 2), alpha=0.5)
