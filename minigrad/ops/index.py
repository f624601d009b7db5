"""Reading and writing ``x[index]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import (
    array_module,
    array_of,
    as_array,
    is_array,
    is_device_array,
    kernels_of,
    like,
)
from minigrad.ops.index_parts import arrays_among_slices, is_basic, split_index
from minigrad.ops.inplace import check_inference, check_view
from minigrad.ops.op import op
from minigrad.ops.overlap import SHARED, overlap, writeable
from minigrad.ops.promotion import number_in
from minigrad.ops.quiet import silence, unsilence
from minigrad.ops.shape import row_major
from minigrad.ops.sharing import share_memory
from minigrad.ops.state import Upper, mode

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


new = object.__new__


@op(namespace=None, view=True, variant=lambda input, index: _node_name(index))
def basic_index(input: Tensor, index: tuple[Any, ...]) -> Tensor:
    """View ``input[index]`` for an index of integers, slices, None and Ellipsis."""
    whole = index if Ellipsis in index else (*index, Ellipsis)
    return input[whole]


@basic_index.gradient
def _(grad, input_shape, index):
    return basic_index_backward(grad, input_shape, index)


@basic_index.samples
def _(make):
    yield make.sample(make(3, 4), (1,))
    yield make.sample(make(3, 4), (slice(None), slice(0, 4, 2)))
    yield make.sample(make(3, 4), (Ellipsis, None, -1))
    yield make.sample(make(3, 4).T, (slice(1, 1),))
    yield make.sample(make(3), (2,))


@op(namespace=None)
def basic_index_backward(grad: Tensor, shape: tuple[int, ...], index: tuple[Any, ...]) -> Tensor:
    """Zeros of ``shape`` with ``grad`` at ``index``."""
    out = array_module(grad).zeros(shape, grad.dtype)
    out[index] = grad
    return out


@basic_index_backward.gradient
def _(grad, index):
    return basic_index(grad, index)


@basic_index_backward.samples
def _(make):
    yield make.sample(make(4), (3, 4), (1,))
    yield make.sample(make(3, 2), (3, 4), (slice(None), slice(0, 4, 2)))


@op(namespace=None, node="IndexBackward0")
def advanced_index(input: Tensor, index: tuple[np.ndarray[Any, Any] | slice, ...]) -> Tensor:
    """Copy ``input[index]`` for an index with integer or bool arrays among full slices."""
    return row_major(input[_beside(input, index)])


@advanced_index.gradient
def _(grad, input_shape, index):
    return advanced_index_backward(grad, input_shape, index)


@advanced_index.samples
def _(make):
    yield make.sample(make(3, 4), (np.array([0, 2, 2]),))
    yield make.sample(make(3, 4), (slice(None), np.array([[1, 1], [0, 3]])))
    yield make.sample(make(3, 4), (np.array([True, False, True]),))
    yield make.sample(make(3, 4, 2), (np.array([0, 1]), slice(None), np.array([1, 1])))
    yield make.sample(make(3, 4), (np.array([], dtype=np.int64),))


@op(namespace=None)
def advanced_index_backward(grad: Tensor, shape: tuple[int, ...], index: tuple[Any, ...]) -> Tensor:
    """Zeros of ``shape`` to which ``grad`` is added at ``index``; places named twice get the sum."""
    out = array_module(grad).zeros(shape, grad.dtype)
    add_at(out, index, grad)
    return out


@advanced_index_backward.gradient
def _(grad, index):
    return advanced_index(grad, index)


@advanced_index_backward.samples
def _(make):
    yield make.sample(make(3, 4), (5, 4), (np.array([0, 2, 2]),))


def add_at(target: Any, index: tuple[Any, ...], values: Any) -> None:
    """Add ``values`` to ``target[index]`` in place, repeatedly where an index repeats."""
    index = _beside(target, index)
    if len(index) == 1 and index[0].dtype.kind == "b":
        target[index] += values
    elif len(index) == 1 and target.dtype.kind == "f" and target.flags.c_contiguous and target.dtype == values.dtype:
        rows = index[0].astype(np.int64, copy=False)
        kernels_of(target).index_add(target, rows, np.broadcast_to(values, rows.shape + target.shape[1:]))
    else:
        np.add.at(target, index, values)


def _beside(array: Any, index: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return an index with its arrays where the indexed one is; those of the CPU may index a device's.

    Raises
    ------
    RuntimeError
        For a device's arrays in the index of an array of the CPU.
    """
    if type(array) is ndarray:
        for each in index:
            if type(each) is not ndarray and type(each) is not slice:
                break
        else:
            return index
    arrays = tuple(map(array_of, index))
    if is_device_array(array):
        return tuple(like(array, each) if is_array(each) else each for each in arrays)
    if any(map(is_device_array, arrays)):
        raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor (cpu)")
    return arrays


def get_item(tensor: Any, index: Any) -> Any:
    """Return ``tensor[index]``: a view where the index allows it."""
    entries = index if type(index) is tuple else (index,)
    try:
        if is_basic(entries):
            return _basic_view(tensor, entries)
        if tensor._array.ndim and (arrays := arrays_among_slices(entries)):
            return _picked(tensor, arrays, index)
    except IndexError:
        pass  # `split_index` finds out what is wrong and says it in PyTorch's words
    basic, advanced = split_index(tensor._array, index)
    if basic is not None:
        tensor = basic_index(tensor, basic)
    return tensor if advanced is None else _picked(tensor, advanced, index)


def _picked(tensor: Any, arrays: tuple[Any, ...], index: Any) -> Any:
    """Return the copy ``tensor[arrays]``; its node notices when a tensor that was used as ``index`` is changed."""
    result = advanced_index(tensor, arrays)
    if result._requires_grad:
        for each in index if isinstance(index, tuple) else (index,):
            if isinstance(each, Upper.Tensor):
                result._node.marks.append((each._writes, each._writes[0], 1))
    return result


def row_of(tensor: Any, index: int) -> Any:
    """Return the view ``tensor[index]`` of a tensor that is no view and records nothing: samples are made of these."""
    array = tensor._array[index, ...]
    view = new(Upper.Tensor)
    view._array = array
    view._node = view._grad = view._base = None
    view._requires_grad = False
    view._writes = writes = tensor._writes
    if mode.enabled:
        view._base = view._view_of = tensor
        view._view_call = (basic_index, ((index,),))
        view._view_version = writes[0]
    return view


def _basic_view(tensor: Any, entries: tuple[Any, ...]) -> Any:
    """Return ``tensor[entries]``; where nothing is recorded the view is made without the op's detour."""
    if tensor._requires_grad or tensor._base is not None:
        return basic_index(tensor, entries)
    view = Upper.Tensor._wrap(tensor._array[entries if Ellipsis in entries else (*entries, Ellipsis)])
    share_memory(view, tensor, basic_index, (entries,))
    return view


def set_item(tensor: Any, index: Any, value: Any) -> None:
    """Carry out ``tensor[index] = value``, recorded where something requires grad."""
    if index is False:
        return
    check_inference(tensor)
    if _is_written(tensor, index, value):
        tensor._writes[0] += 1
        return
    basic, advanced = split_index(tensor._array, index)
    if basic is not None and all(each is Ellipsis or each == slice(None) for each in basic):
        basic = None
    if advanced is not None and isinstance(value, Upper.Tensor) and value._array.dtype is not tensor._array.dtype:
        check_same_dtype(tensor._array, advanced, value._array)
    if not isinstance(value, (Upper.Tensor, int, float, np.ndarray, np.generic, list, tuple)):
        raise TypeError(f"can't assign a {type(value).__name__} to a {tensor.type()}")
    if tensor._array.dtype.kind in "iu" and isinstance(value, (int, float)):
        value = number_in(value, tensor._array.dtype)
    recorded = mode.enabled and (tensor._requires_grad or (isinstance(value, Upper.Tensor) and value._requires_grad))
    if not recorded or tensor._array.dtype.kind != "f":
        if tensor._base is not None and mode.enabled and tensor._base._requires_grad:
            check_view(tensor)
        array = (
            tensor._array if basic is None else tensor._array[(*basic, Ellipsis) if Ellipsis not in basic else basic]
        )
        assign(array, advanced, value._array if isinstance(value, Upper.Tensor) else value)
        tensor._writes[0] += 1
        return
    if basic is not None:
        tensor = basic_index(tensor, basic)
    if not isinstance(value, Upper.Tensor):
        value = Upper.Tensor._wrap(as_array(value, tensor._array.dtype))
    if advanced is None:
        shape = tensor._array.shape
        value = _fitted(value, shape)
        tensor.copy_(value if value._array.shape == shape else value.expand(shape))
    else:
        tensor.index_put_(advanced, value)


def _is_written(tensor: Any, index: Any, value: Any) -> bool:
    """Carry out ``tensor[index] = value`` if NumPy can do it as it is and nothing is recorded; whether it did."""
    array = tensor._array
    if type(array) is not ndarray:
        return False
    if type(value) is Upper.Tensor:
        if value._array.dtype is not array.dtype or (value._requires_grad and mode.enabled):
            return False
        value = value._array
        if (value.base is not None or array.base is not None or value is array) and np.may_share_memory(value, array):
            return False
    elif type(value) is not int and (type(value) is not float or array.dtype.kind != "f"):
        return False
    if mode.enabled and (tensor._requires_grad or (tensor._base is not None and tensor._base._requires_grad)):
        return False
    entries = index if type(index) is tuple else (index,)
    place = entries if is_basic(entries) else arrays_among_slices(entries)
    if place is None:
        return False
    token = silence()
    try:
        array[place] = value
    except (IndexError, OverflowError, TypeError, ValueError):
        return False  # what is wrong is found out again, and said in PyTorch's words
    finally:
        unsilence(token)
    return True


def check_same_dtype(array: Any, advanced: tuple[Any, ...], values: Any) -> None:
    """Refuse to write an array of another dtype at an advanced index, except one element where a mask is true.

    Raises
    ------
    RuntimeError
    """
    if values.dtype == array.dtype:
        return
    arrays = [each for each in advanced if is_array(each)]
    if len(arrays) != 1 or arrays[0].dtype.kind != "b" or values.size != 1:
        destination, source = (from_numpy(each.dtype).tensor_type.removesuffix("Tensor") for each in (array, values))
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {destination} for the destination and "
            f"{source} for the source."
        )


def assign(array: Any, advanced: Any, value: Any) -> None:
    """Carry out ``array[advanced] = value``, or say in PyTorch's words what does not fit."""
    array = writeable(array)
    if advanced is None and getattr(value, "shape", None) == array.shape and overlap(array, value):
        raise RuntimeError(SHARED)
    place = Ellipsis if advanced is None else _beside(array, advanced)
    token = silence()
    try:
        array[place] = value
    except (ValueError, TypeError):
        part = array[place]
        array[place] = _fitted(like(array, value), part.shape)
    finally:
        unsilence(token)


def _fitted(value: Any, shape: tuple[int, ...]) -> Any:
    """Drop the leading dimensions of length 1 that assignment allows beyond the target's.

    Raises
    ------
    RuntimeError
        For a value that does not broadcast to the target.
    """
    extra = max(len(value.shape) - len(shape), 0)
    if all(length == 1 for length in value.shape[:extra]):
        rest = value.shape[extra:]
        if all(mine in (1, wanted) for mine, wanted in zip(rest[::-1], shape[::-1], strict=False)):
            return value.reshape(rest)
    raise RuntimeError(
        f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast to indexing result of shape "
        f"{list(shape)}"
    )


def _node_name(index: tuple[Any, ...]) -> str:
    """Return the name that PyTorch's last step of this index has."""
    name = "AliasBackward0"
    for each in index:
        if each is None:
            name = "UnsqueezeBackward0"
        elif isinstance(each, int):
            name = "SelectBackward0"
        elif isinstance(each, slice) and each != slice(None):
            name = "SliceBackward0"
    return name
