"""Sorting, and order statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, array_of, is_device_array, kernels_of, on_host
from minigrad.ops.dims import wrap_dim
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented
from minigrad.ops.reduce import put_along_dim, select_at
from minigrad.ops.return_types import return_type
from minigrad.ops.shape import laid_out_as

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


_MIMICKED = 16384  # the longest rows in which equal elements are left where PyTorch leaves them


def _is_mimicked(input: Any, dim: int, stable: bool = False) -> bool:
    """Whether equal elements are left where PyTorch's algorithms leave them; in long rows the first is first."""
    return not stable and input.shape[dim] <= _MIMICKED


def _rows_of(input: Any, dim: int) -> Any:
    """Return an array with a dimension exchanged for the last."""
    return input if dim == input.ndim - 1 else input.swapaxes(dim, -1)


def _in_place(rows: Any, dim: int) -> Any:
    """Return what was found of rows, with their dimension back where it was."""
    return rows if dim == rows.ndim - 1 else rows.swapaxes(dim, -1).copy()


def _laid_out(rows: Any, dim: int, input: Any) -> Any:
    """Return what was found of all elements of rows, in the input's order in memory."""
    return _in_place(rows, dim) if input.flags.c_contiguous else laid_out_as(input, rows.swapaxes(dim, -1))


def _descending_order(x: Any, dim: int) -> Any:
    """Return the stable order from the largest to the smallest; nan counts as largest."""
    flipped = np.flip(x, dim)
    order = np.flip(np.argsort(flipped, axis=dim, kind="stable"), dim)
    return x.shape[dim] - 1 - order


def _order(input: Any, dim: int, descending: bool, stable: bool = True) -> Any:
    """Return where the elements are that come first, second and so on."""
    if not input.ndim:
        return array_module(input).zeros((), np.int64)
    if not is_device_array(input):
        rows = _rows_of(input, dim)
        order = kernels_of(input).order_rows(rows, descending, _is_mimicked(input, dim, stable))
        return _laid_out(order, dim, input)
    if descending:
        return _descending_order(input, dim).astype(np.int64, order="C", copy=False)
    return np.argsort(input, axis=dim, kind="stable").astype(np.int64, copy=False)


def _place_back(grad: Any, indices: Any, shape: tuple[int, ...], dim: int) -> Any:
    return put_along_dim(grad, indices, shape, wrap_dim(dim, len(shape))) if shape else grad


@op(namespace=None, name="sort_values", outputs=("values", "indices"), node="SortBackward0")
def sort_values(input: Tensor, dim: int, descending: bool, stable: bool) -> Any:
    """Elements in order along a dimension, and where they were."""
    dim = wrap_dim(dim, input.ndim)
    if input.ndim and not is_device_array(input):
        rows = _rows_of(input, dim)
        found = kernels_of(input).sort_rows(rows, descending, _is_mimicked(input, dim, stable))
        return tuple([_laid_out(each, dim, input) for each in found])
    order = _order(input, dim, descending, stable)
    return (np.take_along_axis(input, order, dim) if input.ndim else input.copy()), order


@sort_values.gradient
def _(grad, indices, input_shape, dim):
    return _place_back(grad, indices, input_shape, dim)


@sort_values.samples
def _(make):
    yield make.sample(make.apart(2, 3), 1, False, True)
    yield make.sample(make.apart(2, 3), 0, True, False)
    yield make.sample(make.apart(), 0, True, True)


@composed(method=True, reference=references.sort)
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    """Elements in ascending (or descending) order along ``dim``, as ``(values, indices)``.

    Nan counts as largest. Equal elements keep their order where that is asked for by ``stable=True``; else they come as
    PyTorch leaves them, in rows of up to 16384.
    """
    values, indices = sort_values(input, dim, descending, stable)
    return return_type("sort", ("values", "indices"))((values, indices))


@sort.samples
def _(make):
    yield make.sample(make.apart(5))
    yield make.sample(make.apart(2, 3), 0)
    yield make.sample(make.apart(2, 3, 2), dim=1, descending=True)
    yield make.sample(make.integers(6), stable=True)


@op(method=True, differentiable=False, reference=references.argsort)
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """Indices that sort the elements along ``dim``; equal elements keep their order with ``stable=True``."""
    return _order(input, wrap_dim(dim, input.ndim), descending, stable)


@argsort.samples
def _(make):
    yield make.sample(make.apart(5))
    yield make.sample(make.apart(2, 3), 0, True)
    yield make.sample(make.apart(2, 3), dim=-1, descending=True)


@composed(method=True, reference=lambda x: np.sort(x, 0))
def msort(input: Tensor) -> Tensor:
    """Elements in ascending order along the first dimension."""
    return sort(input, 0)[0]


@msort.samples
def _(make):
    yield make.sample(make.apart(4, 2))


@op(method=True, outputs=("values", "indices"), reference=references.topk)
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The ``k`` largest (or smallest) elements along ``dim``, in order, and where they are."""
    dim = wrap_dim(dim, input.ndim)
    if input.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU")
    length = input.shape[dim] if input.ndim else 1
    if not 0 <= k <= length:
        raise RuntimeError("selected index k out of range")
    if not input.ndim:
        return input.copy(), _order(input, dim, largest)
    rows = _rows_of(input, dim)
    if is_device_array(input):
        found = kernels_of(input).topk(rows, k, largest)
    else:
        found = kernels_of(input).first_of_rows(rows, k, largest, sorted, _is_mimicked(input, dim))
    return found if dim == input.ndim - 1 else tuple(_in_place(each, dim) for each in found)


@topk.gradient
def _(grad, indices, input_shape, dim):
    return _place_back(grad, indices, input_shape, dim)


@topk.samples
def _(make):
    yield make.sample(make.apart(5, gap=0.5), 2)
    yield make.sample(make.apart(2, 4, gap=0.5), 3, 1, False)
    yield make.sample(make.apart(4, 2, gap=0.5), 1, dim=0)
    yield make.sample(make.apart(4, gap=0.5), 0)


@op(method=True, outputs=("values", "indices"), reference=references.kthvalue)
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The ``k``-th smallest element (counted from 1) along ``dim``, and where it is."""
    dim = wrap_dim(dim, input.ndim)
    if input.dtype.kind == "b":
        raise not_implemented("kthvalue_cpu", input)
    length = input.shape[dim] if input.ndim else 1
    if not length:
        raise IndexError(f"kthvalue(): Expected reduction dim {dim} to have non-zero size.")
    if not 1 <= k <= length:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}")
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    if not is_device_array(input):
        return _one_a_row(kernels_of(input).kth_of_rows(_rows_of(input, dim), k - 1), dim, keepdim)
    where = _order(input, dim, False)[(slice(None),) * dim + (slice(k - 1, k),)]
    return _taken(input, where, dim, keepdim)


def _one_a_row(found: tuple[Any, Any], dim: int, keepdim: bool) -> tuple[Any, Any]:
    """Return what was found in each row, one element, in the shape of a reduction along the dimension."""
    values, where = (_in_place(each[..., None], dim) for each in found)
    return (values, where) if keepdim else (values.squeeze(dim), where.squeeze(dim))


def _taken(input: Any, where: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """Return the elements at one place of each row, and the places."""
    values = np.take_along_axis(input, where, dim)
    return (values, where) if keepdim else (values.squeeze(dim), where.squeeze(dim))


@kthvalue.gradient
def _(grad, indices, input_shape, dim, keepdim):
    return select_at(grad, indices, input_shape, dim, keepdim)


@kthvalue.samples
def _(make):
    yield make.sample(make.apart(5, gap=0.5), 2)
    yield make.sample(make.apart(2, 4, gap=0.5), 3, 1, True)
    yield make.sample(make.apart(4, 2, gap=0.5), 1, dim=0)


def _median_along(input: Any, dim: int, keepdim: bool, skip_nan: bool) -> tuple[Any, Any]:
    """Return the lower median along a dimension and where it is; a nan is the median unless it is skipped."""
    if input.dtype.kind == "b":
        raise not_implemented("median_out", input)
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    if not input.shape[dim]:
        raise IndexError(f"median(): Expected reduction dim {dim} to have non-zero size.")
    if not is_device_array(input):
        return _one_a_row(kernels_of(input).median_of_rows(_rows_of(input, dim), skip_nan), dim, keepdim)
    order = _order(input, dim, False)
    length = input.shape[dim]
    is_nan = np.isnan(input) if input.dtype.kind == "f" else array_module(input).zeros(input.shape, bool)
    valid = length - is_nan.sum(axis=dim, keepdims=True)
    middle = (valid - 1) // 2
    place = np.maximum(middle, 0) if skip_nan else np.where(valid < length, valid, middle)
    return _taken(input, np.take_along_axis(order, place, dim), dim, keepdim)


@op(namespace=None, name="median_dim", outputs=("values", "indices"), node="MedianBackward1")
def median_dim(input: Tensor, dim: int, keepdim: bool) -> Any:
    """Lower median along a dimension, and where it is."""
    return _median_along(input, wrap_dim(dim, input.ndim), keepdim, False)


@median_dim.gradient
def _(grad, indices, input_shape, dim, keepdim):
    return select_at(grad, indices, input_shape, dim, keepdim)


@median_dim.samples
def _(make):
    yield make.sample(make.apart(2, 5), 1, False)
    yield make.sample(make.apart(4, 2), 0, True)


@op(namespace=None, name="nanmedian_dim", outputs=("values", "indices"), node="NanmedianBackward1")
def nanmedian_dim(input: Tensor, dim: int, keepdim: bool) -> Any:
    """Lower median along a dimension of the elements that are not nan, and where it is."""
    return _median_along(input, wrap_dim(dim, input.ndim), keepdim, True)


@nanmedian_dim.gradient
def _(grad, indices, input_shape, dim, keepdim):
    return select_at(grad, indices, input_shape, dim, keepdim)


@nanmedian_dim.samples
def _(make):
    yield make.sample(make.apart(2, 5), 1, False)


@composed(method=True, reference=references.nanmedian)
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """Median (the lower of two middle elements) of all elements, or ``(values, indices)`` along ``dim``."""
    if dim is not None:
        return median_dim(input, dim, keepdim)
    if input.dtype.name == "bool":
        raise not_implemented("median_cpu", array_of(input))
    if not input.numel():
        return input.new_full((), float("nan"))
    return named(median_dim(input.reshape(-1), 0, False)[0], "MedianBackward0")


@median.samples
def _(make):
    yield make.sample(make.apart(5))
    yield make.sample(make.apart(2, 4))
    yield make.sample(make.apart(2, 4), 1)
    yield make.sample(make.apart(3, 2), dim=0, keepdim=True)


@composed(method=True, reference=references.nanmedian)
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """As `median`, of the elements that are not nan."""
    if dim is not None:
        return nanmedian_dim(input, dim, keepdim)
    if input.dtype.name == "bool":
        raise not_implemented("median_cpu", array_of(input))
    if not input.numel():
        return input.new_full((), float("nan"))
    return named(nanmedian_dim(input.reshape(-1), 0, False)[0], "NanmedianBackward0")


@nanmedian.samples
def _(make):
    yield make.sample(make.apart(5))
    yield make.sample(make.apart(2, 4), 1)


@op(method=True, outputs=("values", "indices"), reference=references.mode)
@on_host
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """Most frequent element along ``dim`` (the smallest of several), and a place where it is."""
    dim = wrap_dim(dim, input.ndim)
    if not input.ndim:
        return input.copy(), np.zeros((), np.int64)
    if not input.shape[dim]:
        raise IndexError(f"mode(): Expected reduction dim {dim} to have non-zero size.")
    return _one_a_row(kernels_of(input).mode_of_rows(_rows_of(input, dim)), dim, keepdim)


@mode.gradient
def _(grad, indices, input_shape, dim, keepdim):
    return select_at(grad, indices, input_shape, dim, keepdim)


@mode.samples
def _(make):
    yield make.sample(np.array([[1.0, 2, 2, 3], [3, 3, 1, 1]]), gradient=False)
    yield make.sample(make.integers(4, 3), 0, True)
    yield make.sample(make.integers(4, 3, 2), 0)
