"""Placing elements at flat indices, on diagonals, by reduction; and rows scaled to a norm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.index_rows import index_add
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.promotion import not_implemented
from minigrad.ops.scatter import scatter_reduce
from minigrad.ops.shape import reshape
from minigrad.ops.vector_norm import vector_norm
from minigrad.ops.write import index_put

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _title(tensor: Any) -> str:
    return str(tensor.dtype.tensor_type.removesuffix("Tensor"))


def _put_reference(x: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    out = x.copy()
    flat = out.reshape(-1)
    if accumulate:
        np.add.at(flat, index.reshape(-1), source.reshape(-1))
    else:
        flat[index.reshape(-1)] = source.reshape(-1)
    return flat.reshape(x.shape)


@composed(method=True, inplace=True, reference=_put_reference)
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Copy of the input, read as one row, with ``source`` written (or added) at ``index``.

    Parameters
    ----------
    index : Tensor of int64
        Of as many elements as ``source``; negative numbers count from the end.
    accumulate : bool
        Whether values are added to what is there.

    Raises
    ------
    RuntimeError
        For an index that is not int64, and for a source of another dtype.
    IndexError
        For an index that is out of bounds, or of another number of elements than the source.
    """
    if index.dtype.name != "int64":
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {_title(index)}")
    if index.numel() != source.numel():
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source.numel()}, index.numel() = {index.numel()}"
        )
    if input.dtype != source.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {_title(input)} and "
            f"source.dtype = {_title(source)}"
        )
    count = input.numel()
    wrong = (index < -count) | (index >= count)
    if wrong.any():
        raise IndexError(
            f"out of range: tried to access index {index[wrong][0].item()} on a tensor of {count} elements."
        )
    flat = index_put(reshape(input, (-1,)), (reshape(index, (-1,)),), reshape(source, (-1,)), accumulate)
    return named(reshape(flat, tuple(input.shape)), "PutBackward0")


@put.samples
def _(make):
    yield make.sample(make(2, 3), np.array([1, -1]), make(2))
    yield make.sample(make(3, 2).T, np.array([[4, 0]]), make(1, 2))
    yield make.sample(make(2, 3), np.array([1, 1, 5]), make(3), accumulate=True)
    yield make.sample(make(), np.array([0]), make(1))


_REDUCTIONS = ("prod", "mean", "amax", "amin")


def _index_reduce_reference(
    x: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Any:
    shape = [1] * x.ndim
    shape[dim] = -1
    places = np.broadcast_to(index.reshape(shape), source.shape)
    return references.scatter_reduce(x, dim, places, source, reduce, include_self=include_self)


@composed(method=True, inplace=True, reference=_index_reduce_reference)
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Copy of the input into whose rows named by ``index`` the rows of ``source`` are reduced.

    Parameters
    ----------
    reduce : {"prod", "mean", "amax", "amin"}
    include_self : bool
        Whether the input's own rows take part.

    Raises
    ------
    RuntimeError
        For an unknown reduction, and for bools.
    """
    if reduce not in _REDUCTIONS:
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    if not include_self and input.dtype.name == "bool":
        raise not_implemented("index_reduce_func_exclude_input_init", input.numpy())
    dim = wrap_dim(dim, input.dim())
    if not input.dim():
        index_add(array_of(input), dim, array_of(index), array_of(source))  # for its checks
        reduced = index_reduce(input.reshape(1), 0, index, source.reshape(1), reduce, include_self=include_self)
        return named(reduced.reshape(()), "IndexReduceBackward0")
    places = reshape(index, (1,) * dim + (-1,) + (1,) * (source.dim() - dim - 1)).expand(tuple(source.shape))
    reduced = scatter_reduce(input, dim, places, source, reduce, include_self=include_self)
    return named(reduced, "IndexReduceBackward0")


@index_reduce.samples
def _(make):
    for reduce in _REDUCTIONS:
        for include_self in (True, False):
            yield make.sample(
                make.apart(3, 4), 0, np.array([2, 0]), make.apart(2, 4) + 0.03, reduce, include_self=include_self
            )
    yield make.sample(make.apart(2, 3), -1, np.array([0, 2]), make.apart(2, 2) + 0.03, "amax")


def _renorm_reference(x: Any, p: float, dim: int, maxnorm: float) -> Any:
    rest = tuple(k for k in range(x.ndim) if k != dim % x.ndim)
    norms = (np.abs(x) ** p).sum(rest, keepdims=True) ** (1 / p)
    return np.where(norms > maxnorm, x * (maxnorm / (norms + 1e-7)), x)


@composed(method=True, inplace=True, reference=_renorm_reference)
def renorm(input: Tensor, p: Number, dim: int, maxnorm: Number) -> Tensor:
    """Copy of the input with the slices along ``dim`` scaled down to a p-norm of at most ``maxnorm``."""
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.dim() < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.dim()} dimensions")
    dim = wrap_dim(dim, input.dim())
    norms = vector_norm(input, p, [k for k in range(input.dim()) if k != dim], keepdim=True)
    factors = (maxnorm / (norms + 1e-7)).where(norms > maxnorm, 1.0)
    return named((input * factors).contiguous(), "RenormBackward0")


@renorm.samples
def _(make):
    yield make.sample(make(3, 4), 2, 0, 1.5)
    yield make.sample(make(2, 3, 2), 1, -1, 2.0)
    yield make.sample(make(4, 3).T, 3.0, 1, 1.0)


def _fill_diagonal_reference(x: Any, fill_value: float, wrap: bool = False) -> Any:
    out = x.copy()
    np.fill_diagonal(out, fill_value, wrap)
    return out


@composed(namespace=None, name="fill_diagonal", inplace=True, reference=_fill_diagonal_reference)
def fill_diagonal(input: Tensor, fill_value: Number, wrap: bool = False) -> Tensor:
    """Copy of the input with a number on the diagonal; as ``x.fill_diagonal_(number)`` it writes there.

    Parameters
    ----------
    wrap : bool
        Whether the diagonal of a tall matrix begins anew after its last column, one row left out.

    Raises
    ------
    RuntimeError
        For a vector, and for more than two dimensions of unequal lengths.
    """
    if input.dim() < 2:
        raise RuntimeError("dimensions must larger than 1")
    if input.dim() > 2 and len(set(input.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    width = min(input.shape) if input.dim() > 2 else input.shape[1]
    step = sum(width**k for k in range(input.dim()))
    end = input.numel() if wrap or input.dim() > 2 else min(width * width, input.numel())
    flat = reshape(input.clone(memory_format="contiguous"), (-1,))
    flat[:end:step] = fill_value
    return reshape(flat, tuple(input.shape))


@fill_diagonal.samples
def _(make):
    yield make.sample(make(3, 3), 5.0)
    yield make.sample(make(5, 2), 5.0, wrap=True)
    yield make.sample(make(5, 2), 5.0)
    yield make.sample(make(2, 2, 2), 1.0)
    yield make.sample(make(4, 2).T, 2.0)
