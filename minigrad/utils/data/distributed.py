"""`DistributedSampler`: one process's share of a dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

import numpy as np

from minigrad.random import Generator, randperm
from minigrad.utils.data.sampler import Indices, _ArraySampler

__all__ = ["DistributedSampler"]


class DistributedSampler(_ArraySampler):
    """Every `num_replicas`-th index of a shared order, from `rank` on.

    Parameters
    ----------
    dataset : Sized
    num_replicas, rank : int
        How many processes share the dataset, and which this one is. minigrad has no process groups, so both are needed.
    shuffle : bool
        Whether the shared order is random; call `set_epoch` before each epoch, or it is the same in all.
    seed : int
        Seeds the order, together with the epoch; the same in all processes.
    drop_last : bool
        Whether to leave out the tail that does not divide evenly, instead of repeating indices from the beginning.

    Examples
    --------
    >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise RuntimeError("Requires distributed package to be available")
        if rank >= num_replicas or rank < 0:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        size = len(dataset)
        self.num_samples = size // num_replicas if drop_last else math.ceil(size / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def _blocks(self) -> Iterator[Indices]:
        size = len(self.dataset)
        if self.shuffle:
            generator = Generator()
            generator.manual_seed(self.seed + self.epoch)
            order: Indices = randperm(size, generator=generator).numpy()
        else:
            order = np.arange(size)
        # np.resize repeats the order as often as needed, and cuts it where it is too long.
        yield np.resize(order, self.total_size)[self.rank :: self.num_replicas]

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the epoch to come."""
        self.epoch = epoch
