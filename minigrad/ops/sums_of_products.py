"""Sums with products: ``addmm`` and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.dims import length_along
from minigrad.ops.errors import vector_differs
from minigrad.ops.matmul import checked_product, matmul, multiplied
from minigrad.ops.op import op
from minigrad.ops.product_checks import batch_dtypes, check_terms
from minigrad.ops.products import bmm, checked_batches, outer
from minigrad.ops.promotion import not_implemented, number_in, promote
from minigrad.ops.shape import expand, transpose

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _plus_product(multiply: Callable[..., Any]) -> Callable[..., Any]:
    """Return the reference of ``addmm`` and its kin, given that of the product."""
    return lambda x, a, b, beta=1, alpha=1: beta * x + alpha * multiply(a, b)


def _plus(input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """Return ``beta * input + alpha * product``; the product is a new array, and is overwritten."""
    if product.dtype.kind != "f":
        if product.dtype.kind == "b" and product.size and product.ndim > 1:
            raise RuntimeError("result type Long can't be cast to the desired output type Bool")
        beta, alpha = number_in(int(beta), product.dtype), number_in(int(alpha), product.dtype)
    if alpha != 1:
        product *= alpha
    if beta == 0:
        expand(input, product.shape)
        return product
    try:
        product += input if beta == 1 else input * beta
    except ValueError:
        expand(input, product.shape)  # says what does not broadcast
        raise
    return product


def _scaled(grad: Any, factor: Any) -> Any:
    return grad if factor == 1 else grad * factor


def _of_input(grad: Any, beta: Any) -> Any:
    """The rule for what is added to a product."""
    return grad if beta == 1 else grad * beta


@op(method=True, inplace=True, reference=_plus_product(np.matmul))
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``."""
    if mat1.ndim != 2 or mat2.ndim != 2:
        name, found = ("mat1", mat1) if mat1.ndim != 2 else ("mat2", mat2)
        raise RuntimeError(f"{name} must be a matrix, got {found.ndim}-D tensor")
    if input.dtype is not mat1.dtype or mat1.dtype is not mat2.dtype:
        check_terms(("self", "mat1", "mat2"), (input, mat1, mat2))
    return _plus(input, checked_product(mat1, mat2), beta, alpha)


addmm.gradient("input")(_of_input)


@addmm.gradient("mat1")
def _(grad, mat2, alpha):
    return _scaled(multiplied(grad, mat2.T), alpha)


@addmm.gradient("mat2")
def _(grad, mat1, alpha):
    return _scaled(multiplied(mat1.T, grad), alpha)


@addmm.samples
def _(make):
    yield make.sample(make(2, 4), make(2, 3), make(3, 4))
    yield make.sample(make(4), make(2, 3), make(3, 4), beta=0.5, alpha=2)
    yield make.sample(make(4), make(2, 0), make(0, 4))


@op(method=True, inplace=True, reference=_plus_product(np.matmul))
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``."""
    if input.ndim > 1 or mat.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input.ndim}, {mat.ndim}, {vec.ndim}")
    rows, columns = mat.shape
    if columns != vec.shape[0] or (input.size != 1 and input.shape[0] != rows):
        raise RuntimeError(f"size mismatch, got input ({input.size}), mat ({rows}x{columns}), vec ({vec.shape[0]})")
    if not input.dtype == mat.dtype == vec.dtype:
        raise vector_differs(input, mat, vec)
    return _plus(input, checked_product(mat, vec), beta, alpha)


addmv.gradient("input")(_of_input)


@addmv.gradient("mat")
def _(grad, vec, alpha):
    return _scaled(outer(grad, vec), alpha)


@addmv.gradient("vec")
def _(grad, mat, alpha):
    return _scaled(multiplied(mat.T, grad), alpha)


@addmv.samples
def _(make):
    yield make.sample(make(2), make(2, 3), make(3), beta=0.5)
    yield make.sample(make(), make(2, 3), make(3), alpha=2)


@op(method=True, inplace=True, reference=_plus_product(np.outer))
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``, in the common dtype of all three."""
    if vec1.ndim != 1 or vec2.ndim != 1:
        name, found = ("vec1", vec1) if vec1.ndim != 1 else ("vec2", vec2)
        raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {found.ndim}-D")
    if input.dtype is not vec1.dtype or vec1.dtype is not vec2.dtype:
        expand(input, (*vec1.shape, *vec2.shape))  # which is refused before a dtype is
        input, vec1, vec2 = promote(input, vec1, vec2)
    if input.dtype.kind != "f" or bool in (type(beta), type(alpha)):
        _check_factors(input.dtype, beta=beta, alpha=alpha)
    product = np.multiply(vec1.reshape(-1, 1), vec2)
    if product.dtype.kind == "b":
        return (input & bool(beta)) | (product & bool(alpha))
    return _plus(input, product, beta, alpha)


def _check_factors(dtype: np.dtype[Any], **factors: Any) -> None:
    """Refuse numbers of a higher category than a result's."""
    for name, factor in factors.items():
        if type(factor) is float and dtype.kind != "f":
            raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
        if type(factor) is bool and dtype.kind != "b":
            raise RuntimeError(f"Boolean {name} only supported for Boolean results.")


addr.gradient("input")(_of_input)


@addr.gradient("vec1")
def _(grad, vec2, alpha):
    return _scaled((grad * vec2).sum(1), alpha)


@addr.gradient("vec2")
def _(grad, vec1, alpha):
    return _scaled((grad * vec1.reshape((-1, 1))).sum(0), alpha)


@addr.samples
def _(make):
    yield make.sample(make(2, 3), make(2), make(3), alpha=0.5)
    yield make.sample(make(3), make(2), make(3), beta=2)


@op(method=True, inplace=True, reference=_plus_product(np.matmul))
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2)``."""
    if batch1.ndim != 3 or batch2.ndim != 3 or input.shape != (*batch1.shape[:2], batch2.shape[2]):
        expand(input, (length_along(batch1, 0), length_along(batch1, 1), length_along(batch2, 2)))
    if input.dtype != batch1.dtype:
        raise RuntimeError(f"Input dtypes must be the same, got: {batch_dtypes((input, batch1, batch2))}")
    if batch1.dtype.kind == "b" and batch1.ndim == 3:
        raise not_implemented("baddbmm", batch1)
    return _plus(input, checked_batches(batch1, batch2), beta, alpha)


baddbmm.gradient("input")(_of_input)


@baddbmm.gradient("batch1")
def _(grad, batch2, alpha):
    return _scaled(bmm(grad, transpose(batch2, 1, 2)), alpha)


@baddbmm.gradient("batch2")
def _(grad, batch1, alpha):
    return _scaled(bmm(transpose(batch1, 1, 2), grad), alpha)


@baddbmm.samples
def _(make):
    yield make.sample(make(2, 3, 2), make(2, 3, 4), make(2, 4, 2), beta=0.5)
    yield make.sample(make(3, 1), make(2, 3, 4), make(2, 4, 2), alpha=2)


@op(method=True, inplace=True, reference=_plus_product(lambda a, b: np.matmul(a, b).sum(0)))
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2).sum(0)``."""
    if batch1.ndim != 3 or batch2.ndim != 3 or input.shape != (batch1.shape[1], batch2.shape[2]):
        expand(input, (length_along(batch1, 1), length_along(batch2, 2)))
        if batch1.ndim != 3 or batch2.ndim != 3:
            raise RuntimeError(f"batch{1 if batch1.ndim != 3 else 2} must be a 3D tensor")
    if batch1.shape[0] != batch2.shape[0]:
        raise RuntimeError(
            f"batch1 and batch2 must have same number of batches, got {batch1.shape[0]} and {batch2.shape[0]}"
        )
    if batch1.shape[2] != batch2.shape[1]:
        sizes = [f"{each.shape[1]}x{each.shape[2]}" for each in (batch1, batch2)]
        raise RuntimeError(f"Incompatible matrix sizes for bmm ({sizes[0]} and {sizes[1]})")
    if input.dtype is not batch1.dtype or batch1.dtype is not batch2.dtype:
        check_terms(("self", "mat1", "mat2"), (input, batch1, batch2))
    if batch1.dtype.kind == "b":
        raise not_implemented("addmm_impl_cpu_", batch1)
    return _plus(input, checked_batches(batch1, batch2).sum(0, dtype=batch1.dtype), beta, alpha)


addbmm.gradient("input")(_of_input)


@addbmm.gradient("batch1")
def _(grad, batch2, alpha):
    return _scaled(matmul(grad, transpose(batch2, 1, 2)), alpha)


@addbmm.gradient("batch2")
def _(grad, batch1, alpha):
    return _scaled(matmul(transpose(batch1, 1, 2), grad), alpha)


@addbmm.samples
def _(make):
    yield make.sample(make(3, 2), make(2, 3, 4), make(2, 4, 2), alpha=0.5)
    yield make.sample(make(2), make(2, 3, 4), make(2, 4, 2), beta=2)
