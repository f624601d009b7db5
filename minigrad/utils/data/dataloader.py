"""`DataLoader`: batches of a dataset, in the process itself or from worker processes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from minigrad.cuda import is_available
from minigrad.random import Generator
from minigrad.utils.data._fetch import FetchPlan
from minigrad.utils.data._iterators import BaseDataLoaderIter, OverrunCheck, SingleProcessDataLoaderIter
from minigrad.utils.data.collate import default_collate, default_convert
from minigrad.utils.data.dataset import IterableDataset
from minigrad.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from minigrad.utils.data.worker import get_worker_info

if TYPE_CHECKING:
    from minigrad.utils.data._multiprocess import MultiProcessingDataLoaderIter

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)

_FIXED = frozenset({"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"})


class _InfiniteConstantSampler(Sampler[None]):
    """What stands for a sampler where an iterable dataset says itself when it ends."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader(Generic[T_co]):
    """Iterates a dataset in batches.

    Parameters
    ----------
    dataset : Dataset
        With ``__getitem__`` and ``__len__``, or an `IterableDataset`.
    batch_size : int or None
        Samples a batch. With None, samples come one by one, without a batch dimension.
    shuffle : bool, optional
        Whether every epoch has a new random order.
    sampler : iterable, optional
        The order of the samples, instead of `shuffle`.
    batch_sampler : iterable, optional
        The lists of indices of the batches, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
    num_workers : int
        How many processes fetch batches; with 0 the process itself does.
    collate_fn : callable, optional
        Makes a batch of a list of samples; `default_collate` by default, `default_convert` if `batch_size` is None.
    pin_memory : bool
        Accepted as in PyTorch; there is no pinned memory yet.
    drop_last : bool
        Whether to leave out a last batch that is smaller.
    timeout : float
        How many seconds to wait for a batch from a worker; 0 waits for ever.
    worker_init_fn : callable, optional
        Called in every worker with its number, after seeding.
    multiprocessing_context : str or context, optional
        How workers are started: "fork", "spawn" or "forkserver".
    generator : Generator, optional
        Draws the order and the workers' seeds; the global generator by default.
    prefetch_factor : int, optional
        How many batches each worker fetches ahead; 2 by default.
    persistent_workers : bool
        Whether the workers stay for the next epoch.
    pin_memory_device : str
        Accepted as in PyTorch, and ignored.
    in_order : bool
        Whether batches of workers come in the order of the sampler, rather than as they get ready.

    Notes
    -----
    A `TensorDataset`, and any dataset whose ``__getitem__`` only indexes tensors or arrays held by ``self`` (``return
    self.data[i], self.label[i]``), is batched by one indexing per tensor and batch, also through `Subset`,
    `ConcatDataset` and `StackDataset`, and also where a condition asks for an attribute that is None (``if
    self.transform is not None``). Such a ``__getitem__`` is read, not called; with a debugger attached, and for any
    other dataset or `collate_fn`, samples are asked for one by one.

    Examples
    --------
    >>> loader = DataLoader(range(5), batch_size=2)
    >>> list(loader)
    [tensor([0, 1]), tensor([2, 3]), tensor([4])]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[Any] | Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self._is_iterable = isinstance(dataset, IterableDataset)
        _check_order(self._is_iterable, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self.generator = generator
        self.persistent_workers = persistent_workers
        if batch_sampler is not None:
            batch_size = None
        if sampler is None:
            sampler = self._default_sampler(bool(shuffle))
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._iterator: MultiProcessingDataLoaderIter | None = None
        self._told_length: int | None = None
        _warn_of_too_many_workers(num_workers)
        self._is_complete = True

    _is_complete = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and self._is_complete:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def _default_sampler(self, shuffle: bool) -> Sampler[Any]:
        if self._is_iterable:
            return _InfiniteConstantSampler()
        if shuffle:
            return RandomSampler(self.dataset, generator=self.generator)
        return SequentialSampler(self.dataset)

    @property
    def multiprocessing_context(self) -> Any:
        """How workers are started; None for the system's default."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, value: Any) -> None:
        self._context = None if value is None else _context_of(value, self.num_workers)

    @property
    def index_sampler(self) -> Any:
        """The sampler whose items are fetched: of batches, or of single samples if `batch_size` is None."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def fetch_plan(self) -> FetchPlan:
        """What fetching a batch takes."""
        return FetchPlan(
            self.dataset, self._is_iterable, self.batch_sampler is not None, self.collate_fn, self.drop_last
        )

    def overrun_check(self) -> OverrunCheck | None:
        """Return what counts batches, where an iterable dataset was asked for its length."""
        if self._told_length is None:
            return None
        return OverrunCheck(self.dataset, self._told_length, self.num_workers > 0)

    def __iter__(self) -> BaseDataLoaderIter:
        if self.pin_memory and not is_available():
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, "
                "then device pinned memory won't be used.",
                stacklevel=2,
            )
        if self.num_workers == 0:
            return SingleProcessDataLoaderIter(self)
        # Imported here: multiprocessing costs a program without workers more than the rest of this package.
        from minigrad.utils.data._multiprocess import MultiProcessingDataLoaderIter

        if not self.persistent_workers:
            return MultiProcessingDataLoaderIter(self)
        if self._iterator is not None and self._iterator.is_open:
            self._iterator.reset(self)
        else:
            self._iterator = MultiProcessingDataLoaderIter(self)
        return self._iterator

    def __len__(self) -> int:
        if not self._is_iterable:
            return len(self.index_sampler)
        length = self._told_length = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool) -> None:
    """Refuse options that need workers without workers, and numbers out of range."""
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_order(
    is_iterable: bool, batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    """Refuse options of order and batching that contradict each other."""
    if is_iterable:
        if shuffle:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle={shuffle}"
            )
        if sampler is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified sampler option, but got sampler={sampler}"
            )
        if batch_sampler is not None:
            raise ValueError(
                "DataLoader with IterableDataset: expected unspecified "
                f"batch_sampler option, but got batch_sampler={batch_sampler}"
            )
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")


def _context_of(value: Any, num_workers: int) -> Any:
    """Return a multiprocessing context for its name, or check one."""
    import multiprocessing

    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), "
            f"but got num_workers={num_workers}"
        )
    if isinstance(value, str):
        methods = multiprocessing.get_all_start_methods()
        if value not in methods:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {methods!r}, "
                f"but got multiprocessing_context={value!r}"
            )
        return multiprocessing.get_context(value)
    if not isinstance(value, multiprocessing.context.BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the start method, "
            f"but got multiprocessing_context={value}"
        )
    return value


def _warn_of_too_many_workers(num_workers: int) -> None:
    """Warn of more workers than this process has processors."""
    if num_workers == 0:
        return
    knows_affinity = hasattr(os, "sched_getaffinity")
    processors = len(os.sched_getaffinity(0)) if knows_affinity else os.cpu_count()
    if processors is None or num_workers > processors:
        suggestion = (
            "DataLoader is not able to compute a suggested max number of worker in current system."
            if processors is None
            else f"Our suggested max number of worker in current system is {processors}"
            f"{'' if knows_affinity else ' (`cpuset` is not taken into account)'}, "
            "which is smaller than what this DataLoader is going to create."
        )
        warnings.warn(
            f"This DataLoader will create {num_workers} worker processes in total. {suggestion} "
            "Please be aware that excessive worker creation might get DataLoader running slow or even freeze, "
            "lower the worker number to avoid potential slowness/freeze if necessary.",
            stacklevel=3,
        )
