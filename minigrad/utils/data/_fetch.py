"""Fetching: from what a sampler yields to a batch. The same in the main process and in a worker."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from minigrad.tensor import Tensor
from minigrad.utils.data._bulk import BulkFetch, bulk_fetch
from minigrad.utils.data.collate import collate_tensor_fn, default_collate, default_collate_fn_map

Fetch: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class FetchPlan:
    """What a fetch needs to know; it travels to the workers."""

    dataset: Any
    is_iterable: bool
    makes_batches: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool

    def start(self) -> Fetch:
        """Return a function that fetches one batch; an iterable dataset is iterated from its beginning."""
        if self.is_iterable:
            return self._from_iterator(iter(self.dataset))
        if not self.makes_batches:
            return self._single
        if self.collate_fn is default_collate and default_collate_fn_map.get(Tensor) is collate_tensor_fn:
            bulk = bulk_fetch(self.dataset)
            if bulk is not None:
                return self._at_once(bulk)
        return self._sample_by_sample

    def _single(self, index: Any) -> Any:
        return self.collate_fn(self.dataset[index])

    def _sample_by_sample(self, indices: Any) -> Any:
        dataset = self.dataset
        keys: Iterable[Any] = indices.tolist() if type(indices) is np.ndarray else indices
        if getattr(dataset, "__getitems__", None):
            return self.collate_fn(dataset.__getitems__(keys))
        return self.collate_fn([dataset[key] for key in keys])

    def _at_once(self, bulk: BulkFetch) -> Fetch:
        def fetch(indices: Any) -> Any:
            try:
                if type(indices) is np.ndarray:
                    return bulk(indices)
                if type(indices[0]) is int:
                    return bulk(np.array(indices, np.int64))
            except Exception:  # whatever it is, asking sample by sample meets it again and says it better
                return self._sample_by_sample(indices)
            return self._sample_by_sample(indices)

        return fetch

    def _from_iterator(self, samples: Iterator[Any]) -> Fetch:
        if not self.makes_batches:
            return lambda _: self.collate_fn(next(samples))

        def fetch(indices: Any) -> Any:
            batch = list(itertools.islice(samples, len(indices)))
            if not batch or (self.drop_last and len(batch) < len(indices)):
                raise StopIteration
            return self.collate_fn(batch)

        return fetch
