"""Samplers: their orders, their numbers and what they refuse."""

from __future__ import annotations

import pytest

import minigrad
from minigrad.utils.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from minigrad.utils.data.sampler import index_batches


def test_sequential_sampler_counts():
    sampler = SequentialSampler("abcd")
    assert list(sampler) == [0, 1, 2, 3]
    assert all(type(index) is int for index in sampler)
    assert len(sampler) == 4


def test_sequential_sampler_crosses_its_blocks(monkeypatch):
    monkeypatch.setattr("minigrad.utils.data.sampler._SEQUENTIAL_BLOCK", 4)
    sampler = BatchSampler(SequentialSampler(range(10)), 3, False)
    assert list(SequentialSampler(range(10))) == list(range(10))
    assert [batch.tolist() for batch in index_batches(sampler)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]


def test_random_sampler_permutes_with_a_seed_of_its_own():
    minigrad.manual_seed(7)
    order = list(RandomSampler(range(10)))
    assert sorted(order) == list(range(10))
    minigrad.manual_seed(7)
    seed = int(minigrad.empty((), dtype=minigrad.int64).random_().item())
    after = minigrad.rand(1).item()
    expected = minigrad.randperm(10, generator=minigrad.Generator().manual_seed(seed)).tolist()
    assert order == expected
    minigrad.manual_seed(7)
    list(RandomSampler(range(10)))
    assert minigrad.rand(1).item() == after


def test_random_sampler_repeats_permutations_for_more_samples():
    order = list(RandomSampler(range(4), num_samples=10))
    assert [sorted(order[:4]), sorted(order[4:8])] == [[0, 1, 2, 3]] * 2
    assert len(set(order[8:])) == 2


def test_random_sampler_with_replacement():
    order = list(RandomSampler(range(4), replacement=True, num_samples=100))
    assert len(order) == 100
    assert set(order) == {0, 1, 2, 3}
    assert len(RandomSampler(range(4), replacement=True)) == 4


def test_random_sampler_leaves_its_generator_as_pytorch_does():
    """A permutation of which nothing is used is drawn at the end, and only there."""
    generator = minigrad.Generator().manual_seed(3)
    sampler = RandomSampler(range(6), generator=generator)
    batches = index_batches(BatchSampler(sampler, 3, False))
    next(batches)
    next(batches)
    used_once = minigrad.Generator().manual_seed(3)
    minigrad.randperm(6, generator=used_once)
    assert generator.get_state().tolist() == used_once.get_state().tolist()
    assert next(batches, None) is None
    minigrad.randperm(6, generator=used_once)
    assert generator.get_state().tolist() == used_once.get_state().tolist()


def test_random_sampler_checks_its_arguments():
    with pytest.raises(TypeError, match="replacement should be a boolean value, but got replacement=1"):
        RandomSampler([1], replacement=1)
    with pytest.raises(ValueError, match="num_samples should be a positive integer value, but got num_samples=0"):
        RandomSampler([])


def test_subset_random_sampler_permutes_the_given_indices():
    sampler = SubsetRandomSampler([3, 5, 8], generator=minigrad.Generator().manual_seed(0))
    assert sorted(sampler) == [3, 5, 8]
    assert len(sampler) == 3


def test_weighted_random_sampler_follows_the_weights():
    minigrad.manual_seed(7)
    sampler = WeightedRandomSampler([0.1, 0.2, 0.3, 0.4], 8)
    assert list(sampler) == [1, 1, 3, 3, 3, 3, 1, 2]
    assert len(sampler) == 8
    assert set(WeightedRandomSampler([0.0, 1.0, 0.0, 3.0], 50)) == {1, 3}
    assert sorted(WeightedRandomSampler(minigrad.tensor([1, 2, 3]), 3, replacement=False)) == [0, 1, 2]


def test_weighted_random_sampler_checks_its_arguments():
    with pytest.raises(ValueError, match="num_samples should be a positive integer value, but got num_samples=0"):
        WeightedRandomSampler([1], 0)
    with pytest.raises(ValueError, match="replacement should be a boolean value, but got replacement=1"):
        WeightedRandomSampler([1], 1, replacement=1)
    with pytest.raises(ValueError, match=r"1d sequence but given weights have shape \(1, 2\)"):
        WeightedRandomSampler([[1, 2]], 1)


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [0, 1, 6, 8])
def test_batch_sampler_cuts_lists(size, drop_last):
    expected = [list(range(start, min(start + 3, size))) for start in range(0, size, 3)]
    if drop_last:
        expected = [batch for batch in expected if len(batch) == 3]
    for inner in (SequentialSampler(range(size)), range(size)):
        sampler = BatchSampler(inner, 3, drop_last)
        assert list(sampler) == expected
        assert len(sampler) == len(expected)
        assert [list(batch) for batch in index_batches(sampler)] == expected


def test_batch_sampler_checks_its_arguments():
    for size in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="batch_size should be a positive integer value"):
            BatchSampler([1], size, False)
    with pytest.raises(ValueError, match="drop_last should be a boolean value, but got drop_last=1"):
        BatchSampler([1], 1, 1)


def test_overridden_iteration_is_honoured():
    class Backwards(SequentialSampler):
        def __iter__(self):
            return iter(range(len(self) - 1, -1, -1))

    assert list(index_batches(BatchSampler(Backwards(range(5)), 2, False))) == [[4, 3], [2, 1], [0]]


def test_sampler_is_abstract():
    with pytest.raises(NotImplementedError):
        iter(Sampler())


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [3, 10, 12])
def test_distributed_samplers_share_the_dataset(size, drop_last):
    parts = [list(DistributedSampler(range(size), 4, rank, drop_last=drop_last)) for rank in range(4)]
    assert len({len(part) for part in parts}) == 1
    seen = [index for part in parts for index in part]
    if drop_last:
        assert len(seen) == len(set(seen)) == size // 4 * 4
    else:
        assert set(seen) == set(range(size))


def test_distributed_sampler_has_an_order_for_every_epoch():
    sampler = DistributedSampler(range(20), 2, 0)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first


def test_distributed_sampler_checks_its_arguments():
    with pytest.raises(RuntimeError, match="Requires distributed package to be available"):
        DistributedSampler(range(4))
    with pytest.raises(ValueError, match=r"Invalid rank 2, rank should be in the interval \[0, 1\]"):
        DistributedSampler(range(4), 2, 2)
