"""Scans: running sums, products and extremes along a dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.arrange import flip
from minigrad.ops.backend import array_module, as_its_kind, is_array, is_device_array, kernels_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.exponential import exp, log
from minigrad.ops.op import op
from minigrad.ops.promotion import check_floating
from minigrad.ops.quiet import quiet
from minigrad.ops.reduce import sum
from minigrad.ops.rounding import abs
from minigrad.ops.scatter import scatter_add
from minigrad.ops.select import where
from minigrad.ops.shape import row_major, transpose
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _scanned(input: Any, dtype: Any) -> Any:
    if dtype is not None:
        return input.astype(dtype.numpy, copy=False)
    return input if input.dtype.kind == "f" else input.astype(np.int64, copy=False)


def _has_kernel(input: Any, dim: int) -> bool:
    """Whether it is a kernel that scans: of floats always, of int64 where NumPy would wait for every element."""
    return input.dtype.kind == "f" or (input.dtype.char == "l" and dim == input.ndim - 1)


def scan_samples(make: Any) -> Any:
    """Yield inputs scanned along first, last and negative dimensions, 0-d and empty ones."""
    yield make.sample(make(4), 0)
    yield make.sample(make(2, 3), 1)
    yield make.sample(make(2, 3, 2), -2)
    yield make.sample(make(), 0)
    yield make.sample(make(0, 3), 0)
    yield make.sample(make(4, 3).T, 0)


@op(method=True, inplace=True, reference=lambda x, dim, dtype=None: np.cumsum(x, axis=dim) if x.ndim else x)
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Running sum along a dimension; integers and bools are summed in int64."""
    dim = wrap_dim(dim, input.ndim)
    input = _scanned(input, dtype)
    if not input.ndim:
        return input.copy()
    if _has_kernel(input, dim):
        return kernels_of(input).cumsum(input, dim)
    return row_major(np.add.accumulate(input, axis=dim, dtype=input.dtype))


@cumsum.gradient
def _(grad, dim):
    return reversed_cumsum(grad, dim)


@cumsum.samples
def _(make):
    yield from scan_samples(make)


@op(namespace=None)
def reversed_cumsum(input: Tensor, dim: int) -> Tensor:
    """Running sum along a dimension, from its end to its start."""
    if not input.ndim:
        return input.copy()
    dim = wrap_dim(dim, input.ndim)
    return kernels_of(input).cumsum(input, dim, True)


@reversed_cumsum.gradient
def _(grad, dim):
    return cumsum(grad, dim)


@reversed_cumsum.samples
def _(make):
    yield make.sample(make(2, 3), 1)


@op(method=True, inplace=True, reference=lambda x, dim, dtype=None: np.cumprod(x, axis=dim) if x.ndim else x)
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Running product along a dimension; integers and bools are multiplied in int64."""
    dim = wrap_dim(dim, input.ndim)
    input = _scanned(input, dtype)
    if not input.ndim:
        return input.copy()
    if _has_kernel(input, dim):
        return kernels_of(input).cumprod(input, dim)
    return row_major(np.multiply.accumulate(input, axis=dim, dtype=input.dtype))


@cumprod.gradient
def _(grad, input, out, dim):
    if not len(input.shape):
        return grad
    if not (input == 0).any():
        return reversed_cumsum(grad * out, dim) / input
    # With zeros there is nothing to divide by: multiply out, for each element, the products that it is part of.
    rows, weights = transpose(input, dim, -1), transpose(grad, dim, -1)
    products = cumprod(_others(rows), -1)
    from_here_on = np.triu(np.ones(products.shape[-2:], bool))
    terms = where(as_its_kind(rows, from_here_on), weights[..., None, :] * products, 0.0)
    return transpose(sum(terms, -1), dim, -1)


@cumprod.samples
def _(make):
    yield from scan_samples(make)
    yield make.sample(np.array([2.0, 0.0, 3.0, 0.0, 1.5]), 0)


@quiet
def _add_logarithms(x: Any, axis: int) -> Any:
    """Return the running ``numpy.logaddexp`` along a dimension; on a device by doubling [1]_.

    .. [1] W. D. Hillis, G. L. Steele, "Data parallel algorithms", 1986, doi:10.1145/7902.7903.
    """
    if not is_device_array(x):
        return np.logaddexp.accumulate(x, axis=axis)
    out = np.moveaxis(x, axis, 0).copy()
    step = 1
    while step < len(out):
        out[step:] = np.logaddexp(out[step:], out[:-step])
        step *= 2
    return np.moveaxis(out, 0, axis)


def _logcumsumexp_reference(x: Any, dim: int) -> Any:
    largest = np.max(x, initial=0)
    return np.log(np.cumsum(np.exp(x - largest), axis=dim)) + largest if x.ndim else x


@op(method=True, reference=_logcumsumexp_reference)
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """Logarithm of the running sum of ``exp(input)`` along a dimension, in its stable form."""
    dim = wrap_dim(dim, input.ndim)
    check_floating("logcumsumexp_out_cpu", input)
    return row_major(_add_logarithms(input, axis=dim)) if input.ndim else input.copy()


@logcumsumexp.gradient
def _(grad, input, out, dim):
    # Positive and negative gradients apart: of each, the sum over what follows is again a sum of exponentials.
    lowest = np.finfo(grad.dtype if is_array(grad) else grad.dtype.numpy).min
    size = log(abs(grad))
    positive, negative = (
        exp(flip(logcumsumexp(flip(where(chosen, size, lowest) - out, dim), dim), dim) + input)
        for chosen in (grad > 0, grad < 0)
    )
    return positive - negative


@logcumsumexp.samples
def _(make):
    yield from scan_samples(make)
    yield make.sample(np.array([-np.inf, 1.0, 2.0, -np.inf]), 0, gradient=False)
    yield make.sample(np.array([800.0, 801.0, -900.0]), 0, gradient=False)


def _others(rows: Any) -> Any:
    """Return ``out[..., k, j] = rows[..., j]``, with 1 where k is j."""
    length = rows.shape[-1]
    return where(as_its_kind(rows, np.eye(length, dtype=bool)), 1.0, rows[..., None, :])


@op(namespace=None)
def exclusive_products(input: Tensor, dim: int) -> Tensor:
    """For each element, the product of all others along a dimension (1 where there are none)."""
    if not input.ndim:
        return np.ones_like(input)
    x = np.moveaxis(input, dim, 0)
    before, after = np.ones_like(x), np.ones_like(x)
    if len(x) > 1:
        before[1:] = np.multiply.accumulate(x[:-1], axis=0)
        after[:-1] = np.flip(np.multiply.accumulate(np.flip(x, 0)[:-1], axis=0), 0)
    return np.moveaxis(before * after, 0, dim).copy()


@exclusive_products.gradient
def _(grad, input, dim):
    if not len(input.shape):
        return zero(input)
    rows, weights = transpose(input, dim, -1), transpose(grad, dim, -1)
    pairs = exclusive_products(_others(rows), -1)  # the products without the elements k and j
    apart = where(as_its_kind(rows, np.eye(rows.shape[-1], dtype=bool)), 0.0, pairs)
    return transpose(sum(weights[..., None] * apart, -2), dim, -1)


@exclusive_products.samples
def _(make):
    yield make.sample(make(2, 3), 1)


def _running(input: Any, dim: int, largest: bool) -> tuple[Any, Any]:
    """Return the running extreme along a dimension, and where each was last met; nan wins and stays."""
    dim = wrap_dim(dim, input.ndim)
    if not input.ndim:
        return input.copy(), array_module(input).zeros((), np.int64)
    return kernels_of(input).running_extreme(input, largest, dim)


@op(method=True, outputs=("values", "indices"), reference=references.running(np.maximum.accumulate))
def cummax(input: Tensor, dim: int) -> Any:
    """Running maximum along a dimension, and where it is (the last of equals)."""
    return _running(input, dim, True)


@cummax.gradient
def _(grad, indices, dim):
    return _scatter_running(grad, indices, dim)


@cummax.samples
def _(make):
    yield make.sample(make.apart(4), 0)
    yield make.sample(make.apart(2, 3), -1)
    yield make.sample(make.apart(), 0)


@op(method=True, outputs=("values", "indices"), reference=references.running(np.minimum.accumulate))
def cummin(input: Tensor, dim: int) -> Any:
    """Running minimum along a dimension, and where it is (the last of equals)."""
    return _running(input, dim, False)


@cummin.gradient
def _(grad, indices, dim):
    return _scatter_running(grad, indices, dim)


@cummin.samples
def _(make):
    yield make.sample(make.apart(4), 0)
    yield make.sample(make.apart(2, 3), -1)
    yield make.sample(make.apart(), 0)


def _scatter_running(grad: Any, indices: Any, dim: int) -> Any:
    return scatter_add(zero(grad), dim, indices, grad) if grad.shape else grad
