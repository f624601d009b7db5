"""Collation: a list of samples becomes one batch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any, TypeAlias

import numpy as np

from minigrad.creation import as_tensor, from_numpy, tensor
from minigrad.dtypes import float64
from minigrad.ops.join import stack
from minigrad.tensor import Tensor
from minigrad.utils.data._arrays import stack_arrays, stack_plain

__all__ = ["collate", "default_collate", "default_convert"]

CollateMap: TypeAlias = "dict[type | tuple[type, ...], Callable[..., Any]]"

_TYPE_ERROR = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def collate(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Make a batch of a list of samples, by the type of the first one.

    Parameters
    ----------
    batch : sequence
        The samples, all of the same structure.
    collate_fn_map : dict, optional
        From a type, or a tuple of types, to a function ``f(batch, *, collate_fn_map)`` for elements of that type.
        Mappings, named tuples and sequences that no entry claims are collated field by field.

    Raises
    ------
    RuntimeError
        For sequences of different lengths.
    TypeError
        For what cannot be put into a batch.
    """
    first = batch[0]
    kind = type(first)
    if collate_fn_map is not None:
        collate_fn = collate_fn_map.get(kind)
        if collate_fn is None:
            collate_fn = next((f for types, f in collate_fn_map.items() if isinstance(first, types)), None)
        if collate_fn is not None:
            return collate_fn(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        fields = {key: collate([d[key] for d in batch], collate_fn_map=collate_fn_map) for key in first}
        return _like_mapping(first, fields)
    if isinstance(first, tuple) and hasattr(first, "_fields"):  # a named tuple
        columns = zip(*batch, strict=False)
        return kind(*(collate(column, collate_fn_map=collate_fn_map) for column in columns))
    if isinstance(first, Sequence):
        if len(set(map(len, batch))) != 1:
            raise RuntimeError("each element in list of batch should be of equal size")
        items = [collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch, strict=True)]
        return items if isinstance(first, tuple) else _like_sequence(first, items)
    raise TypeError(_TYPE_ERROR.format(kind))


def _like_mapping(original: Mapping[Any, Any], fields: dict[Any, Any]) -> Any:
    """Return `fields` as a mapping of the type of `original`, where that type allows it."""
    try:
        if isinstance(original, MutableMapping):
            # A copy keeps what the type holds besides its items, such as a default factory.
            clone = copy.copy(original)
            clone.update(fields)
            return clone
        return type(original)(fields)  # type: ignore[call-arg]
    except TypeError:
        return fields


def _like_sequence(original: Sequence[Any], items: list[Any]) -> Any:
    """Return `items` as a sequence of the type of `original`, where that type allows it."""
    try:
        if isinstance(original, MutableSequence):
            clone = copy.copy(original)
            for i, item in enumerate(items):
                clone[i] = item
            return clone
        return type(original)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def collate_tensor_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Stack tensors along a new first dimension."""
    stacked = stack_plain(batch)
    return stack(batch, 0) if stacked is None else stacked


def collate_numpy_array_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Stack arrays along a new first dimension, into a tensor."""
    if batch[0].dtype.kind in "SUO":
        raise TypeError(_TYPE_ERROR.format(batch[0].dtype))
    stacked = stack_arrays(batch) if all(isinstance(array, np.ndarray) for array in batch) else None
    if stacked is None:
        return collate([as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)
    return from_numpy(stacked)


def collate_numpy_scalar_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Make a tensor of NumPy's scalars."""
    # NumPy's promotion and PyTorch's agree where the result has the dtype of the first.
    found = _numbers(batch, (batch[0].dtype,))
    return as_tensor(batch) if found is None else found


def collate_float_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Make a float64 tensor of numbers."""
    found = _numbers(batch, (np.dtype(np.float64),))
    return tensor(batch, dtype=float64) if found is None else found


def collate_int_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Make a tensor of numbers, int64 if they all are whole."""
    found = _numbers(batch, (np.dtype(np.int64), np.dtype(np.bool_)))
    return tensor(batch) if found is None else found


def _numbers(batch: Sequence[Any], wanted: tuple[np.dtype[Any], ...]) -> Tensor | None:
    """Make a tensor of numbers in NumPy, several times as fast as `tensor`; None where NumPy finds another dtype."""
    try:
        array = np.array(batch)
    except (ValueError, TypeError):
        return None
    return from_numpy(array) if array.ndim == 1 and array.dtype in wanted else None


def collate_str_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Sequence[Any]:
    """Leave strings as they are."""
    return batch


default_collate_fn_map: CollateMap = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch: Sequence[Any]) -> Any:
    """Make a batch of a list of samples: the loader's collate function where it makes batches.

    Tensors, arrays and numbers become a tensor with a new first dimension; strings stay a list; mappings, named tuples
    and lists are collated field by field, and a tuple becomes a list.

    Parameters
    ----------
    batch : sequence
        The samples, all of the same structure.

    Examples
    --------
    >>> default_collate([(1, 0.5), (2, 1.5)])
    [tensor([1, 2]), tensor([0.5000, 1.5000], dtype=torch.float64)]
    >>> default_collate([{"name": "a", "value": 1}, {"name": "b", "value": 2}])
    {'name': ['a', 'b'], 'value': tensor([1, 2])}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data: Any) -> Any:
    """Turn NumPy's arrays and numbers inside a sample into tensors: the loader's collate function with no batching.

    Examples
    --------
    >>> default_convert({"x": np.array([1, 2]), "name": "a"})
    {'x': tensor([1, 2]), 'name': 'a'}
    """
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        is_text = data.dtype.kind in "SUO" if isinstance(data, np.ndarray) else isinstance(data, (str, bytes))
        return data if is_text else as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple):
        items = [default_convert(item) for item in data]
        return type(data)(*items) if hasattr(data, "_fields") else items
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(item) for item in data])
    return data
