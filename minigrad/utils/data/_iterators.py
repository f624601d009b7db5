"""What iterates a `DataLoader` in the main process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minigrad.cuda import is_available
from minigrad.pinning import pin_all
from minigrad.utils.data.sampler import draw_seed, index_batches

if TYPE_CHECKING:
    from minigrad.utils.data.dataloader import DataLoader


class BaseDataLoaderIter(Iterator[Any]):
    """What is common to iterating with and without workers."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._restart(loader)
        # PyTorch draws this seed even if no worker needs it, and before the sampler draws.
        self._base_seed = draw_seed(loader.generator)

    def _restart(self, loader: DataLoader[Any]) -> None:
        """Begin an epoch."""
        self._index_sampler = loader.index_sampler
        self._sampler_iter = index_batches(self._index_sampler)
        self._overrun = loader.overrun_check()
        self._pins = loader.pin_memory and is_available()

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __next__(self) -> Any:
        batch = self._next_batch()
        if self._overrun is not None:
            self._overrun.count()
        return pin_all(batch) if self._pins else batch

    def _next_batch(self) -> Any:
        raise NotImplementedError


class SingleProcessDataLoaderIter(BaseDataLoaderIter):
    """Iterates a loader whose batches are fetched by the process itself."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        if loader.timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        super().__init__(loader)
        self._fetch = loader.fetch_plan().start()

    def _next_batch(self) -> Any:
        return self._fetch(next(self._sampler_iter))


class OverrunCheck:
    """Warns when an iterable dataset yields more than the length it told."""

    def __init__(self, dataset: Any, promised: int, with_workers: bool) -> None:
        self._dataset = dataset
        self._promised = promised
        self._with_workers = with_workers
        self._fetched = 0

    def count(self) -> None:
        """Count one more batch."""
        self._fetched += 1
        if self._fetched <= self._promised:
            return
        message = (
            f"Length of IterableDataset {self._dataset} was reported to be {self._promised}"
            f"(when accessing len(dataloader)), but {self._fetched} samples have been fetched. "
        )
        if self._with_workers:
            message += (
                "Every worker iterates its own copy of the dataset: use get_worker_info() in its __iter__ "
                "to yield only this worker's share."
            )
        warnings.warn(message, stacklevel=4)
