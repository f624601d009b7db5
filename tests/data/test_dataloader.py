"""The loader in one process."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)


class Squares(Dataset):
    """Sample ``i`` is ``(i, i * i)``, as numbers."""

    def __init__(self, size=10):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        if not 0 <= i < self.size:
            raise IndexError(i)
        return i, float(i * i)


class Stream(IterableDataset):
    """The numbers below `size`."""

    def __init__(self, size=5):
        self.size = size

    def __iter__(self):
        return iter(range(self.size))


def lists(loader):
    """Batches as lists."""
    return [batch.tolist() for batch in loader]


def test_shuffling_draws_pytorchs_numbers():
    minigrad.manual_seed(7)
    assert lists(DataLoader(range(10), batch_size=5, shuffle=True)) == [[3, 2, 7, 8, 6], [1, 5, 9, 0, 4]]
    assert f"{minigrad.rand(1).item():.4f}" == "0.2328"


def test_epochs_have_different_orders():
    loader = DataLoader(TensorDataset(minigrad.arange(10)), batch_size=10, shuffle=True)
    first, second = (next(iter(loader))[0].tolist() for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second) == list(range(10))


def test_a_generator_decides_the_order_and_leaves_the_global_one_alone():
    before = minigrad.get_rng_state().tolist()
    orders = [
        lists(DataLoader(range(10), 5, shuffle=True, generator=minigrad.Generator().manual_seed(1))) for _ in range(2)
    ]
    assert orders[0] == orders[1]
    assert minigrad.get_rng_state().tolist() == before


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 5, 10, 20])
def test_batches_cover_the_dataset(batch_size, drop_last):
    for dataset in (Squares(), TensorDataset(minigrad.arange(10), minigrad.arange(10.0) ** 2)):
        loader = DataLoader(dataset, batch_size=batch_size, drop_last=drop_last)
        batches = list(loader)
        assert len(batches) == len(loader) == (10 // batch_size if drop_last else -(-10 // batch_size))
        kept = 10 // batch_size * batch_size if drop_last else 10
        assert [i for batch in batches for i in batch[0].tolist()] == list(range(kept))
        assert [y for batch in batches for y in batch[1].tolist()] == [i * i for i in range(kept)]


def test_default_arguments_give_batches_of_one():
    assert lists(DataLoader([5, 6])) == [[5], [6]]


def test_without_batching_samples_come_as_they_are():
    assert list(DataLoader([1, "a", None], batch_size=None)) == [1, "a", None]
    samples = list(DataLoader(TensorDataset(minigrad.arange(2)), batch_size=None))
    assert repr(samples) == "[[tensor(0)], [tensor(1)]]"
    assert len(DataLoader([1, 2, 3], batch_size=None)) == 3
    whole = DataLoader(np.arange(6), sampler=BatchSampler(SequentialSampler(range(6)), 4, False), batch_size=None)
    assert lists(whole) == [[0, 1, 2, 3], [4, 5]]


def test_custom_samplers():
    data = TensorDataset(minigrad.arange(10))
    assert [b[0].tolist() for b in DataLoader(data, batch_size=2, sampler=[9, -1, 3])] == [[9, 9], [3]]
    assert [b[0].tolist() for b in DataLoader(data, batch_sampler=[[1], [2, 3, 4]])] == [[1], [2, 3, 4]]
    assert [b[0].tolist() for b in DataLoader(data, 2, sampler=minigrad.tensor([2, 1]))] == [[2, 1]]
    assert [b[0].tolist() for b in DataLoader(data, batch_sampler=np.array([[1, 2], [3, 4]]))] == [[1, 2], [3, 4]]
    assert [b[0].tolist() for b in DataLoader(data, batch_sampler=minigrad.tensor([[1, 2]]))] == [[1, 2]]
    weighted = DataLoader(data, batch_size=4, sampler=WeightedRandomSampler([0] * 9 + [1], 8))
    assert [b[0].tolist() for b in weighted] == [[9] * 4] * 2
    keyed = DataLoader({"a": 1, "b": 2}, sampler=["b", "a"], batch_size=2)
    assert lists(keyed) == [[2, 1]]


def test_an_index_out_of_range_says_which():
    with pytest.raises(IndexError, match="index 5 is out of bounds for dimension 0 with size 3"):
        list(DataLoader(TensorDataset(minigrad.arange(3)), sampler=[5]))


def test_collate_fn_gets_the_samples():
    loader = DataLoader(Squares(4), batch_size=2, collate_fn=lambda samples: samples)
    assert list(loader) == [[(0, 0.0), (1, 1.0)], [(2, 4.0), (3, 9.0)]]
    seen = []
    rows = DataLoader(TensorDataset(minigrad.arange(3)), 3, collate_fn=lambda b: seen.append(b) or default_collate(b))
    assert [batch[0].tolist() for batch in rows] == [[0, 1, 2]]
    assert repr(seen) == "[[(tensor(0),), (tensor(1),), (tensor(2),)]]"


def test_getitems_is_called_once_a_batch():
    class Many(Dataset):
        calls = ()

        def __len__(self):
            return 5

        def __getitems__(self, indices):
            self.calls = (*self.calls, indices)
            return [10 * i for i in indices]

    dataset = Many()
    assert lists(DataLoader(dataset, batch_size=3)) == [[0, 10, 20], [30, 40]]
    assert dataset.calls == ([0, 1, 2], [3, 4])


def test_batches_do_not_share_the_datasets_memory():
    x = minigrad.zeros(4, 2)
    for (batch,) in DataLoader(TensorDataset(x), batch_size=2):
        batch += 1
    assert x.sum().item() == 0
    for (batch,) in DataLoader(TensorDataset(x), batch_size=4, shuffle=True):
        batch += 1
    assert x.sum().item() == 0


def test_changes_of_the_data_are_seen_at_once():
    x = minigrad.zeros(4)
    batches = iter(DataLoader(TensorDataset(x), batch_size=2))
    next(batches)
    x[3] = 5
    assert next(batches)[0].tolist() == [0, 5]


def test_iterable_datasets():
    assert lists(DataLoader(Stream(), batch_size=2)) == [[0, 1], [2, 3], [4]]
    assert lists(DataLoader(Stream(), batch_size=2, drop_last=True)) == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(), batch_size=None)) == [0, 1, 2, 3, 4]
    loader = DataLoader(Stream(), batch_size=3)
    assert lists(loader) == lists(loader)


def test_length_of_an_iterable_dataset():
    class Sized(Stream):
        def __len__(self):
            return self.size

    assert len(DataLoader(Sized(5), batch_size=2)) == 3
    assert len(DataLoader(Sized(5), batch_size=2, drop_last=True)) == 2
    assert len(DataLoader(Sized(5), batch_size=None)) == 5
    with pytest.raises(TypeError, match=r"object of type 'Stream' has no len\(\)"):
        len(DataLoader(Stream()))

    class Short(Stream):
        def __len__(self):
            return 2

    loader = DataLoader(Short(4))
    list(loader)
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="was reported to be 2.* samples have been fetched") as warned:
        list(loader)
    assert len(warned) == 2


def test_attributes_that_programs_read():
    dataset = Squares()
    loader = DataLoader(dataset, batch_size=4, shuffle=True, drop_last=True)
    assert loader.dataset is dataset
    assert loader.batch_size == 4
    assert isinstance(loader.sampler, RandomSampler)
    assert isinstance(loader.batch_sampler, BatchSampler)
    assert loader.batch_sampler.sampler is loader.sampler
    assert (loader.drop_last, loader.num_workers, loader.prefetch_factor, loader.timeout) == (True, 0, None, 0)
    assert loader.collate_fn is default_collate
    assert isinstance(DataLoader(dataset).sampler, SequentialSampler)
    assert DataLoader(dataset, batch_sampler=[[0]]).batch_size is None
    assert len(iter(loader)) == 2


def test_what_was_decided_cannot_be_changed():
    loader = DataLoader(Squares())
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"):
            setattr(loader, name, 3)
    loader.collate_fn = list
    assert next(iter(loader)) == [(0, 0.0)]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_workers": -1}, ValueError, "num_workers option should be non-negative"),
        ({"timeout": -1}, ValueError, "timeout option should be non-negative"),
        ({"prefetch_factor": 2}, ValueError, "prefetch_factor option could only be specified in multiprocessing"),
        ({"prefetch_factor": -2, "num_workers": 1}, ValueError, "prefetch_factor option should be non-negative"),
        ({"persistent_workers": True}, ValueError, "persistent_workers option needs num_workers > 0"),
        ({"sampler": [0], "shuffle": True}, ValueError, "sampler option is mutually exclusive with shuffle"),
        ({"batch_sampler": [[0]], "batch_size": 2}, ValueError, "batch_sampler option is mutually exclusive"),
        ({"batch_sampler": [[0]], "drop_last": True}, ValueError, "batch_sampler option is mutually exclusive"),
        ({"batch_size": None, "drop_last": True}, ValueError, "batch_size=None option disables auto-batching"),
        ({"batch_size": 0}, ValueError, "batch_size should be a positive integer value, but got batch_size=0"),
        ({"drop_last": 1}, ValueError, "drop_last should be a boolean value, but got drop_last=1"),
        ({"multiprocessing_context": "fork"}, ValueError, "can only be used with multi-process loading"),
        ({"multiprocessing_context": "x", "num_workers": 1}, ValueError, "should specify a valid start method in"),
        ({"multiprocessing_context": 3, "num_workers": 1}, TypeError, "should be a valid context object"),
    ],
)
def test_options_that_contradict_each_other(options, error, message):
    with pytest.raises(error, match=message):
        DataLoader(Squares(), **options)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}])
def test_iterable_datasets_have_no_order(options):
    with pytest.raises(ValueError, match=f"IterableDataset: expected unspecified {next(iter(options))} option"):
        DataLoader(Stream(), **options)
    list(DataLoader(Stream(), shuffle=False))


def test_an_empty_dataset():
    assert list(DataLoader([])) == []
    assert list(DataLoader(TensorDataset(minigrad.zeros(0, 3)), batch_size=4)) == []
    with pytest.raises(ValueError, match="num_samples should be a positive integer value, but got num_samples=0"):
        DataLoader([], shuffle=True)


def test_a_timeout_needs_workers():
    with pytest.raises(AssertionError, match="timeout == 0"):
        iter(DataLoader([1], timeout=1))


def test_pinned_memory_warns_that_there_is_none():
    with pytest.warns(UserWarning, match="'pin_memory' argument is set as true but no accelerator is found"):
        list(DataLoader([1], pin_memory=True))


def test_errors_of_the_dataset_pass_through():
    class Broken(Dataset):
        def __len__(self):
            return 1

        def __getitem__(self, i):
            raise ValueError("no such sample")

    with pytest.raises(ValueError, match="no such sample"):
        list(DataLoader(Broken()))


def test_two_iterators_of_one_loader_are_independent():
    loader = DataLoader(range(4), batch_size=2)
    assert [(a.tolist(), b.tolist()) for a in loader for b in loader] == [
        ([0, 1], [0, 1]),
        ([0, 1], [2, 3]),
        ([2, 3], [0, 1]),
        ([2, 3], [2, 3]),
    ]


def test_a_subclass_of_the_loader_may_wrap_iteration():
    class Doubled(DataLoader):
        def __iter__(self):
            for batch in super().__iter__():
                yield 2 * batch

    assert lists(Doubled(range(3), batch_size=3)) == [[0, 2, 4]]
