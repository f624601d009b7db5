"""Rows named by a vector of indices: picked, added, copied or filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops import references
from minigrad.ops.backend import array_module, as_array, is_array, kernels_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.indices import points_outside, selected
from minigrad.ops.op import op
from minigrad.ops.promotion import cast, number_in
from minigrad.ops.select import where
from minigrad.ops.shape import order_of
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


_INDEX_DTYPES = frozenset((np.dtype(np.int64), np.dtype(np.int32)))


@op(method=True, reference=lambda x, dim, index: np.take(x, index, axis=dim) if x.ndim else x)
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Rows (or columns, ...) of the input named by a 1-D tensor of indices, as a copy."""
    dim = wrap_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in _INDEX_DTYPES:
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if not input.ndim:
        if points_outside(index, 1):
            raise IndexError("index out of range in self")
        if index.size != 1:
            raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {index.size} value(s)")
        return input.copy()
    return selected(input, dim, index if index.ndim else index.reshape(1))


@index_select.gradient("input")
def _(grad, input_shape, dim, index):
    return index_add_to_zeros(grad, input_shape, dim, index)


@index_select.samples
def _(make):
    yield make.sample(make(3, 4), 0, np.array([2, 0, 2]))
    yield make.sample(make(3, 4), -1, np.array([1]))
    yield make.sample(make(3, 4), 1, np.array([], dtype=np.int64))
    yield make.sample(make(5), 0, np.array([4, 1]))


@op(namespace=None)
def index_add_to_zeros(grad_output: Tensor, shape: tuple[int, ...], dim: int, index: Tensor) -> Tensor:
    """Zeros of ``shape`` to whose rows named by ``index`` the rows of ``grad_output`` are added."""
    out = array_module(grad_output).zeros(shape, grad_output.dtype)
    if not out.ndim:
        return out + grad_output.sum()
    _add_rows(out, wrap_dim(dim, len(shape)), index.reshape(-1), grad_output)
    return out


@index_add_to_zeros.gradient("grad_output")
def _(grad, dim, index):
    return index_select(grad, dim, index)


@index_add_to_zeros.samples
def _(make):
    yield make.sample(make(3, 4), (5, 4), 0, np.array([2, 0, 2]))
    yield make.sample(make(4, 3), (4, 5), 1, np.array([2, 0, 2]))


def _add_rows(out: Any, dim: int, index: Any, rows: Any) -> None:
    if index.size and rows.size:
        kernels_of(out).index_add(out, index if index.dtype == np.int64 else index.astype(np.int64), rows, dim)


def _check_rows(name: str, input: Any, dim: int, index: Any, source: Any) -> tuple[int, Any]:
    dim = wrap_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got dim: {index.ndim}")
    if index.dtype not in _INDEX_DTYPES:
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    if source is not None and not input.ndim:
        _check_one_row(name, dim, index, source)
    length = input.shape[dim] if input.ndim else 1
    if points_outside(index, length):
        raise IndexError(f"{name}(): index out of range in self")
    if source is not None and source.ndim and input.ndim:
        expected = (*input.shape[:dim], index.size, *input.shape[dim + 1 :])
        if source.shape != expected:
            raise _wrong_rows(name, input, dim, index, source)
    return dim, index.reshape(-1)


def _check_one_row(name: str, dim: int, index: Any, source: Any) -> None:
    """Refuse what does not fit a tensor without dimensions: several rows, or not one index a row."""
    if name == "index_copy":
        if index.size != 1:
            raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {index.size})")
        return
    if source.ndim and source.shape[dim] != index.size:
        raise RuntimeError(
            f"{name}_(): Number of indices ({index.size}) should be equal to source.size(dim): ({source.shape[dim]}), "
            f"for dim: {dim}"
        )
    if not source.ndim and index.size != 1:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if source.ndim:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = [] "
            f"source.shape = {list(source.shape)}"
        )


def _wrong_rows(name: str, input: Any, dim: int, index: Any, source: Any) -> Exception:
    """Return the error for a source that is not one row an index, of the class that PyTorch raises."""
    kind = IndexError if name == "index_copy" else RuntimeError
    if name == "index_copy" and source.ndim != input.ndim:
        return kind(
            f"{name}_(): When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({source.ndim}), destination dimensionality ({input.ndim})"
        )
    if source.ndim == input.ndim and source.shape[dim] != index.size:
        return kind(
            f"{name}_(): Number of indices ({index.size}) should be equal to source.size(dim): ({source.shape[dim]}), "
            f"for dim: {dim}"
        )
    return kind(
        "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
        f"{list(input.shape)} source.shape = {list(source.shape)}"
    )


@op(method=True, inplace=True, reference=references.index_add)
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Number = 1) -> Tensor:
    """Copy of the input to whose rows named by ``index`` the rows of ``alpha * source`` are added."""
    if source.dtype != input.dtype:
        mine, other = (from_numpy(each.dtype).tensor_type.removesuffix("Tensor") for each in (input, source))
        raise RuntimeError(f"index_add_(): self ({mine}) and source ({other}) must have the same scalar type")
    dim, index = _check_rows("index_add", input, dim, index, source)
    out = input.copy(order="C")
    rows = source if alpha == 1 else source * cast(alpha, source.dtype)[()]
    if not input.ndim:
        return out + rows.sum(dtype=out.dtype)
    _add_rows(out, dim, index, rows)
    return out


@index_add.gradient("input")
def _(grad):
    return grad


@index_add.gradient("source")
def _(grad, dim, index, alpha):
    rows = index_select(grad, dim, index)
    return rows if alpha == 1 else rows * alpha


@index_add.samples
def _(make):
    yield make.sample(make(5, 4), 0, np.array([2, 0, 2]), make(3, 4))
    yield make.sample(make(4, 5), 1, np.array([2, 0, 2]), make(4, 3), alpha=0.5)


@op(method=True, inplace=True, reference=references.index_copy)
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Copy of the input with its rows named by ``index`` replaced by the rows of ``source``."""
    dim, index = _check_rows("index_copy", input, dim, index, source)
    if source.dtype != input.dtype:
        raise RuntimeError("index_copy_(): self and source expected to have the same dtype")
    out = input.copy(order="C")
    if not input.ndim:
        return source.reshape(()).copy()
    out[(slice(None),) * dim + (index,)] = source
    return out


@index_copy.gradient("input")
def _(grad, dim, index):
    return index_fill(grad, dim, index, 0.0)


@index_copy.gradient("source")
def _(grad, dim, index):
    return index_select(grad, dim, index)


@index_copy.samples
def _(make):
    yield make.sample(make(5, 4), 0, np.array([2, 0]), make(2, 4))
    yield make.sample(make(4, 5), -1, np.array([4, 1, 0]), make(4, 3))


@op(
    method=True,
    inplace=True,
    variant=lambda input, dim, index, value: f"IndexFillBackward{int(is_array(value))}",
    reference=references.index_fill,
)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Tensor | Number) -> Tensor:
    """Copy of the input with its rows named by ``index`` filled with a number."""
    if is_array(value) and value.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    if index.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    length = input.shape[wrap_dim(dim, input.ndim)] if input.ndim else 1
    dim, index = _check_rows("index_fill", input, dim, _counted(index, length), None)
    out = input.copy(order=order_of(input))
    if not input.ndim:
        return as_array(value, input.dtype) if index.size else out
    out[(slice(None),) * dim + (index,)] = number_in(value, input.dtype)
    return out


def _counted(index: Any, length: int) -> Any:
    """Return indices that count from the start; most do already."""
    return np.where(index < 0, index + length, index) if points_outside(index, length) else index


@index_fill.gradient("input")
def _(grad, dim, index):
    return index_fill(grad, dim, index, 0.0)


@index_fill.gradient("value")
def _(grad, dim, index):
    return where(index_fill(zero(grad), dim, index, 1.0) == 1, grad, 0.0).sum()


@index_fill.samples
def _(make):
    yield make.sample(make(5, 4), 0, np.array([2, 0]), 1.5)
    yield make.sample(make(5, 4), 1, np.array([2, 0]), make())
