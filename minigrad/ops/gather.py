"""Picking and placing elements by index tensors along a dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops import references
from minigrad.ops.backend import array_module, as_array, as_its_kind, is_array, is_device_array, kernels_of, on_host
from minigrad.ops.dims import wrap_dim
from minigrad.ops.naming import named
from minigrad.ops.op import composed, op
from minigrad.ops.promotion import cast, not_implemented
from minigrad.ops.select import where
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _check_index(name: str, index: Any, length: int, dim: int) -> Any:
    """Return an index array as int64, or refuse it.

    Raises
    ------
    RuntimeError
        For a dtype that cannot index, or an index out of bounds.
    """
    if index.dtype != np.int64:
        if index.dtype != np.int32 and index.size:
            raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
        index = index.astype(np.int64)
    if points_outside(index, length):
        wrong = index.min() if index.min() < 0 else index.max()
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {length}")
    return index


def points_outside(index: Any, length: int) -> bool:
    """Whether some number of an int64 or int32 array lies outside 0 to ``length - 1``; in one pass."""
    if not index.size or is_device_array(index):  # a device would have to be waited for
        return False
    # Seen as unsigned, negative numbers are huge.
    unsigned = index.view(np.uint64 if index.dtype.itemsize == 8 else np.uint32)
    return bool(np.maximum.reduce(unsigned, None) >= length)


def _check_ranks(index: Any, other: Any, role: str) -> None:
    if index.size and max(other.ndim, 1) != max(index.ndim, 1):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as {role} tensor, but has {index.ndim} and not "
            f"{other.ndim}"
        )


def _open_grid(shape: tuple[int, ...], dim: int, index: Any) -> tuple[Any, ...]:
    """Return the NumPy index that walks ``index`` along ``dim`` and every other dimension in step."""
    last = len(shape) - 1
    return tuple(
        index if k == dim else array_module(index).arange(length).reshape((length,) + (1,) * (last - k))
        for k, length in enumerate(shape)
    )


def _gather_reference(x: Any, dim: int, index: Any, **_: Any) -> Any:
    if not x.ndim:
        return x
    window = tuple(slice(None) if k == dim % x.ndim else slice(n) for k, n in enumerate(index.shape))
    return np.take_along_axis(x[window], index, dim)


@op(method=True, reference=_gather_reference)
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Elements picked along a dimension: ``out[i][j][k] = input[index[i][j][k]][j][k]`` for ``dim=0``.

    Parameters
    ----------
    index : Tensor of int64
        As many dimensions as the input; no longer than it in any other than ``dim``. Decides the output's shape.
    """
    dim = wrap_dim(dim, input.ndim)
    _check_ranks(index, input, "input")
    for k, (length, most) in enumerate(zip(index.shape, input.shape, strict=False)):
        if k != dim and length > most and index.size:
            raise RuntimeError(
                f"Size does not match at dimension {k} expected index {list(index.shape)} to be no larger than self "
                f"{list(input.shape)} apart from dimension {dim}"
            )
    index = _check_index("gather", index, input.shape[dim] if input.ndim else 1, dim)
    if not input.ndim:
        return np.broadcast_to(input, index.shape).copy()
    if not index.ndim:
        return input[index]
    if index.size == 0:
        return array_module(input).empty(index.shape, input.dtype)
    window = input[tuple(slice(None) if k == dim else slice(n) for k, n in enumerate(index.shape))]
    return kernels_of(input).gather(window, dim, index)


@gather.gradient("input")
def _(grad, input_shape, dim, index):
    return gather_backward(grad, input_shape, dim, index)


@gather.samples
def _(make):
    yield make.sample(make(3, 4), 1, make.integers(3, 2, high=4))
    yield make.sample(make(3, 4), 0, make.integers(2, 4, high=3))
    yield make.sample(make(3, 4, 2), -2, make.integers(2, 5, 2, high=4))
    yield make.sample(make(5), 0, make.integers(7, high=5))
    yield make.sample(make(3, 4), 1, make.integers(3, 0, high=1))


@op(namespace=None)
def gather_backward(grad_output: Tensor, shape: tuple[int, ...], dim: int, index: Tensor) -> Tensor:
    """Zeros of ``shape`` to which ``grad_output`` is added where `gather` took its elements from."""
    out = array_module(grad_output).zeros(shape, grad_output.dtype)
    return _added(out, dim, index, grad_output)


@gather_backward.gradient("grad_output")
def _(grad, dim, index):
    return gather(grad, dim, index)


@gather_backward.samples
def _(make):
    yield make.sample(make(3, 2), (3, 4), 1, make.integers(3, 2, high=4))


def _added(out: Any, dim: int, index: Any, source: Any) -> Any:
    """Add ``source`` to ``out`` at ``index`` along a dimension, in place."""
    if not out.ndim:
        out += source[: index.size].sum() if source.ndim else source
        return out
    if index.size:
        dim = wrap_dim(dim, out.ndim)
        source = source[tuple(slice(n) for n in index.shape)]
        window = out[tuple(slice(None) if k == dim else slice(n) for k, n in enumerate(index.shape))]
        block = window if window.flags.c_contiguous else window.copy()
        kernels_of(out).scatter_add(block, dim, index, source)
        if window.shape != out.shape:
            window[...] = block
    return out


def _check_scatter(name: str, input: Any, dim: int, index: Any, src: Any) -> tuple[int, Any]:
    dim = wrap_dim(dim, input.ndim)
    _check_ranks(index, input, "self")
    if is_array(src):
        _check_ranks(index, src, "src")
        if src.dtype != input.dtype:
            raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
        for k in range(index.ndim if src.ndim and input.ndim else 0):
            if index.size and (index.shape[k] > src.shape[k] or (k != dim and index.shape[k] > input.shape[k])):
                raise RuntimeError(
                    f"Expected index {list(index.shape)} to be no larger than self {list(input.shape)} apart from "
                    f"dimension {dim} and to be no larger size than src {list(src.shape)}"
                )
    return dim, _check_index(name, index, input.shape[dim] if input.ndim else 1, dim)


@op(
    method=True, inplace=True, reference=lambda x, dim, index, src: references.scatter_reduce(x, dim, index, src, "sum")
)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Copy of the input to which ``src`` is added at ``index``: ``out[index[i][j]][j] += src[i][j]`` for ``dim=0``."""
    dim, index = _check_scatter("scatter", input, dim, index, src)
    return _added(input.copy(order="C"), dim, index, src)


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
    from minigrad.ops.index import basic_index_backward

    return basic_index_backward(grad, tuple(shape), tuple(slice(n) for n in grad.shape))


@op(namespace=None, variant=lambda input, dim, index, src: f"ScatterBackward{0 if is_array(src) else 1}")
def scatter_set(input: Tensor, dim: int, index: Tensor, src: Tensor | Number) -> Tensor:
    """Copy of the input with ``src`` (a tensor or a number) written at ``index`` along a dimension."""
    dim, index = _check_scatter("scatter", input, dim, index, src)
    out = input.copy(order="C")
    if index.size == 0:
        return out
    if not out.ndim:
        out[...] = src if not is_array(src) else src.reshape(-1)[-1]
        return out
    values: Any = src
    if is_array(src) and src.ndim:
        values = src[tuple(slice(n) for n in index.shape)]
    out[_open_grid(index.shape, dim, index)] = values
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
    """
    if reduce not in _COMBINE:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    dim, index = _check_scatter("scatter_reduce", input, dim, index, src)
    if reduce == "mean" and input.dtype.kind == "b":
        raise not_implemented("scatter_gather_tensor_cpu_reduce_mean", input)
    out = input.copy(order="C").reshape(input.shape or (1,))
    if index.size == 0:
        return out.reshape(input.shape)
    place = _open_grid(index.shape, dim, index) if input.ndim else (index.reshape(-1),)
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


@op(method=True, reference=lambda x, dim, index: np.take(x, index, axis=dim) if x.ndim else x)
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Rows (or columns, ...) of the input named by a 1-D tensor of indices, as a copy."""
    dim = wrap_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    length = input.shape[dim] if input.ndim else 1
    if points_outside(index, length):
        raise IndexError("index out of range in self")
    if not input.ndim:
        if index.size != 1:
            raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {index.size} value(s)")
        return input.copy()
    return np.take(input, index.reshape(-1), axis=dim)


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
    if not index.size or not rows.size:
        return
    if dim == 0:
        kernels_of(out).index_add(out, index.astype(np.int64, copy=False), rows)
    else:
        np.add.at(out, (slice(None),) * dim + (index,), rows)


def _check_rows(name: str, input: Any, dim: int, index: Any, source: Any) -> tuple[int, Any]:
    dim = wrap_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got dim: {index.ndim}")
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    length = input.shape[dim] if input.ndim else 1
    if points_outside(index, length):
        raise IndexError(f"{name}(): index out of range in self")
    if source is not None and source.ndim and input.ndim:
        expected = (*input.shape[:dim], index.size, *input.shape[dim + 1 :])
        if source.shape != expected:
            raise _wrong_rows(name, input, dim, index, source)
    return dim, index.reshape(-1)


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
    dim, index = _check_rows("index_fill", input, dim, np.where(index < 0, index + length, index), None)
    out = input.copy(order="C")
    if not input.ndim:
        return as_array(value, input.dtype) if index.size else out
    out[(slice(None),) * dim + (index,)] = value
    return out


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


@op(method=True, reference=lambda x, index: np.take(x, index))
def take(input: Tensor, index: Tensor) -> Tensor:
    """Elements of the input, read as one row, at ``index``; the result has the index's shape."""
    if index.dtype not in (np.int64,):
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.dtype.name}")
    if index.size and not (-input.size <= index.min() and index.max() < input.size):
        raise IndexError(f"out of range: tried to access an index beyond a tensor of {input.size} elements.")
    return np.take(input, index)


@take.gradient("input")
def _(grad, input_shape, index):
    return take_backward(grad, input_shape, index)


@take.samples
def _(make):
    yield make.sample(make(3, 4), np.array([[0, 11], [5, 5]]))
    yield make.sample(make(3, 4), np.array([-1]))


@op(namespace=None)
def take_backward(grad_output: Tensor, shape: tuple[int, ...], index: Tensor) -> Tensor:
    """Zeros of ``shape`` to which ``grad_output`` is added at the places that `take` read."""
    out = array_module(grad_output).zeros(int(np.prod(shape)), grad_output.dtype)
    np.add.at(out, index, grad_output)
    return out.reshape(shape)


@take_backward.gradient("grad_output")
def _(grad, index):
    return take(grad, index)


@take_backward.samples
def _(make):
    yield make.sample(make(2, 2), (3, 4), np.array([[0, 11], [5, 5]]))


@composed(method=True, reference=lambda x, indices, dim=None: np.take_along_axis(x, indices, dim))
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Elements at ``indices`` along ``dim``, the other dimensions broadcast; of all in one row without ``dim``."""
    if dim is None:
        input, indices, dim = input.reshape(-1), indices.reshape(-1), 0
    if input.dim() != indices.dim():
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input.dim()} "
            f"dimensions for input, and {indices.dim()} dimensions for indices"
        )
    dim = wrap_dim(dim, input.dim())
    lengths = np.broadcast_shapes(
        tuple(1 if k == dim else n for k, n in enumerate(input.shape)),
        tuple(1 if k == dim else n for k, n in enumerate(indices.shape)),
    )
    spread = [list(lengths), list(lengths)]
    spread[0][dim], spread[1][dim] = input.shape[dim], indices.shape[dim]
    indices = where(indices < 0, indices + input.shape[dim], indices)
    return gather(input.expand(tuple(spread[0])), dim, indices.expand(tuple(spread[1])))


@take_along_dim.samples
def _(make):
    yield make.sample(make(3, 4), np.array([[0], [3], [1]]), 1)
    yield make.sample(make(3, 4), np.array([[0, 3]]), dim=1)
    yield make.sample(make(3, 4), np.array([0, 11]))


@composed(method=True, reference=references.masked_select)
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Elements of the input where the mask is true, as a vector; the two broadcast."""
    if mask.dtype.name != "bool":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    shape = np.broadcast_shapes(tuple(input.shape), tuple(mask.shape))
    return named(input.expand(shape)[mask.expand(shape)], "MaskedSelectBackward0")


@masked_select.samples
def _(make):
    yield make.sample(make(2, 3), make.booleans(2, 3))
    yield make.sample(make(2, 3), make.booleans(3))
    yield make.sample(make(3), make.booleans(2, 3))


@composed(method=True, inplace=True, reference=references.masked_scatter)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Copy of the input with the elements where the mask is true replaced, in order, by those of ``source``."""
    if mask.dtype.name != "bool":
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    shape = np.broadcast_shapes(tuple(input.shape), tuple(mask.shape))
    mask = mask.expand(shape)
    count = int(mask.sum())
    if source.numel() < count:
        raise RuntimeError(
            f"masked_scatter: expected self to have at least {count} elements in source, got {source.numel()}"
        )
    out = input.expand(shape).clone()
    out[mask] = source.reshape(-1)[:count]
    return named(out, "MaskedScatterBackward0")


@masked_scatter.samples
def _(make):
    yield make.sample(make(2, 3), np.array([[True, False, True], [False, True, False]]), make(5))


@op(method=True, differentiable=False, reference=lambda x: np.argwhere(x))
def argwhere(input: Tensor) -> Tensor:
    """Indices of the elements that are not 0, one row each, in row-major order."""
    if not input.ndim:
        return np.zeros((int(input != 0), 0), np.int64)
    return np.argwhere(input).astype(np.int64, copy=False)


@argwhere.samples
def _(make):
    yield make.sample(make.integers(2, 3, high=2))
    yield make.sample(make.booleans(4))


@composed(method=True, reference=lambda x, *, as_tuple=False: np.nonzero(x) if as_tuple else np.argwhere(x))
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Indices of the elements that are not 0, one row each; as one tensor a dimension with ``as_tuple``."""
    if not as_tuple:
        return argwhere(input)
    rows = argwhere(input.reshape(1) if input.dim() == 0 else input)
    return tuple(rows[:, k] for k in range(rows.shape[1]))


@nonzero.samples
def _(make):
    yield make.sample(make.integers(2, 3, high=2))
    yield make.sample(make.integers(2, 3, high=2), as_tuple=True)
