"""The product of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.dims import axes
from minigrad.ops.op import composed, op
from minigrad.ops.reduce import expand_reduced, reduction_samples
from minigrad.ops.scan import exclusive_products
from minigrad.ops.shape import reshape

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(
    method=True,
    variant=lambda input, dim, *rest: f"ProdBackward{0 if dim is None else 1}",
    reference=lambda x, dim=None, keepdim=False, dtype=None: np.prod(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Product of the elements, over all dimensions or along one; integers and bools are multiplied in int64."""
    if dtype is None and (input.dtype.kind == "f" or input.dtype.char == "l"):
        return kernels_of(input).prod(input, axes(dim, input.ndim), keepdim)
    wanted = np.dtype(np.int64) if dtype is None else dtype.numpy
    return np.multiply.reduce(input, axis=axes(dim, input.ndim), dtype=wanted, keepdims=keepdim)


@prod.gradient
def _(grad, input, out, dim, keepdim):
    if not (input == 0).any():
        return expand_reduced(grad * out, input.shape, dim, keepdim) / input
    return expand_reduced(grad, input.shape, dim, keepdim) * product_of_others(input, dim)


@prod.samples
def _(make):
    yield from reduction_samples(make)
    yield make.sample(np.array([[1.0, 0.0, 3.0], [2.0, -1.0, 0.5]]), dim=1)
    yield make.sample(make(0, 3), dim=0)


@composed(namespace=None)
def product_of_others(input: Tensor, dim: int | None) -> Tensor:
    """For each element the product of all others over ``dim``; right where elements are 0 (no division)."""
    if dim is None or not input.shape:
        flat = reshape(input, (-1,))
        return reshape(exclusive_products(flat, 0), input.shape)
    return exclusive_products(input, dim)


@product_of_others.samples
def _(make):
    yield make.sample(make(2, 3), 1)
    yield make.sample(make(2, 3), None)
