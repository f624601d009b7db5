"""Samplers: the order in which a `DataLoader` reads a dataset.

The samplers of this file know their indices as arrays (``_blocks``), so that a loader cuts batches out of an array
and never builds a Python list of all indices. A subclass that overrides ``__iter__`` is iterated like any other object.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from minigrad.creation import as_tensor, empty
from minigrad.dtypes import float64, int64
from minigrad.random import Generator, multinomial, randint, randperm
from minigrad.tensor import Tensor

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)
Indices = NDArray[np.int64]

# PyTorch draws with replacement in blocks of this size, which a shared generator makes visible.
_REPLACEMENT_BLOCK = 32
# A sequential order is cut into blocks, so that a huge dataset needs no array of all its indices.
_SEQUENTIAL_BLOCK = 1 << 16


class Sampler(Generic[T_co]):
    """An order of a dataset's keys, or of lists of keys: subclasses define ``__iter__`` and usually ``__len__``."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError


class _ArraySampler(Sampler[int]):
    """A sampler whose indices come as arrays, drawn when they are first needed."""

    def _blocks(self) -> Iterator[Indices]:
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        for block in self._blocks():
            yield from block.tolist()


class SequentialSampler(_ArraySampler):
    """``0, 1, ..., len(data_source) - 1``."""

    data_source: Sized

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def _blocks(self) -> Iterator[Indices]:
        size = len(self.data_source)
        for start in range(0, size, _SEQUENTIAL_BLOCK):
            yield np.arange(start, min(start + _SEQUENTIAL_BLOCK, size))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(_ArraySampler):
    """A random order, with or without replacement.

    Parameters
    ----------
    data_source : Sized
        The dataset.
    replacement : bool
        Whether an index may come again.
    num_samples : int, optional
        How many indices to draw; ``len(data_source)`` by default.
    generator : Generator, optional
        Draws the order. By default every iteration seeds a new generator by a draw from the global one.
    """

    data_source: Sized
    replacement: bool

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not _is_positive(self.num_samples, bools=True):
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self) -> int:
        """How many indices an iteration yields."""
        # Asked anew each time: a dataset may grow.
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def _blocks(self) -> Iterator[Indices]:
        generator = self.generator
        if generator is None:
            generator = Generator()
            generator.manual_seed(draw_seed())
        yield from self._with_replacement(generator) if self.replacement else self._permutations(generator)

    def _with_replacement(self, generator: Generator) -> Iterator[Indices]:
        size = len(self.data_source)
        # Where nobody else sees the generator, the same numbers come in one draw.
        block = _REPLACEMENT_BLOCK if self.generator is not None else _SEQUENTIAL_BLOCK
        for start in range(0, self.num_samples, block):
            count = min(block, self.num_samples - start)
            yield randint(size, (count,), dtype=int64, generator=generator).numpy()

    def _permutations(self, generator: Generator) -> Iterator[Indices]:
        size = len(self.data_source)
        for _ in range(self.num_samples // size):
            yield randperm(size, generator=generator).numpy()
        rest = self.num_samples % size
        # PyTorch draws a last permutation even if it uses none of it; a generator the user owns shows that.
        if rest or self.generator is not None:
            yield randperm(size, generator=generator).numpy()[:rest]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in a random order, without replacement.

    Parameters
    ----------
    indices : sequence of int
    generator : Generator, optional
    """

    indices: Sequence[int]

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        indices = self.indices
        for i in randperm(len(indices), generator=self.generator).tolist():
            yield indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(_ArraySampler):
    """Indices drawn with probabilities in proportion to `weights`.

    Parameters
    ----------
    weights : sequence of float
        One a sample, not negative; they need not sum up to one.
    num_samples : int
        How many indices to draw.
    replacement : bool
        Whether an index may come again.
    generator : Generator, optional
    """

    weights: Tensor
    num_samples: int
    replacement: bool

    def __init__(
        self,
        weights: Sequence[float] | Tensor,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not _is_positive(num_samples):
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.dim() != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def _blocks(self) -> Iterator[Indices]:
        yield multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).numpy()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices of another sampler.

    Parameters
    ----------
    sampler : Sampler or iterable
    batch_size : int
    drop_last : bool
        Whether to leave out a last batch that is smaller.
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not _is_positive(batch_size):
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        batch = list(itertools.islice(indices, self.batch_size))
        while batch:
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch
            batch = list(itertools.islice(indices, self.batch_size))

    def __len__(self) -> int:
        size = len(self.sampler)  # type: ignore[arg-type]  # a sampler without a length raises TypeError here
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)


def index_batches(sampler: Any) -> Iterator[Any]:
    """Iterate a loader's sampler: arrays of indices where it is made of this file's samplers, else what it yields."""
    if type(sampler).__iter__ is BatchSampler.__iter__:
        inner = sampler.sampler
        if isinstance(inner, _ArraySampler) and type(inner).__iter__ is _ArraySampler.__iter__:
            return _cut(inner._blocks(), sampler.batch_size, sampler.drop_last)
    return iter(sampler)


def _cut(blocks: Iterator[Indices], batch_size: int, drop_last: bool) -> Iterator[Indices]:
    """Cut batches out of a stream of blocks; a block is asked for only when an index of it is needed."""
    rest: Indices = np.empty(0, np.int64)
    for block in blocks:
        joined = np.concatenate((rest, block)) if rest.size else block
        whole = joined.size - joined.size % batch_size
        for start in range(0, whole, batch_size):
            yield joined[start : start + batch_size]
        rest = joined[whole:]
    if rest.size and not drop_last:
        yield rest


def draw_seed(generator: Generator | None = None) -> int:
    """Draw a seed of 63 bits from `generator`, or from the global one."""
    seed: Any = empty((), dtype=int64)
    return int(seed.random_(generator=generator).item())


def _is_positive(value: Any, bools: bool = False) -> bool:
    """Whether `value` is a whole number above zero."""
    return isinstance(value, int) and value > 0 and (bools or not isinstance(value, bool))
