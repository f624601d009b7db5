"""Operations whose in-place form is the point: copying, filling, and writing at indices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import references
from minigrad.ops.backend import array_module, as_array, is_array, like
from minigrad.ops.index import add_at, advanced_index, assign, check_same_dtype
from minigrad.ops.op import op
from minigrad.ops.promotion import number_in
from minigrad.ops.shape import broadcast, order_of

if TYPE_CHECKING:
    from minigrad.ops.typing import Number, Tensor


def _broadcast_to(array: Any, shape: tuple[int, ...]) -> Any:
    try:
        return array if array.shape == shape else broadcast(array, np.broadcast_shapes(array.shape, shape))
    except ValueError:
        raise RuntimeError(
            f"The size of tensor a {list(shape)} must match the size of tensor b {list(array.shape)}: they do not "
            "broadcast"
        ) from None


def _writer(inputs: int) -> Callable[..., Any]:
    """Decorate a function that writes what an operation makes of its first ``inputs`` arguments into ``out``.

    It stands for the operation's ufunc, in whose place the in-place form calls it, with operands of one dtype.
    """

    def decorate(function: Any) -> Any:
        function.nin = inputs
        return function

    return decorate


@_writer(2)
def _copy_into(input: Any, src: Any, out: Any, casting: str) -> None:
    out[...] = like(out, src) if is_array(src) else number_in(src, out.dtype)


@_writer(2)
def _fill_into(input: Any, value: Any, out: Any, casting: str) -> None:
    if is_array(value) and value.ndim:
        raise ValueError("a tensor with dimensions fills nothing")
    out[...] = like(out, value) if is_array(value) else number_in(value, out.dtype)


@_writer(1)
def _zero_into(input: Any, out: Any, casting: str) -> None:
    out.fill(0)


@op(namespace=None, inplace=True, ufunc=_copy_into, node="torch::autograd::CopyBackwards")
def copy(input: Tensor, src: Tensor | Number, non_blocking: bool = False) -> Tensor:
    """Return ``src`` in the shape and dtype of ``input``; as ``input.copy_(src)`` it overwrites the input."""
    with np.errstate(all="ignore"):
        return _broadcast_to(as_array(src, input.dtype), input.shape)


@copy.gradient("input")
def _(grad):
    return zero(grad)


@copy.gradient("src")
def _(grad):
    return grad


@copy.samples
def _(make):
    yield make.sample(make(2, 3), make(3))
    yield make.sample(make(2, 3), make())


@op(
    inplace=True,
    ufunc=_fill_into,
    variant=lambda input, value: f"FillBackward{int(is_array(value))}",
    reference=lambda x, value: np.full_like(x, value),
)
def fill(input: Tensor, value: Tensor | Number) -> Tensor:
    """Tensor of the input's shape and dtype with every element ``value``."""
    if is_array(value) and value.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions.")
    with np.errstate(all="ignore"):
        return np.full_like(input, number_in(value, input.dtype), order=order_of(input))


@fill.gradient("input")
def _(grad):
    return zero(grad)


@fill.gradient("value")
def _(grad):
    return grad.sum()


@fill.samples
def _(make):
    yield make.sample(make(2, 3), 1.5)
    yield make.sample(make(2, 3), make())


@op(namespace=None, inplace=True, ufunc=_zero_into, reference=np.zeros_like)
def zero(input: Tensor) -> Tensor:
    """Zeros of the input's shape and dtype; as ``input.zero_()`` it overwrites the input."""
    return array_module(input).zeros(input.shape, input.dtype)


@zero.gradient
def _(grad):
    return zero(grad)


@zero.samples
def _(make):
    yield make.sample(make(2, 3))


@op(method=True, inplace=True, reference=references.index_put)
def index_put(input: Tensor, indices: tuple[Tensor | None, ...], values: Tensor, accumulate: bool = False) -> Tensor:
    """Copy of ``input`` with ``values`` written (or added) at ``indices``, one index tensor a dimension."""
    index = tuple(_index_array(each) for each in indices)
    out = input.copy(order=order_of(input))
    check_same_dtype(input, index, values)
    if accumulate:
        add_at(out, index, values)
    else:
        assign(out, index, values)
    return out


@index_put.gradient("input")
def _(grad, indices, accumulate):
    if accumulate:
        return grad
    return index_put(grad, indices, zero(advanced_index(grad, tuple(_index_array(each) for each in indices))))


@index_put.gradient("values")
def _(grad, indices):
    return advanced_index(grad, tuple(_index_array(each) for each in indices))


@index_put.samples
def _(make):
    yield make.sample(make(4, 3), (np.array([0, 2]),), make(2, 3))
    yield make.sample(make(4, 3), (np.array([0, 2]), np.array([1, 1])), make(2))
    yield make.sample(make(4, 3), (np.array([0, 0]),), make(3), accumulate=True)
    yield make.sample(make(4), (np.array([True, False, True, False]),), make())


def _index_array(each: Any) -> Any:
    array = getattr(each, "_array", each)
    return array.astype(np.int64) if is_array(array) and array.dtype.kind == "u" else array
