"""Placing elements by index tensors along a dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, as_its_kind, is_array, on_host
from minigrad.ops.dims import wrap_dim
from minigrad.ops.gather import add_along, gather
from minigrad.ops.index import basic_index_backward
from minigrad.ops.indices import as_int64, check_index, check_ranks, open_grid
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented, number_in
from minigrad.ops.select import where
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _check_scatter(name: str, input: Any, dim: int, index: Any, src: Any) -> tuple[int, Any]:
    """Return the dimension and the index of a scatter, whose numbers were looked at.

    Raises
    ------
    IndexError, RuntimeError
    """
    dim = _check_shapes(name, input, dim, index, src)
    return dim, check_index(name, index, input.shape[dim] if input.ndim else 1, dim)


def _check_shapes(name: str, input: Any, dim: int, index: Any, src: Any) -> int:
    """Return the dimension of a scatter, or refuse operands that do not belong together."""
    dim = wrap_dim(dim, input.ndim)
    if is_array(src) and index.shape == src.shape == input.shape and src.dtype is input.dtype:
        return dim  # the usual case, quickly
    check_ranks(index, input, "self")
    if is_array(src):
        check_ranks(index, src, "src")
        if src.dtype != input.dtype:
            raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
        for k in range(index.ndim if src.ndim and input.ndim else 0):
            if index.size and (index.shape[k] > src.shape[k] or (k != dim and index.shape[k] > input.shape[k])):
                raise RuntimeError(
                    f"Expected index {list(index.shape)} to be no larger than self {list(input.shape)} apart from "
                    f"dimension {dim} and to be no larger size than src {list(src.shape)}"
                )
    return dim


@op(
    method=True, inplace=True, reference=lambda x, dim, index, src: references.scatter_reduce(x, dim, index, src, "sum")
)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Copy of the input to which ``src`` is added at ``index``: ``out[index[i][j]][j] += src[i][j]`` for ``dim=0``."""
    dim = _check_shapes("scatter", input, dim, index, src)
    index = as_int64("scatter", index) if input.ndim else check_index("scatter", index, 1, dim)
    return add_along(input.copy(order="C"), dim, index, src)


@scatter_add.gradient("input")
def _(grad):
    return grad


@scatter_add.gradient("src")
def _(grad, dim, index, src_shape):
    return _window_back(gather(grad, dim, index), src_shape)


@scatter_add.samples
def _(make):
    yield make.sample(make(3, 4), 0, make.integers(2, 4, high=3), make(2, 4))
    yield make.sample(make(3, 4), 1, make.integers(3, 5, high=4), make(3, 5))
    yield make.sample(make(3, 4), 0, make.integers(5, 2, high=3), make(5, 2))
    yield make.sample(make(5), -1, make.integers(7, high=5), make(7))


def _window_back(grad: Any, shape: tuple[int, ...]) -> Any:
    """Return a gradient of the part of ``src`` that was used, as one of all of it."""
    if tuple(grad.shape) == tuple(shape):
        return grad

    return basic_index_backward(grad, tuple(shape), tuple(slice(n) for n in grad.shape))


@op(namespace=None, variant=lambda input, dim, index, src: f"ScatterBackward{0 if is_array(src) else 1}")
def scatter_set(input: Tensor, dim: int, index: Tensor, src: Tensor | Number) -> Tensor:
    """Copy of the input with ``src`` (a tensor or a number) written at ``index`` along a dimension."""
    dim, index = _check_scatter("scatter", input, dim, index, src)
    out = input.copy(order="C")
    src = number_in(src, input.dtype)
    if index.size == 0:
        return out
    if not out.ndim:
        out[...] = src if not is_array(src) else src.reshape(-1)[-1]
        return out
    values: Any = src
    if is_array(src) and src.ndim:
        values = src[tuple(slice(n) for n in index.shape)]
    out[open_grid(index.shape, dim, index)] = values
    return out


@scatter_set.gradient("input")
def _(grad, dim, index):
    return scatter_set(grad, dim, index, 0.0)


@scatter_set.gradient("src")
def _(grad, dim, index, src_shape):
    return _window_back(gather(grad, dim, index), src_shape)


@scatter_set.samples
def _(make):
    yield make.sample(make(3, 4), 0, np.array([[0, 1, 2, 0]]), make(1, 4))
    yield make.sample(make(3, 4), 1, np.array([[0, 1], [2, 0], [3, 1]]), make(3, 2))
    yield make.sample(make(3, 4), 1, np.array([[0, 1], [2, 0], [3, 1]]), 1.5)


@composed(method=True, inplace=True, reference=references.scatter)
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """Copy of the input with ``src`` written at ``index``: ``out[index[i][j]][j] = src[i][j]`` for ``dim=0``.

    Parameters
    ----------
    src : Tensor or number
        Where an index repeats, one of the values stays.
    value : number, optional
        Another name for a number given as ``src``.
    reduce : {"add", "multiply"}, optional
        Combine with what is there instead of overwriting it.

    Raises
    ------
    RuntimeError
        For an unknown reduction.
    """
    values = value if src is None else src
    if reduce is None:
        return scatter_set(input, dim, index, values)
    names = {"add": "sum", "multiply": "prod"}
    if reduce not in names:
        raise RuntimeError("reduce argument must be either add or multiply.")
    if not hasattr(values, "dim"):
        values = index.new_full(index.shape, values, dtype=input.dtype)
    return scatter_reduce(input, dim, index, values, names[reduce])


@scatter.samples
def _(make):
    yield make.sample(make(3, 4), 0, np.array([[0, 1, 2, 0]]), make(1, 4))
    yield make.sample(make(3, 4), 1, np.array([[0, 1], [2, 0], [3, 1]]), 1.5)
    yield make.sample(make(3, 4), 1, np.array([[0, 1], [2, 0], [3, 1]]), value=1.5)
    yield make.sample(make.integers(3, 4), 1, np.array([[0, 1], [2, 2], [3, 1]]), make.integers(3, 2), reduce="add")


_COMBINE = {"sum": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum, "mean": np.add}

_NEUTRAL = {"sum": 0.0, "prod": 1.0, "amax": -np.inf, "amin": np.inf, "mean": 0.0}


@op(method=True, inplace=True, reference=references.scatter_reduce)
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Copy of the input in which the values of ``src`` with one index are reduced into its place.

    Parameters
    ----------
    reduce : {"sum", "prod", "mean", "amax", "amin"}
    include_self : bool
        Whether the input's own element takes part.

    Raises
    ------
    RuntimeError
        For an unknown reduction, and for means of bools.
    """
    if reduce not in _COMBINE:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    dim, index = _check_scatter("scatter_reduce", input, dim, index, src)
    if reduce == "mean" and input.dtype.kind == "b":
        raise not_implemented("scatter_gather_tensor_cpu_reduce_mean", input)
    out = input.copy(order="C").reshape(input.shape or (1,))
    if index.size == 0:
        return out.reshape(input.shape)
    place = open_grid(index.shape, dim, index) if input.ndim else (index.reshape(-1),)
    values = src[tuple(slice(n) for n in index.shape)] if input.ndim else src.reshape(-1)
    if not include_self:
        neutral = _NEUTRAL[reduce] if out.dtype.kind != "b" else _NEUTRAL[reduce] > 0
        if out.dtype.kind == "i" or out.dtype.kind == "u":
            bounds = np.iinfo(out.dtype)
            neutral = bounds.min if neutral == -np.inf else bounds.max if neutral == np.inf else neutral
        out[place] = neutral
    combined = on_host(_combined) if reduce == "prod" else _combined  # CuPy multiplies at no indices
    out = combined(reduce, out, values, *place)
    if reduce == "mean":
        count = _counts(out.shape, place, include_self)
        out = out / count.astype(out.dtype) if out.dtype.kind == "f" else (out // count).astype(out.dtype)
    return out.reshape(input.shape)


def _combined(reduce: str, out: Any, values: Any, *place: Any) -> Any:
    """Reduce values into ``out[place]``, and return it."""
    _COMBINE[reduce].at(out, place, values)
    return out


def _counts(shape: tuple[int, ...], place: tuple[Any, ...], include_self: bool) -> Any:
    """Return how many values met at each place of a mean (at least 1)."""
    count = array_module(place[0]).full(shape, 1 if include_self else 0, np.int64)
    np.add.at(count, place, 1)
    return np.maximum(count, 1)


@scatter_reduce.gradient
def _(grad, input, dim, index, src, reduce, include_self, out):
    touched = scatter_set(zero(grad), dim, index, 1.0)
    kept = grad if include_self else grad * (1 - touched)
    if reduce == "sum":
        return kept, None, gather(grad, dim, index)
    if reduce == "mean":
        count = scatter_add(zero(grad) + 1.0 if include_self else zero(grad), dim, index, _ones(grad, index))
        share = grad / (count + (count == 0))
        return share if include_self else kept, None, gather(share, dim, index)
    if reduce == "prod":
        return _product_gradients(grad, input, dim, index, src, include_self, out, kept)
    own = zero(grad) + (input == out)
    if not include_self:
        own = own * (1 - touched)
    same = src == gather(out, dim, index)
    ties = scatter_add(own, dim, index, same * _ones(grad, index))
    share = grad / (ties + (ties == 0))
    return share * own, None, gather(share, dim, index) * same


def _product_gradients(
    grad: Any, input: Any, dim: int, index: Any, src: Any, include_self: bool, out: Any, kept: Any
) -> tuple[Any, None, Any]:
    """Return the gradients of a scattered product: each factor's is the product of the others, zeros or not."""
    missing = where(src == 0, _ones(grad, index), 0.0)
    alone = missing * (gather(scatter_add(zero(grad), dim, index, missing), dim, index) == 1)
    without = scatter_reduce(input, dim, index, where(alone == 1, 1.0, src), "prod", include_self=include_self)
    others = where(src == 0, gather(without, dim, index), gather(out, dim, index) / where(src == 0, 1.0, src))
    of_input = kept
    if include_self:
        whole = where(input == 0, 1.0, input)
        of_input = grad * scatter_reduce(whole, dim, index, src, "prod") / whole
    return of_input, None, gather(grad, dim, index) * others


def _ones(like: Any, index: Any) -> Any:
    """Return ones of an index's shape, as what ``like`` is: an array or a tensor."""
    if is_array(like):
        return array_module(like).ones(index.shape, like.dtype)
    return as_its_kind(like, np.ones(index.shape, like._array.dtype))


@scatter_reduce.samples
def _(make):
    index = np.array([[0, 1, 2, 0], [2, 1, 1, 0]])
    for reduce in ("sum", "mean", "amax", "amin", "prod"):
        for include_self in (True, False):
            yield make.sample(make.apart(3, 4), 0, index, make.apart(2, 4) + 0.03, reduce, include_self=include_self)
