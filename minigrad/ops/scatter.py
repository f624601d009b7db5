"""Placing elements by index tensors along a dimension."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, as_its_kind, is_array, kernels_of, like
from minigrad.ops.dims import wrap_dim
from minigrad.ops.gather import add_along, gather, place_along
from minigrad.ops.index import basic_index_backward
from minigrad.ops.indices import as_int64, check_ranks, fits_but_along
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import not_implemented, number_in
from minigrad.ops.select import where
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _check_shapes(name: str, input: Any, dim: int, index: Any, src: Any) -> int:
    """Return the dimension of a scatter, or refuse operands that do not belong together."""
    dim = wrap_dim(dim, input.ndim)
    with_array = is_array(src)
    fits = fits_but_along(dim, index, input)
    if fits and (not with_array or (index.shape == src.shape and src.dtype is input.dtype)):
        return dim  # the usual case, quickly
    check_ranks(index, input, "self")
    if with_array:
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
    return add_along(input.copy(order="C"), dim, as_int64("scatter", index), src)


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
    dim = _check_shapes("scatter", input, dim, index, src)
    values = src if is_array(src) else like(input, number_in(src, input.dtype), input.dtype)
    return place_along(input.copy(order="C"), dim, as_int64("scatter", index), values, kernels_of(input).scatter)


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
    if reduce not in _NEUTRAL:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    dim = _check_shapes("scatter_reduce", input, dim, index, src)
    index = as_int64("scatter_reduce", index)
    if reduce == "mean" and input.dtype.kind == "b":
        raise not_implemented("scatter_gather_tensor_cpu_reduce_mean", input)
    out = input.copy(order="C")
    scatter = kernels_of(out).scatter
    if not include_self:
        place_along(out, dim, index, _neutral(reduce, out), scatter)
    if reduce not in ("sum", "mean"):
        return place_along(out, dim, index, src, functools.partial(scatter, how=reduce))
    add_along(out, dim, index, src)
    if reduce == "mean":
        count = _counts(out, dim, index, include_self)
        out = out / count.astype(out.dtype) if out.dtype.kind == "f" else (out // count).astype(out.dtype)
    return out


def _neutral(reduce: str, array: Any) -> Any:
    """Return the number that changes nothing in a reduction, as an array of the dtype of another one."""
    number: Any = _NEUTRAL[reduce]
    if array.dtype.kind == "b":
        number = number > 0
    elif array.dtype.kind in "iu" and not np.isfinite(number):
        bounds = np.iinfo(array.dtype)
        number = bounds.min if number < 0 else bounds.max
    return like(array, number, array.dtype)


def _counts(out: Any, dim: int, index: Any, include_self: bool) -> Any:
    """Return how many values met at each place of a mean (at least 1)."""
    module = array_module(out)
    count = module.full(out.shape, 1 if include_self else 0, np.int64)
    return np.maximum(add_along(count, dim, index, module.ones(index.shape, np.int64)), 1)


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
