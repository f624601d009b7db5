"""Sorting, order statistics, searching and counting."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import (
    array_module,
    array_of,
    as_array,
    as_its_kind,
    is_device_array,
    kernels_of,
    like,
    on_host,
)
from minigrad.ops.dims import wrap_dim
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op, return_type
from minigrad.ops.promotion import check_floating, not_implemented
from minigrad.ops.reduce import put_along_dim, select_at

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


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
        return _in_place(kernels_of(input).order_rows(rows, descending, _is_mimicked(input, dim, stable)), dim)
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
        return found if dim == input.ndim - 1 else tuple(_in_place(each, dim) for each in found)
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
    rows = np.moveaxis(input, dim, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    values = array_module(input).empty(len(flat), input.dtype)
    where = np.empty(len(flat), np.int64)
    order = kernels_of(flat).order_rows(flat, False, True)
    for k, row in enumerate(np.take_along_axis(flat, order, -1)):
        ends = np.flatnonzero(np.append(row[1:] != row[:-1], True))
        end = ends[np.diff(ends, prepend=-1).argmax()]
        values[k], where[k] = row[end], order[k, end]
    shape = rows.shape[:-1]
    values, where = values.reshape(shape), where.reshape(shape)
    return (np.expand_dims(values, dim), np.expand_dims(where, dim)) if keepdim else (values, where)


@mode.gradient
def _(grad, indices, input_shape, dim, keepdim):
    return select_at(grad, indices, input_shape, dim, keepdim)


@mode.samples
def _(make):
    yield make.sample(np.array([[1.0, 2, 2, 3], [3, 3, 1, 1]]), gradient=False)
    yield make.sample(make.integers(4, 3), 0, True)


# Distinct values.


def _own_dim(dim: int, ndim: int) -> int:
    """Return a dimension from 0, of which a tensor without dimensions has none."""
    if not ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return wrap_dim(dim, ndim)


@composed(method=True, reference=references.unique)
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Distinct elements in ascending order (distinct slices along ``dim``).

    Returns
    -------
    Tensor, or a tuple with the inverse (where each element went) and the counts when asked for
    """
    array = array_of(input)
    axis = None if dim is None else _own_dim(dim, array.ndim)
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    wrap = type(input)._wrap
    results = [wrap(values)]
    if return_inverse:
        results.append(wrap(inverse.astype(np.int64).reshape(array.shape if axis is None else -1)))
    if return_counts:
        results.append(wrap(counts.astype(np.int64)))
    return results[0] if len(results) == 1 else tuple(results)


@unique.samples
def _(make):
    yield make.sample(make.integers(8))
    yield make.sample(make.integers(2, 4), return_inverse=True, return_counts=True)
    yield make.sample(np.array([[1, 2], [1, 2], [0, 3]]), dim=0, return_counts=True)


@composed(method=True, reference=references.unique_consecutive)
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """First element of each run of equal elements (of equal slices along ``dim``)."""
    array = array_of(input)
    flat = array.reshape(-1) if dim is None else np.moveaxis(array, _own_dim(dim, array.ndim), 0)
    if len(flat):
        changed = (flat[1:] != flat[:-1]).any(axis=tuple(range(1, flat.ndim)))
        starts = np.concatenate([array_module(array).ones(1, bool), changed])
    else:
        starts = array_module(array).zeros(0, bool)
    wrap = type(input)._wrap
    values = flat[starts]
    results = [wrap(values if dim is None else np.moveaxis(values, 0, wrap_dim(dim, array.ndim)).copy())]
    if return_inverse:
        inverse = np.cumsum(starts) - 1
        results.append(wrap(inverse.astype(np.int64).reshape(array.shape if dim is None else -1)))
    if return_counts:
        places = np.append(np.flatnonzero(starts), as_its_kind(starts, [len(flat)]))
        results.append(wrap(np.diff(places).astype(np.int64)))
    return results[0] if len(results) == 1 else tuple(results)


@unique_consecutive.samples
def _(make):
    yield make.sample(np.array([1, 1, 2, 2, 3, 1, 1]), return_inverse=True, return_counts=True)
    yield make.sample(make.integers(9, high=2))


# Searching and counting.


def _search(sorted_sequence: Any, values: Any, right: bool, out_int32: bool) -> Any:
    if values.dtype.kind == sorted_sequence.dtype.kind == "b":
        raise not_implemented("searchsorted_out_cpu", values)
    values = like(sorted_sequence, values)
    side = "right" if right else "left"
    if sorted_sequence.ndim <= 1:
        found = np.searchsorted(sorted_sequence, values, side)
    else:
        if values.shape[:-1] != sorted_sequence.shape[:-1]:
            raise RuntimeError(
                "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of "
                "boundaries tensor and input value tensor must match, but we got boundaries tensor "
                f"{list(sorted_sequence.shape)} and "
                f"input value tensor {list(values.shape)}"
            )
        if not values.size:
            return array_module(values).zeros(values.shape, np.int32 if out_int32 else np.int64)
        rows = sorted_sequence.reshape(-1, sorted_sequence.shape[-1]) if sorted_sequence.size else [sorted_sequence[0]]
        wanted = values.reshape(len(rows), -1)
        found = np.stack([np.searchsorted(row, want, side) for row, want in zip(rows, wanted, strict=True)])
        found = found.reshape(values.shape)
    return as_array(found).astype(np.int32 if out_int32 else np.int64)


@op(differentiable=False, reference=references.searchsorted)
def searchsorted(
    sorted_sequence: Tensor,
    input: Tensor | Number,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where values would have to be put into a sorted sequence (the last dimension) to keep it sorted.

    Parameters
    ----------
    right : bool
        Put them behind equal elements instead of before; ``side="right"`` says the same.
    sorter : Tensor, optional
        Indices that sort the sequence.

    Raises
    ------
    RuntimeError
        For an unknown side.
    """
    if side is not None and side not in ("left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if sorter is not None:
        sorted_sequence = np.take_along_axis(sorted_sequence, sorter, -1)
    return _search(sorted_sequence, as_array(input), right or side == "right", out_int32)


@searchsorted.samples
def _(make):
    yield make.sample(np.array([1.0, 3, 5, 7]), np.array([[0.5, 3], [6, 9]]))
    yield make.sample(np.array([[1.0, 3, 5], [2, 4, 6]]), np.array([[3.0, 4], [4, 7]]), right=True)
    yield make.sample(np.array([1.0, 3, 5, 7]), 3.0)


@op(
    differentiable=False,
    reference=lambda x, bounds, right=False: np.searchsorted(bounds, x, "right" if right else "left"),
)
def bucketize(input: Tensor | Number, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Number of the bucket, between sorted ``boundaries``, in which each element lies."""
    if boundaries.ndim != 1:
        raise RuntimeError(f"bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return _search(boundaries, as_array(input), right, out_int32)


@bucketize.samples
def _(make):
    yield make.sample(make(2, 3), np.array([-1.0, 0, 1]))
    yield make.sample(np.array([1, 3, 4]), np.array([1, 3]), right=True)


@op(method=True, differentiable=False, reference=np.bincount)
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number from 0 on occurs (or the sum of its weights)."""
    if input.dtype.kind not in "iu":
        raise not_implemented("bincount_cpu", input)
    if input.ndim != 1 or (input.size and input.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    counts = np.bincount(input, weights, minlength)
    if weights is None:
        return counts.astype(np.int64)
    return counts.astype(weights.dtype if weights.dtype == np.float32 else np.float64)


@bincount.samples
def _(make):
    yield make.sample(make.integers(9))
    yield make.sample(make.integers(9), minlength=8)
    yield make.sample(make.integers(9), make(9), gradient=False)


@op(method=True, differentiable=False, reference=references.histc)
def histc(input: Tensor, bins: int = 100, min: Number = 0, max: Number = 0) -> Tensor:
    """Counts of the elements in equal bins from ``min`` to ``max`` (the data's own range when both are 0)."""
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    check_floating("linspace_cpu" if input.dtype.kind == "b" else "histogram_cpu", input)
    low, high = builtins.float(min), builtins.float(max)
    if low == high == 0 and input.size:
        low, high = builtins.float(input.min()), builtins.float(input.max())
    if low == high:
        low, high = low - 1, high + 1
    if not np.isfinite(low) or not np.isfinite(high):
        raise RuntimeError(f"torch.histc: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    counts, _ = np.histogram(input, bins, (low, high))
    return counts.astype(input.dtype)


@histc.samples
def _(make):
    yield make.sample(make(20), 5)
    yield make.sample(make(20), 4, -1, 1)
