"""What an index means: its entries sorted into what NumPy takes as it is, and what has to be taken in two steps."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from minigrad.ops.backend import as_array, is_array
from minigrad.ops.hints import BYTE_INDEX, hint_once
from minigrad.ops.state import Upper

_WHOLE = slice(None)


def is_basic(entries: tuple[Any, ...]) -> bool:
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


def arrays_among_slices(entries: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Return an index of index tensors, masks and lists of integers among full slices as `split_index` would, quickly.

    None when in doubt; what is out of bounds is for NumPy to find out.
    """
    found = []
    for each in entries:
        kind = type(each)
        if kind is Upper.Tensor:
            array = each._array
            if not array.ndim or array.dtype.char not in "l?":
                return None
            found.append(array)
        elif kind is slice and each == _WHOLE:
            found.append(each)
        elif kind is list and set(map(type, each)) == {int}:
            found.append(np.array(each))
        else:
            return None
    while type(found[-1]) is slice:  # with nothing but slices the index is basic
        found.pop()
    return tuple(found)


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
