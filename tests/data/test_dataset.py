"""Datasets and how they are cut and joined."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad.utils.data import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Count(IterableDataset):
    """The numbers from `start` up to `stop`."""

    def __init__(self, start, stop):
        self.start, self.stop = start, stop

    def __iter__(self):
        return iter(range(self.start, self.stop))

    def __len__(self):
        return self.stop - self.start


def test_tensor_dataset_yields_rows():
    data = TensorDataset(minigrad.arange(6).reshape(3, 2), minigrad.tensor([7, 8, 9]))
    assert len(data) == 3
    x, y = data[1]
    assert x.tolist() == [2, 3]
    assert y.item() == 8
    assert data[-1][1].item() == 9
    assert data[0:2][0].shape == (2, 2)


def test_tensor_dataset_refuses_tensors_of_different_lengths():
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        TensorDataset(minigrad.zeros(2), minigrad.zeros(3))


def test_dataset_without_getitem_says_what_to_define():
    with pytest.raises(NotImplementedError, match="Subclasses of Dataset should implement __getitem__"):
        Dataset()[0]


def test_sum_of_datasets_is_a_concatenation():
    joined = TensorDataset(minigrad.arange(3)) + TensorDataset(minigrad.arange(3, 5))
    assert isinstance(joined, ConcatDataset)
    assert len(joined) == 5
    assert joined.cumulative_sizes == [3, 5]
    assert [joined[i][0].item() for i in range(-5, 5)] == [0, 1, 2, 3, 4] * 2


def test_concat_dataset_checks_what_it_gets():
    with pytest.raises(AssertionError, match="datasets should not be an empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="ConcatDataset does not support IterableDataset"):
        ConcatDataset([Count(0, 3)])
    with pytest.raises(ValueError, match="absolute value of index should not exceed dataset length"):
        ConcatDataset([[1], [2]])[-3]
    with pytest.raises(IndexError):
        ConcatDataset([[1], [2]])[2]


def test_sum_of_streams_is_a_chain():
    chain = Count(0, 2) + Count(5, 8)
    assert isinstance(chain, ChainDataset)
    assert list(chain) == [0, 1, 5, 6, 7]
    assert len(chain) == 5
    with pytest.raises(AssertionError, match="ChainDataset only supports IterableDataset"):
        list(ChainDataset([[1]]))


def test_stack_dataset_gives_tuples_or_dictionaries():
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    assert StackDataset(number=[1, 2], letter="ab")[0] == {"number": 1, "letter": "a"}
    assert StackDataset(number=[1, 2], letter="ab").__getitems__([1, 0]) == [
        {"number": 2, "letter": "b"},
        {"number": 1, "letter": "a"},
    ]
    assert StackDataset(Subset([5, 6, 7], [2, 0]), "ab").__getitems__([0, 1]) == [(7, "a"), (5, "b")]


def test_stack_dataset_checks_what_it_gets():
    with pytest.raises(ValueError, match="At least one dataset should be passed"):
        StackDataset()
    with pytest.raises(ValueError, match="Size mismatch between datasets"):
        StackDataset([1], [1, 2])
    with pytest.raises(ValueError, match="both types are given"):
        StackDataset([1], letter="a")


def test_stack_dataset_checks_what_its_members_return():
    class Short(Dataset):
        def __len__(self):
            return 2

        def __getitems__(self, indices):
            return [0]

    with pytest.raises(ValueError, match=r"output size mismatch\. Expected 2, got 1"):
        StackDataset(Short()).__getitems__([0, 1])


def test_subset_looks_up_its_indices():
    subset = Subset("abcdef", [4, 0, 2])
    assert len(subset) == 3
    assert subset[0] == "e"
    assert subset.__getitems__([2, 1]) == ["c", "a"]
    rows = Subset(TensorDataset(minigrad.arange(5)), [4, 0, 2])
    assert rows[[0, 2]][0].tolist() == [4, 2]


def test_subset_asks_its_dataset_for_many_samples_at_once():
    class Whole(Dataset):
        asked = ()

        def __getitems__(self, indices):
            self.asked = indices
            return [i * 10 for i in indices]

    whole = Whole()
    assert Subset(whole, [4, 0, 2]).__getitems__([1, 2]) == [0, 20]
    assert whole.asked == [0, 2]


def test_subset_honours_an_overridden_getitem():
    class Doubled(Subset):
        def __getitem__(self, idx):
            return 2 * super().__getitem__(idx)

    assert Doubled([1, 2, 3], [2, 0]).__getitems__([0, 1]) == [6, 2]


def test_random_split_draws_pytorchs_numbers():
    minigrad.manual_seed(7)
    train, test = random_split(range(10), [7, 3])
    assert train.indices == [5, 0, 3, 4, 1, 7, 9]
    assert test.indices == [6, 8, 2]


def test_random_split_uses_its_generator():
    first = random_split(range(10), [5, 5], generator=minigrad.Generator().manual_seed(42))
    second = random_split(range(10), [5, 5], generator=minigrad.Generator().manual_seed(42))
    assert [part.indices for part in first] == [part.indices for part in second]


@pytest.mark.parametrize(
    ("size", "fractions", "sizes"),
    [(10, [0.5, 0.25, 0.25], [6, 2, 2]), (30, [0.3, 0.3, 0.4], [9, 9, 12]), (7, [1.0], [7]), (5, [0.2] * 5, [1] * 5)],
)
def test_random_split_by_fractions(size, fractions, sizes):
    assert [len(part) for part in random_split(range(size), fractions)] == sizes


def test_random_split_checks_its_lengths():
    with pytest.raises(ValueError, match="Sum of input lengths does not equal the length of the input dataset!"):
        random_split(range(10), [3, 3])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(3), [1.5, -0.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.5, 0.5])


def test_subset_notices_that_its_indices_changed():
    subset = Subset(TensorDataset(minigrad.arange(5)), [4, 0, 2])
    assert subset._index_array().tolist() == [4, 0, 2]
    subset.indices[0] = 1
    assert subset._index_array().tolist() == [1, 0, 2]
    subset.indices = np.array([3])
    assert subset._index_array().tolist() == [3]
    subset.indices = ["a"]
    assert subset._index_array() is None
