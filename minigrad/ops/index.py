"""Reading and writing ``x[index]``."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import from_numpy
from minigrad.ops.backend import (
    array_module,
    array_of,
    as_array,
    is_array,
    is_device_array,
    is_writeable,
    kernels_of,
    like,
)
from minigrad.ops.hints import BYTE_INDEX, hint_once
from minigrad.ops.inplace import OVERLAP, check_inference, check_view
from minigrad.ops.op import op, share_memory
from minigrad.ops.promotion import number_in
from minigrad.ops.shape import row_major
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
    arrays = tuple(map(array_of, index))
    if is_device_array(array):
        return tuple(like(array, each) if is_array(each) else each for each in arrays)
    if any(map(is_device_array, arrays)):
        raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor (cpu)")
    return arrays


def get_item(tensor: Any, index: Any) -> Any:
    """Return ``tensor[index]``: a view where the index allows it."""
    entries = index if type(index) is tuple else (index,)
    if _is_basic(entries):
        try:
            return _basic_view(tensor, entries)
        except IndexError:
            pass  # `split_index` finds out what is wrong and says it in PyTorch's words
    elif type(index) is Upper.Tensor and index._array.dtype.char == "l" and index._array.ndim and tensor._array.ndim:
        try:
            result = advanced_index(tensor, (index._array,))
            if result._requires_grad:
                _watch(result, index)
            return result
        except IndexError:
            pass
    basic, advanced = split_index(tensor._array, index)
    if basic is not None:
        tensor = basic_index(tensor, basic)
    if advanced is None:
        return tensor
    result = advanced_index(tensor, advanced)
    if result._requires_grad:
        _watch(result, index)
    return result


def _watch(result: Any, index: Any) -> None:
    """Let a node notice when a tensor that was used as an index is changed before the backward pass."""
    for each in index if isinstance(index, tuple) else (index,):
        if isinstance(each, Upper.Tensor):
            result._node.marks.append((each._writes, each._writes[0], 1))


def _is_basic(entries: tuple[Any, ...]) -> bool:
    """Whether an index is all integers, forward slices, None and Ellipsis, quickly; False when in doubt."""
    for each in entries:
        kind = type(each)
        if kind is slice:
            step = each.step
            if step is not None and (type(step) is not int or step <= 0):
                return False
        elif kind is not int and each is not None and each is not Ellipsis:
            return False
    return True


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
        tensor.copy_(_fitted(value, tensor._array.shape))
    else:
        tensor.index_put_(advanced, value)


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
    if not is_writeable(array):
        raise RuntimeError(OVERLAP)
    place = Ellipsis if advanced is None else _beside(array, advanced)
    with np.errstate(all="ignore"):
        try:
            array[place] = value
        except (ValueError, TypeError):
            part = array[place]
            array[place] = _fitted(like(array, value), part.shape)


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


def split_index(array: Any, index: Any) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """Split an index into a basic part, taken first, and an advanced part, taken of its result.

    Integers belong to the basic part, as in PyTorch: ``x[0, :, rows]`` selects first, so its dimensions keep their
    places (NumPy would move them).

    Returns
    -------
    (basic, advanced)
        Either may be None when there is nothing of its kind.

    Raises
    ------
    IndexError
        For too many indices, indices out of bounds, masks of the wrong shape, and things that are no index.
    """
    entries = index if isinstance(index, tuple) else tuple(index) if _stands_for_tuple(index) else (index,)
    entries = _without_idle_ellipses(tuple(_entry(each) for each in entries))
    consumed = sum(_consumes(each) for each in entries)
    if consumed > array.ndim:
        if array.ndim == 0 and all(isinstance(each, int) for each in entries):
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to "
                "convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {array.ndim}")
    if sum(each is Ellipsis for each in entries) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if Ellipsis in [each for each in entries if not is_array(each)]:
        place = next(k for k, each in enumerate(entries) if each is Ellipsis)
        fill = (slice(None),) * (array.ndim - consumed)
        expanded = entries[:place] + fill + entries[place + 1 :]
    else:
        expanded = entries
    _check_bounds(array.shape, expanded)
    if not any(is_array(each) for each in expanded):
        return entries, None
    basic: list[Any] = []
    advanced: list[Any] = []
    for each in expanded:
        if is_array(each):
            basic.extend([slice(None)] * _consumes(each))
            if each.ndim == 0 and each.dtype.kind == "b":
                basic.append(None)
                each = each.reshape(1)
            advanced.append(each)
        else:
            basic.append(each)
            if not isinstance(each, int):
                advanced.append(slice(None))
    while advanced and isinstance(advanced[-1], slice):
        advanced.pop()
    plain = all(isinstance(each, slice) and each == slice(None) for each in basic)
    return (None if plain else tuple(basic)), tuple(advanced)


def _stands_for_tuple(index: Any) -> bool:
    """Whether a list is read as a tuple, as PyTorch (and NumPy once) does with ``x[[[0, 1], [1, 2]]]``."""
    return (
        isinstance(index, list)
        and len(index) < 32
        and any(
            each is None or each is Ellipsis or isinstance(each, (list, tuple, range, slice, Upper.Tensor))
            for each in index
        )
    )


def _without_idle_ellipses(entries: tuple[Any, ...]) -> tuple[Any, ...]:
    """Drop the ellipses after the first where nothing that takes a dimension follows; they stand for nothing then."""
    places = [k for k, each in enumerate(entries) if each is Ellipsis]
    if len(places) < 2 or any(_consumes(each) for each in entries[places[1] :]):
        return entries
    return tuple(each for k, each in enumerate(entries) if k not in places[1:])


def _entry(each: Any) -> Any:
    """Return one entry of an index as an int, slice, None, Ellipsis or an array of integers or bools."""
    if each is None or each is Ellipsis or type(each) is int:
        return each
    if isinstance(each, slice):
        return _slice(each)
    if isinstance(each, Upper.Tensor):
        array = each._array
        if array.ndim == 0 and array.dtype.kind in "iu":
            return int(array)
        if array.dtype not in _INDEX_DTYPES:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    elif isinstance(each, (bool, np.bool_)):
        return as_array(each)
    elif isinstance(each, (list, tuple, range, np.ndarray)):
        array = each if is_array(each) else _array_of(each)
        if array.ndim == 0 and array.dtype.kind in "iu":
            return int(array)
        if array.dtype not in _INDEX_DTYPES:
            array = array.astype(np.int64)  # fractions are cut off, as PyTorch does where no tensor is given
    else:
        try:
            return operator.index(each)
        except TypeError:
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
                f"{type(each).__name__})"
            ) from None
    if array.dtype == np.uint8:
        hint_once(BYTE_INDEX)
        return array.astype(bool)
    return array


_INDEX_DTYPES = frozenset(np.dtype(each) for each in ("int64", "int32", "uint8", "bool"))


def _array_of(sequence: Any) -> np.ndarray[Any, Any]:
    """Return a sequence in an index as an array.

    Raises
    ------
    IndexError
        For rows of different lengths and entries that are no numbers.
    """
    try:
        array = as_array([_item(one) for one in sequence])
    except ValueError as error:
        raise IndexError(f"a sequence used as an index must hold numbers in rows of one length: {error}") from None
    if array.dtype.kind not in "iufb":
        raise IndexError("a sequence used as an index must hold integers or bools")
    return array


def _item(one: Any) -> Any:
    return one._array if isinstance(one, Upper.Tensor) else one


def _slice(each: slice) -> slice:
    start, stop, step = (None if part is None else operator.index(part) for part in (each.start, each.stop, each.step))
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero")
    return slice(start, stop, step)


def _consumes(each: Any) -> int:
    """Return how many dimensions of the tensor an entry stands for."""
    if each is None or each is Ellipsis:
        return 0
    if is_array(each) and each.dtype.kind == "b":
        return each.ndim
    return 1


def _check_bounds(shape: tuple[int, ...], entries: tuple[Any, ...]) -> None:
    dim = 0
    for position, each in enumerate(entries):
        if isinstance(each, int):
            if not -shape[dim] <= each < shape[dim]:
                raise IndexError(f"index {each} is out of bounds for dimension {dim} with size {shape[dim]}")
        elif is_array(each) and each.dtype.kind == "b":
            if each.shape != shape[dim : dim + each.ndim]:
                raise IndexError(
                    f"The shape of the mask {list(each.shape)} at index {position} does not match the shape of the "
                    f"indexed tensor {list(shape)} at index {dim}"
                )
        elif is_array(each) and each.size:
            low, high = each.min(), each.max()
            if low < -shape[dim] or high >= shape[dim]:
                wrong = high if high >= shape[dim] else low
                raise IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {shape[dim]}")
        dim += _consumes(each)


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
