"""Which ``__getitem__`` is read as indexing alone, and that its batches are those of the samples."""

from __future__ import annotations

import functools
import sys

import numpy as np
import pytest

import minigrad
from minigrad.nn import Parameter
from minigrad.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    StackDataset,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)
from minigrad.utils.data._bulk import bulk_fetch
from minigrad.utils.data._row_indexing import Packed, Row, recipe_of

X = minigrad.arange(24, dtype=minigrad.float32).reshape(12, 2)
Y = minigrad.arange(12)


def returned_pair(self, idx):
    return self.data[idx], self.label[idx]


def named_parts(self, index):
    x = self.data[index]
    label = self.label[index]
    return x, label


def single(self, i):
    return self.data[i]


def dictionary(self, i):
    return {"x": self.data[i], "y": self.label[i]}


def nested(self, i):
    return [self.data[i], (self.label[i],)]


PAIR = Packed(tuple, (Row("data"), Row("label")))


@pytest.mark.parametrize(
    ("method", "recipe"),
    [
        (returned_pair, PAIR),
        (named_parts, PAIR),
        (single, Row("data")),
        (dictionary, Packed(dict, (Row("data"), Row("label")), ("x", "y"))),
        (nested, Packed(list, (Row("data"), Packed(tuple, (Row("label"),))))),
    ],
)
def test_indexing_is_read(method, recipe):
    assert recipe_of(method) == recipe


def with_call(self, i):
    return self.data[i].sum()


def with_arithmetic(self, i):
    return self.data[i] * 2


def with_other_index(self, i):
    return self.data[i + 1]


def with_slice(self, i):
    return self.data[i][0]


def with_condition(self, i):
    if i:
        return self.data[i]
    return self.label[i]


def with_global(self, i):
    return X[i]


def with_index(self, i):
    return self.data[i], i


def with_constant(self, i):
    return self.data[i], 1


def with_side_effect(self, i):
    self.count = i
    return self.data[i]


def with_nothing(self, i):
    return None


def with_default(self, i, other=1):
    return self.data[i]


def with_star(self, *i):
    return self.data[i]


def generator(self, i):
    yield self.data[i]


def deep(self, i):
    return self.store.data[i]


def print_first(self, i):
    print(i)
    return self.data[i]


def with_handler(self, i):
    try:
        return self.data[i]
    except IndexError:
        return self.data[0]


@functools.wraps(single)
def wrapped(self, i):
    return single(self, i)


def closure():
    data = X

    def method(self, i):
        return data[i]

    return method


@pytest.mark.parametrize(
    "method",
    [
        with_call, with_arithmetic, with_other_index, with_slice, with_condition, with_global, with_index,
        with_constant, with_side_effect, with_nothing, with_default, with_star, generator, deep, print_first, wrapped,
        closure(), with_handler, len, None, functools.partial(single),
    ],
)  # fmt: skip
def test_anything_more_is_not_read(method):
    assert recipe_of(method) is None


def transformed(self, i):
    x = self.data[i]
    if self.transform is not None:
        x = self.transform(x)
    return x, self.label[i]


def transformed_early(self, i):
    if self.transform is None:
        return self.data[i], self.label[i]
    return self.transform(self.data[i]), self.label[i]


def transformed_if_true(self, i):
    x, label = self.data[i], self.label[i]
    if self.transform:
        x = self.transform(x)
    if not self.transform:
        return x, label
    return self.transform(x), label


def transformed_in_line(self, i):
    x = self.data[i] if self.transform is None else self.transform(self.data[i])
    return x, self.label[i]


def transformed_twice(self, i):
    if self.transform is not None and self.label is not None:
        return self.transform(self.data[i])
    return self.data[i], self.label[i]


CONDITIONS = [transformed, transformed_early, transformed_if_true, transformed_in_line, transformed_twice]


@pytest.mark.parametrize("method", CONDITIONS)
def test_conditions_on_what_is_none_are_followed(method):
    assert recipe_of(method, frozenset({"transform"})) == PAIR
    assert recipe_of(method) is None


@pytest.mark.parametrize("where", ["object", "class"])
@pytest.mark.parametrize("transform", [None, minigrad.neg])
@pytest.mark.parametrize("method", CONDITIONS)
def test_transforms_are_called_where_there_are_some(method, transform, where):
    dataset = dataset_of(method, data=X, label=Y)
    if where == "object":
        dataset.transform = transform
    else:
        type(dataset).transform = transform if transform is None else staticmethod(transform)
    assert (bulk_fetch(dataset) is not None) == (transform is None)
    batches = list(DataLoader(dataset, batch_size=5))
    assert all(map(same, batches, [default_collate([dataset[i] for i in part]) for part in PARTS]))


PARTS = (range(5), range(5, 10), range(10, 12))


def test_a_transform_that_is_set_between_batches_is_called():
    dataset = dataset_of(transformed, data=X, label=Y, transform=None)
    batches = iter(DataLoader(dataset, batch_size=6))
    assert next(batches)[0].tolist() == X[:6].tolist()
    dataset.transform = minigrad.neg
    assert next(batches)[0].tolist() == (-X[6:]).tolist()


def dataset_of(method, **fields):
    """Make a dataset whose class has this ``__getitem__``."""
    kind = type("Own", (Dataset,), {"__getitem__": method, "__len__": lambda self: 12})
    dataset = kind()
    vars(dataset).update(fields or {"data": X, "label": Y})
    return dataset


BULK = {
    "tensors": TensorDataset(X, Y),
    "subset": Subset(TensorDataset(X, Y), [3, 1, 11, 0, 5, 2, 7, 6]),
    "subset of a subset": Subset(Subset(TensorDataset(X, Y), range(12)), np.array([3, 1, 11, 0, 5, 2, 7, -1])),
    "split": random_split(TensorDataset(X, Y), [8, 4])[0],
    "concatenation": ConcatDataset([TensorDataset(X[:3], Y[:3]), TensorDataset(X[3:], Y[3:])]),
    "stack": StackDataset(TensorDataset(X), X.numpy()),
    "named stack": StackDataset(x=X, y=TensorDataset(Y)),
    "tensor": X,
    "array": X.numpy(),
    "array of another dtype": np.arange(12, dtype=np.uint8),
    "columns": TensorDataset(X.T.clone().T, X.flip(0)[:, :1]),
    "mixed concatenation": ConcatDataset([dataset_of(dictionary), StackDataset(x=X, y=Y)]),
    **{f"own {f.__name__}": dataset_of(f) for f in (returned_pair, named_parts, single, dictionary, nested)},
    "own of arrays": dataset_of(returned_pair, data=X.numpy(), label=Y.numpy()),
}


def same(left, right):
    """Compare two batches: structure, dtypes and values."""
    if isinstance(left, minigrad.Tensor):
        return left.dtype == right.dtype and left.shape == right.shape and left.tolist() == right.tolist()
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return type(left) is type(right) and len(left) == len(right) and all(map(same, left, right))


@pytest.mark.skipif(sys.gettrace() is not None, reason="a debugger or tracer switches the reading off")
@pytest.mark.parametrize("dataset", BULK.values(), ids=BULK.keys())
def test_a_batch_at_once_is_the_batch_of_the_samples(dataset):
    fetch = bulk_fetch(dataset)
    assert fetch is not None
    for indices in ([0], [2, 0, 1], [7, 2, 2, 5, 0], [1, 3, 5, 7]):
        assert same(fetch(np.array(indices)), default_collate([dataset[i] for i in indices]))


class WithProperty(Dataset):
    """A dataset whose data is made anew at each access."""

    label = Y

    @property
    def data(self):
        """Twice X."""
        return X * 2

    def __len__(self):
        return 12

    __getitem__ = returned_pair


class WithGetattribute(Dataset):
    """A dataset that answers for names itself."""

    def __getattribute__(self, name):
        return X if name == "data" else super().__getattribute__(name)

    __getitem__ = single


class WithGetitems(Dataset):
    """A dataset that has a way of its own to many samples."""

    def __init__(self):
        self.data = X

    def __len__(self):
        return 12

    __getitem__ = single

    def __getitems__(self, indices):
        return [self.data[i] + 1 for i in indices]


class Augmented(TensorDataset):
    """A TensorDataset whose samples are changed."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return -x, y


@pytest.mark.parametrize(
    "dataset",
    [
        WithProperty(), WithGetattribute(), WithGetitems(), Augmented(X, Y), Subset(Augmented(X, Y), [1, 0]),
        dataset_of(single, data=X.tolist()), dataset_of(single, data=Parameter(X)), list(range(3)),
        dataset_of(single, data=minigrad.tensor(1.0)), dataset_of(single, label=Y), np.array(["a", "b"]),
    ],
)  # fmt: skip
def test_other_datasets_are_asked_sample_by_sample(dataset):
    assert bulk_fetch(dataset) is None


def test_changed_samples_reach_the_batch():
    assert next(iter(DataLoader(Augmented(X, Y), batch_size=2)))[0].tolist() == [[-0.0, -1.0], [-2.0, -3.0]]
    assert next(iter(DataLoader(WithGetitems(), batch_size=2))).tolist() == [[1, 2], [3, 4]]
    assert next(iter(DataLoader(WithProperty(), batch_size=2, sampler=[1])))[0].tolist() == [[4, 6]]


def test_a_debugger_finds_the_method_called(monkeypatch):
    monkeypatch.setattr(sys, "gettrace", lambda: print)
    assert bulk_fetch(dataset_of(single)) is None
    assert bulk_fetch(TensorDataset(X)) is not None


def test_tensors_in_the_graph_are_indexed_in_it():
    x = minigrad.ones(4, 2, requires_grad=True)
    (batch,) = next(iter(DataLoader(TensorDataset(x * 1), batch_size=3)))
    batch.sum().backward()
    assert x.grad.tolist() == [[1, 1]] * 3 + [[0, 0]]


def test_members_of_different_shapes_fail_as_their_samples_do():
    joined = ConcatDataset([TensorDataset(minigrad.zeros(2, 2)), TensorDataset(minigrad.zeros(2, 3))])
    with pytest.raises(RuntimeError, match=r"equal size, but got \[2\] at entry 0 and \[3\] at entry 2"):
        list(DataLoader(joined, batch_size=4))
    assert [batch[0].shape[1] for batch in DataLoader(joined, batch_size=2)] == [2, 3]


def test_one_indexing_a_batch(monkeypatch):
    """No sample of a TensorDataset is ever asked for."""
    monkeypatch.setattr(minigrad.Tensor, "__getitem__", None)
    split, _ = random_split(TensorDataset(X, Y), [8, 4])
    assert sum(len(y) for _, y in DataLoader(split, batch_size=3, shuffle=True)) == 8


def test_a_class_that_is_no_dataset_is_batched_at_once_too():
    class Rows:
        def __init__(self):
            self.x, self.y = X, Y

        def __len__(self):
            return len(self.x)

        def __getitem__(self, index):
            return self.x[index], self.y[index]

    assert bulk_fetch(Rows()) is not None
    x, y = next(iter(DataLoader(Rows(), batch_size=5)))
    assert x.equal(X[:5])
    assert y.equal(Y[:5])


@pytest.mark.parametrize("samples", [[(1, 2), (3, 4)], range(4), {0: 1.0, 1: 2.0}])
def test_sequences_and_mappings_are_read_sample_by_sample(samples):
    assert bulk_fetch(samples) is None
    assert len(list(DataLoader(samples))) == len(samples)
