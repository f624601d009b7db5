"""Views by strides over a tensor's memory, and copies of tensors with a view of them replaced."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import address, array_module, is_array, is_device_array, like
from minigrad.ops.diagonals import diagonal
from minigrad.ops.dims import wrap_dim
from minigrad.ops.index import basic_index
from minigrad.ops.op import op
from minigrad.ops.shape import order_of
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _strides(array: Any) -> tuple[int, ...]:
    return tuple(step // array.itemsize for step in array.strides)


def _memory(array: Any) -> tuple[Any, int]:
    """Return all of the memory that an array is part of, as a vector, and where in it the array begins."""
    if is_device_array(array):
        return _memory_of_device(array)
    owner, base = array, array.base
    while base is not None:  # stride tricks put an object of their own between an array and its base
        owner = base if isinstance(base, np.ndarray) else owner
        base = getattr(base, "base", None)
    if not owner.flags.forc or owner.size * owner.itemsize % array.itemsize:
        owner = np.ascontiguousarray(array)
        return owner.reshape(-1), 0
    flat = np.ndarray(owner.nbytes // array.itemsize, array.dtype, owner)
    return flat, (array.ctypes.data - flat.ctypes.data) // array.itemsize


def _memory_of_device(array: Any) -> tuple[Any, int]:
    owner = array
    while owner.base is not None:
        owner = owner.base
    if not owner.flags.forc or owner.nbytes % array.itemsize:
        return array_module(array).ascontiguousarray(array).reshape(-1), 0
    flat = (owner if owner.flags.c_contiguous else owner.T).reshape(-1).view(array.dtype)
    return flat, (address(array) - address(flat)) // array.itemsize


def _places(size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> Any:
    """Return where in memory each element of a strided tensor lies."""
    places = np.full(size, offset)
    for dim, (length, step) in enumerate(zip(size, stride, strict=True)):
        places = places + np.arange(length).reshape((-1,) + (1,) * (len(size) - dim - 1)) * step
    return places


def places_of(array: Any) -> tuple[Any, int]:
    """Return where in its memory each element of an array lies, and how many elements that memory has."""
    memory, offset = _memory(array)
    return _places(array.shape, _strides(array), offset), memory.size


def strided_reference(x: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """Read the elements of a view by strides one by one."""
    return np.ascontiguousarray(x).reshape(-1)[_places(tuple(size), tuple(stride), storage_offset or 0)]


@op(method=True, inplace=True, view=True, saves=("geometry",), reference=strided_reference)
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """View of a tensor's memory by lengths and steps, whatever the tensor's own shape.

    Parameters
    ----------
    size, stride : tuple of int
        Lengths of the dimensions, and the steps along them, counted in elements.
    storage_offset : int, optional
        Where in the memory the view begins; by default where the tensor does.

    Raises
    ------
    RuntimeError
        For negative strides, another number of them than of lengths, and for a view that leaves the memory.
    """
    size, stride = tuple(map(operator.index, size)), tuple(map(operator.index, stride))
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(step < 0 for step in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    memory, own_offset = _memory(input)
    offset = own_offset if storage_offset is None else storage_offset
    needed = 0 if 0 in size else offset + 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if offset < 0 or needed > memory.size:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize "
            f"{input.itemsize} requiring a storage size of {needed * input.itemsize} are out of bounds for storage of "
            f"size {memory.nbytes}"
        )
    steps = tuple(step * input.itemsize for step in stride)
    view = array_module(input).lib.stride_tricks.as_strided(memory[offset:], size, steps)
    return view, np.array([memory.size, own_offset, offset, *_strides(input)])


@as_strided.gradient("input")
def _(grad, input_shape, size, stride, geometry):
    length, own_offset, offset, *own_stride = (int(each) for each in geometry)
    there = _places(tuple(map(operator.index, size)), tuple(map(operator.index, stride)), offset)
    return through_memory(grad, there, _places(tuple(input_shape), tuple(own_stride), own_offset), length)


@as_strided.samples
def _(make):
    yield make.sample(make(6), (2, 2), (1, 2))
    yield make.sample(make(6), (2, 3), (1, 1), 1)
    yield make.sample(make(2, 3), (3,), (2,))
    yield make.sample(make(4), (), (), 2)
    yield make.sample(make(4), (0, 2), (1, 1))


@op(namespace=None)
def through_memory(input: Tensor, there: np.ndarray[Any, Any], here: np.ndarray[Any, Any], length: int) -> Tensor:
    """Elements added up in a memory of ``length`` at the places ``there``, and read back at the places ``here``.

    The gradient is the same, the other way round.
    """
    memory = array_module(input).zeros(length, input.dtype)
    if input.size:
        np.add.at(memory, like(input, there), input)
    return memory[like(input, here)]


@through_memory.gradient("input")
def _(grad, there, here, length):
    return through_memory(grad, here, there, length)


@through_memory.samples
def _(make):
    yield make.sample(make(2, 2), np.array([[0, 1], [1, 3]]), np.array([1, 2, 3]), 4)


def _replace(out: Any, view: Any, src: Any) -> Any:
    """Write ``src`` into a view of ``out``, and return ``out``."""
    if view.shape != src.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
            f"{list(view.shape)}"
        )
    view[...] = src
    return out


def _scatter_reference(take: Any) -> Any:
    def reference(x: Any, src: Any, *args: Any, **kwargs: Any) -> Any:
        out = x.copy()
        places = take(np.arange(x.size).reshape(x.shape), *args, **kwargs)
        out.reshape(-1)[places] = src
        return out

    return reference


@op(method=True, reference=_scatter_reference(strided_reference))
def as_strided_scatter(input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """Copy of the input with the view `as_strided` of it replaced by ``src``."""
    out = input.copy(order="C")
    return _replace(out, as_strided(out, size, stride, storage_offset), src)


@as_strided_scatter.gradient("input")
def _(grad, size, stride, storage_offset):
    place = (size, stride, storage_offset)
    return as_strided_scatter(grad, zero(as_strided(_dense(grad), *place)), *place)


@as_strided_scatter.gradient("src")
def _(grad, size, stride, storage_offset):
    return as_strided(_dense(grad), size, stride, storage_offset)


def _dense(grad: Any) -> Any:
    """Return a copy of a gradient in row-major order, with whose first element its memory begins."""
    return grad.copy(order="C") if is_array(grad) else grad.clone(memory_format="contiguous")


@as_strided_scatter.samples
def _(make):
    yield make.sample(make(6), make(2, 2), (2, 2), (1, 3))
    yield make.sample(make(2, 3), make(3), (3,), (2,), 1)


def _entry(dim: int, index: int, ndim: int) -> tuple[Any, ...]:
    return (slice(None),) * wrap_dim(dim, ndim) + (operator.index(index),)


@op(method=True, reference=_scatter_reference(lambda places, dim, index: places.take(index, dim)))
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """Copy of the input with the entry ``index`` along a dimension replaced by ``src``."""
    out = input.copy(order=order_of(input))
    length = input.shape[wrap_dim(dim, input.ndim)]
    if not -length <= index < length:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension "
            f"{wrap_dim(dim, input.ndim)}"
        )
    place = (*_entry(dim, index, input.ndim), Ellipsis)
    return _replace(out, out[place], src)


@select_scatter.gradient("input")
def _(grad, dim, index):
    return select_scatter(grad, zero(basic_index(grad, _entry(dim, index, len(grad.shape)))), dim, index)


@select_scatter.gradient("src")
def _(grad, dim, index):
    return basic_index(grad, _entry(dim, index, len(grad.shape)))


@select_scatter.samples
def _(make):
    yield make.sample(make(2, 3), make(3), 0, 1)
    yield make.sample(make(2, 3).T, make(3), -1, -1)
    yield make.sample(make(2), make(), 0, 0)


def _part(dim: int, start: Any, end: Any, step: int, ndim: int) -> tuple[Any, ...]:
    return (slice(None),) * wrap_dim(dim, ndim) + (slice(start, end, step),)


def slice_reference(places: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    """Take a slice along a dimension."""
    return places[_part(dim, start, end, step, places.ndim)]


@op(method=True, reference=_scatter_reference(slice_reference))
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """Copy of the input with the entries ``start:end:step`` along a dimension replaced by ``src``."""
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    out = input.copy(order=order_of(input))
    return _replace(out, out[_part(dim, start, end, step, input.ndim)], src)


@slice_scatter.gradient("input")
def _(grad, dim, start, end, step):
    part = _part(dim, start, end, step, len(grad.shape))
    return slice_scatter(grad, zero(basic_index(grad, part)), dim, start, end, step)


@slice_scatter.gradient("src")
def _(grad, dim, start, end, step):
    return basic_index(grad, _part(dim, start, end, step, len(grad.shape)))


@slice_scatter.samples
def _(make):
    yield make.sample(make(4, 3), make(2, 3), 0, 1, 3)
    yield make.sample(make(2, 5), make(2, 2), dim=-1, start=1, step=2)
    yield make.sample(make(3), make(3))
    yield make.sample(make(4, 3), make(1, 3), 0, -1)


def _diagonal_of(places: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return np.diagonal(places, offset, dim1, dim2)


@op(method=True, reference=_scatter_reference(_diagonal_of))
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Copy of the input with its diagonal replaced by ``src``."""
    out = input.copy(order=order_of(input))
    return _replace(out, diagonal(out, offset, dim1, dim2), src)


@diagonal_scatter.gradient("input")
def _(grad, offset, dim1, dim2):
    return diagonal_scatter(grad, zero(diagonal(grad, offset, dim1, dim2)), offset, dim1, dim2)


@diagonal_scatter.gradient("src")
def _(grad, offset, dim1, dim2):
    return diagonal(grad, offset, dim1, dim2)


@diagonal_scatter.samples
def _(make):
    yield make.sample(make(3, 3), make(3))
    yield make.sample(make(3, 4), make(2), 2)
    yield make.sample(make(2, 3, 4), make(3, 2), dim1=0, dim2=2)
