"""A whole batch by one indexing per tensor, for the datasets that allow it.

`bulk_fetch` gives a function from an array of indices to exactly the batch that `default_collate` would make of the
samples. Whatever it cannot do (an index out of range, rows of different shapes) it leaves to the way sample by sample,
which then also raises the error that the user should see.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from minigrad.creation import from_numpy
from minigrad.ops.join import cat
from minigrad.tensor import Tensor
from minigrad.utils.data._arrays import is_plain, row_picker, rows_of
from minigrad.utils.data.dataset import ConcatDataset, StackDataset, Subset, TensorDataset

if TYPE_CHECKING:
    from minigrad.utils.data._row_indexing import Recipe

Indices = NDArray[np.int64]
BulkFetch: TypeAlias = Callable[[Indices], Any]


def bulk_fetch(dataset: Any) -> BulkFetch | None:
    """Return a function that fetches a collated batch at once; None if samples must be asked for one by one."""
    if isinstance(dataset, (Tensor, np.ndarray)):
        return _rows(dataset)
    method = getattr(type(dataset), "__getitem__", None)
    for kind, make in _KNOWN.items():
        if isinstance(dataset, kind) and method is kind.__getitem__ and _getitems_of(dataset) is _getitems_of(kind):
            return make(dataset)
    return _written_by_user(dataset)


def _getitems_of(dataset: Any) -> Any:
    """Return the bulk protocol's function, of a class or of an object's class."""
    return getattr(dataset if isinstance(dataset, type) else type(dataset), "__getitems__", None)


def _rows(source: Any) -> BulkFetch | None:
    """Rows of a tensor or array, as a tensor."""
    if is_plain(source):
        return rows_of(source) if source.dim() else None
    if type(source) is Tensor:
        return rows_of(source)
    if type(source) in (np.ndarray, np.memmap) and source.ndim and source.dtype.kind in "biuf":
        pick = row_picker(np.asarray(source))
        return lambda indices: from_numpy(pick(indices))
    return None


def _all_or_none(fetches: Sequence[BulkFetch | None]) -> list[BulkFetch] | None:
    known = [fetch for fetch in fetches if fetch is not None]
    return known if len(known) == len(fetches) else None


def _listed(fetches: Sequence[BulkFetch | None]) -> BulkFetch | None:
    """Side by side, in a list."""
    known = _all_or_none(fetches)
    return None if known is None else lambda indices: [fetch(indices) for fetch in known]


def _named(names: Sequence[Any], fetches: Sequence[BulkFetch | None]) -> BulkFetch | None:
    """Side by side, in a dictionary."""
    known = _all_or_none(fetches)
    if known is None:
        return None
    return lambda indices: {name: fetch(indices) for name, fetch in zip(names, known, strict=True)}


def _of_tensors(dataset: TensorDataset) -> BulkFetch | None:
    return _listed([_rows(tensor) for tensor in dataset.tensors])


def _of_subset(dataset: Subset[Any]) -> BulkFetch | None:
    fetch = bulk_fetch(dataset.dataset)
    if fetch is None:
        return None
    chosen = dataset._index_array()
    return None if chosen is None else lambda indices: fetch(chosen.take(indices))


def _of_stack(dataset: StackDataset) -> BulkFetch | None:
    if isinstance(dataset.datasets, dict):
        names = list(dataset.datasets)
        return _named(names, [bulk_fetch(member) for member in dataset.datasets.values()])
    return _listed([bulk_fetch(member) for member in dataset.datasets])


def _of_concatenation(dataset: ConcatDataset[Any]) -> BulkFetch | None:
    """Each member's share of a batch, joined and put back into the order asked for."""
    fetches = _all_or_none([bulk_fetch(member) for member in dataset.datasets])
    if fetches is None:
        return None
    ends = np.asarray(dataset.cumulative_sizes)
    starts = (ends - np.diff(ends, prepend=0)).tolist()
    numbers = np.arange(len(ends) + 1)

    def fetch(indices: Indices) -> Any:
        if indices.min() < 0:
            raise IndexError("counted from the end")
        which = ends.searchsorted(indices, side="right")
        order = which.argsort(kind="stable")
        grouped = indices.take(order)
        bounds = which.take(order).searchsorted(numbers).tolist()
        parts = [
            member(grouped[first:last] - start)
            for member, start, first, last in zip(fetches, starts, bounds, bounds[1:], strict=False)
            if first < last
        ]
        if bounds[-1] < indices.size:
            raise IndexError("past the end")
        if len(parts) == 1:
            return parts[0]
        back = np.empty_like(order)
        back[order] = np.arange(order.size)
        return _join(parts, back)

    return fetch


def _join(parts: Sequence[Any], back: Indices) -> Any:
    """Join batches of one structure along the first dimension, and reorder the rows."""
    first = parts[0]
    if isinstance(first, Tensor):
        return rows_of(cat(parts, 0))(back)
    if isinstance(first, dict):
        if any(part.keys() != first.keys() for part in parts):
            raise ValueError("samples of different keys")
        return {key: _join([part[key] for part in parts], back) for key in first}
    return [_join(column, back) for column in zip(*parts, strict=True)]


_KNOWN: dict[type[Any], Callable[[Any], BulkFetch | None]] = {
    TensorDataset: _of_tensors,
    Subset: _of_subset,
    StackDataset: _of_stack,
    ConcatDataset: _of_concatenation,
}


def _written_by_user(dataset: Any) -> BulkFetch | None:
    """Rows of a user's own dataset, if its ``__getitem__`` does nothing but index."""
    kind: Any = type(dataset)
    if _getitems_of(kind) is not None or kind.__getattribute__ is not object.__getattribute__:
        return None
    # A debugger must find the user's method called, or a breakpoint in it would never stop.
    if sys.gettrace() is not None:
        return None
    # Imported here: reading bytecode is needed only for datasets of this kind.
    from minigrad.utils.data._row_indexing import absent_attributes, recipe_of

    method = getattr(kind, "__getitem__", None)
    absent = absent_attributes(method, dataset)
    recipe = recipe_of(method, absent)
    fetch = None if recipe is None else _follow(recipe, dataset)
    return fetch if fetch is None or not absent else _while_absent(absent, dataset, fetch)


def _while_absent(names: frozenset[str], dataset: Any, fetch: BulkFetch) -> BulkFetch:
    """Fetch at once as long as the attributes are None, as they were when the method was read."""

    def guarded(indices: Indices) -> Any:
        if any(getattr(dataset, name) is not None for name in names):
            raise LookupError("an attribute was set since, so the samples are no longer only rows")
        return fetch(indices)

    return guarded


def _follow(recipe: Recipe, dataset: Any) -> BulkFetch | None:
    """Turn a recipe into a function for a batch."""
    from minigrad.utils.data._row_indexing import Row

    if isinstance(recipe, Row):
        # A name that the class knows too may be a property.
        own = not hasattr(type(dataset), recipe.attribute) and recipe.attribute in vars(dataset)
        return _rows(vars(dataset)[recipe.attribute]) if own else None
    fetches = [_follow(item, dataset) for item in recipe.items]
    return _named(recipe.keys, fetches) if recipe.kind is dict else _listed(fetches)
