"""Datasets: what a `DataLoader` reads samples from."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from minigrad.random import Generator, randperm
from minigrad.tensor import Tensor

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """A map from keys, usually ``0 .. len - 1``, to samples.

    Subclasses define ``__getitem__``, and ``__len__`` for the default samplers. A subclass may also define
    ``__getitems__(indices)``, which returns the list of samples of a whole batch; the loader calls it once a batch.
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        """``self`` followed by ``other``."""
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """A stream of samples: subclasses define ``__iter__``.

    With ``num_workers > 0`` every worker iterates its own copy of the dataset; `get_worker_info` says which worker
    runs, so that ``__iter__`` can yield only this worker's share.
    """

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        """``self`` followed by ``other``."""
        return ChainDataset([self, cast("IterableDataset[Any]", other)])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Samples are rows of tensors: sample ``i`` is ``(tensors[0][i], tensors[1][i], ...)``.

    A `DataLoader` takes a whole batch of it by one indexing per tensor.

    Parameters
    ----------
    *tensors : Tensor, shape (samples, ...)
        Tensors of the same length.
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


class StackDataset(Dataset[Any]):
    """Datasets side by side: sample ``i`` holds sample ``i`` of each.

    Parameters
    ----------
    *args : Dataset
        Datasets of the same length; a sample is a tuple.
    **kwargs : Dataset
        Named datasets of the same length, instead of `args`; a sample is a dictionary.
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or"
                "``dict``- (via ``kwargs``) like input/output, but both types are given."
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets = args or kwargs
        sizes = [len(dataset) for dataset in (args or kwargs.values())]
        if len(set(sizes)) > 1:
            raise ValueError("Size mismatch between datasets")
        self._length = sizes[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: Sequence[Any]) -> list[Any]:
        """The samples of a batch, asked of each dataset at once where it can answer so."""
        if isinstance(self.datasets, dict):
            names = list(self.datasets)
            columns = [_samples(dataset, indices) for dataset in self.datasets.values()]
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return list(zip(*(_samples(dataset, indices) for dataset in self.datasets), strict=True))

    def __len__(self) -> int:
        return self._length


def _samples(dataset: Any, indices: Sequence[Any]) -> list[Any]:
    """Return the samples of one member of a stack."""
    if not callable(getattr(dataset, "__getitems__", None)):
        return [dataset[index] for index in indices]
    items = cast("list[Any]", dataset.__getitems__(indices))
    if len(items) != len(indices):
        raise ValueError(f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(items)}")
    return items


class ConcatDataset(Dataset[T_co]):
    """Datasets one after the other.

    Parameters
    ----------
    datasets : iterable of Dataset
        At least one; each has a length.
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Iterable[Sized]) -> list[int]:
        """Running total of the lengths."""
        return list(itertools.accumulate(len(dataset) for dataset in sequence))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx: int) -> T_co:
        if idx < 0:
            if -idx > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            idx += len(self)
        which = bisect.bisect_right(self.cumulative_sizes, idx)
        if which > 0:
            idx -= self.cumulative_sizes[which - 1]
        return cast("T_co", self.datasets[which][idx])


class ChainDataset(IterableDataset[T_co]):
    """Streams one after the other.

    Parameters
    ----------
    datasets : iterable of IterableDataset
    """

    def __init__(self, datasets: Iterable[IterableDataset[T_co]]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[T_co]:
        for dataset in self._checked():
            yield from dataset

    def __len__(self) -> int:
        return sum(len(cast("Sized", dataset)) for dataset in self._checked())

    def _checked(self) -> Iterator[IterableDataset[T_co]]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield dataset


class Subset(Dataset[T_co]):
    """The samples of `dataset` at `indices`.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int
    """

    dataset: Any
    indices: Sequence[int]

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx: Any) -> T_co:
        if isinstance(idx, list):
            return cast("T_co", self.dataset[[self.indices[i] for i in idx]])
        return cast("T_co", self.dataset[self.indices[idx]])

    def __getitems__(self, indices: Sequence[int]) -> list[T_co]:
        """The samples of a batch, asked of `dataset` at once where it can answer so."""
        if type(self).__getitem__ is not Subset.__getitem__:
            return [self[i] for i in indices]
        if callable(getattr(self.dataset, "__getitems__", None)):
            return cast("list[T_co]", self.dataset.__getitems__([self.indices[i] for i in indices]))
        return [self.dataset[self.indices[i]] for i in indices]

    def __len__(self) -> int:
        return len(self.indices)

    def _index_array(self) -> NDArray[np.int64] | None:
        """Return `indices` as an array; None if they are not whole numbers."""
        known = self.__dict__.get("_known_indices")
        # Comparing a list with a copy of itself is far cheaper than making an array of it.
        if known is not None and type(self.indices) is list and known[0] == self.indices:
            return cast("NDArray[np.int64]", known[1])
        array = np.asarray(self.indices)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            return None
        array = array.astype(np.int64)
        if type(self.indices) is list:
            self._known_indices = (self.indices.copy(), array)
        return array


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset[Any]]:
    """Split a dataset at random into parts that do not overlap.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int or of float
        Sizes that sum up to the size of `dataset`, or fractions that sum up to 1. Fractions are rounded down, and the
        samples that remain go one by one to the first parts.
    generator : Generator, optional
        Draws the permutation; the global generator by default.

    Raises
    ------
    ValueError
        Where the lengths do not add up to the data set's.
    """
    size = len(dataset)
    total = sum(lengths)
    if math.isclose(total, 1) and total <= 1:
        lengths = _sizes_of_fractions(size, lengths)
    if sum(lengths) != size:
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    sizes = cast("Sequence[int]", lengths)
    indices = cast("list[int]", randperm(sum(sizes), generator=generator).tolist())
    ends = itertools.accumulate(sizes)
    return [Subset(dataset, indices[end - length : end]) for end, length in zip(ends, sizes, strict=True)]


def _sizes_of_fractions(size: int, fractions: Sequence[float]) -> list[int]:
    """Return whole numbers of samples for fractions that sum up to 1."""
    sizes = []
    for i, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1")
        sizes.append(math.floor(size * fraction))
    for i in range(size - sum(sizes)):
        sizes[i % len(sizes)] += 1
    for i, length in enumerate(sizes):
        if length == 0:
            warnings.warn(f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=3)
    return sizes
