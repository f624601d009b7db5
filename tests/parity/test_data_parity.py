"""The same batches, in the same order and from the same random numbers, as PyTorch's `utils.data`."""

from __future__ import annotations

import random
from collections import namedtuple

import numpy as np
import pytest

import minigrad
import minigrad.utils.data

torch = pytest.importorskip("torch")
pytest.importorskip("torch.utils.data")

LIBRARIES = (minigrad, torch)
Point = namedtuple("Point", ["x", "y"])


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def plain(value):
    """Turn batches of either library into lists, dtypes included."""
    if isinstance(value, (minigrad.Tensor, torch.Tensor)):
        return (str(value.dtype), value.tolist())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(plain, value)]
    return value


def same(run, seed=7):
    """Run under both libraries: same results, same exception, and the same state of the generator afterwards."""
    outcomes = []
    for library in LIBRARIES:
        library.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            outcome = plain(run(library, library.utils.data))
        except Exception as error:
            outcome = (type(error).__name__, str(error))
        outcomes.append((outcome, library.rand(3).tolist()))
    assert outcomes[0] == outcomes[1]
    return outcomes[0][0]


def dataset_of(library, data, size=23):
    x = library.arange(2 * size, dtype=library.float32).reshape(size, 2)
    return data.TensorDataset(x, library.arange(size))


class Own:
    """A dataset that is a class of neither library, with a drawing `__getitem__` on request."""

    def __init__(self, library, size, draws=False):
        self.library, self.size, self.draws = library, size, draws

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        if not 0 <= i < self.size:
            raise IndexError("out of range")
        noise = self.library.rand(2) if self.draws else self.library.zeros(2)
        return {"noise": noise, "index": i, "pair": (float(i), np.float32(i)), "name": str(i)}


@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [1, 5, 23, 40])
def test_shuffled_epochs(batch_size, drop_last, own_generator):
    def run(library, data):
        generator = library.Generator().manual_seed(5) if own_generator else None
        loader = data.DataLoader(
            dataset_of(library, data), batch_size, shuffle=True, drop_last=drop_last, generator=generator
        )
        epochs = [list(loader) for _ in range(3)]
        return epochs, None if generator is None else library.rand(2, generator=generator)

    same(run)


@pytest.mark.parametrize("stop", range(6))
@pytest.mark.parametrize("size", [20, 23])
def test_epochs_left_early_leave_the_same_state(stop, size):
    def run(library, data):
        generator = library.Generator().manual_seed(5)
        loader = data.DataLoader(dataset_of(library, data, size), 5, shuffle=True, generator=generator)
        seen = [batch for batch, _ in zip(loader, range(stop), strict=False)]
        return seen, library.rand(2, generator=generator)

    same(run)


@pytest.mark.parametrize("num_samples", [None, 1, 23, 46, 100])
@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("own_generator", [False, True])
def test_random_sampler(replacement, num_samples, own_generator):
    def run(library, data):
        generator = library.Generator().manual_seed(5) if own_generator else None
        sampler = data.RandomSampler(range(23), replacement, num_samples, generator)
        state = [] if generator is None else generator.get_state
        loader = data.DataLoader(range(23), batch_size=7, sampler=sampler)
        out = [list(sampler), list(loader), list(loader)]
        return out, None if not state else library.rand(2, generator=generator)

    same(run)


def test_other_samplers():
    def run(library, data):
        generator = library.Generator().manual_seed(5)
        weights = [0.1, 0.5, 2.0, 0.0, 3.0]
        return [
            list(data.SubsetRandomSampler([5, 3, 9, 1])),
            list(data.SubsetRandomSampler([5, 3, 9, 1], generator)),
            list(data.WeightedRandomSampler(weights, 40)),
            list(data.WeightedRandomSampler(weights, 4, replacement=False)),
            list(data.WeightedRandomSampler(weights, 1)),
            list(data.WeightedRandomSampler(weights, 7, generator=generator)),
            list(data.DataLoader(range(5), 3, sampler=data.WeightedRandomSampler(weights, 10))),
            [list(data.DistributedSampler(range(11), 3, rank, seed=4)) for rank in range(3)],
            [list(data.DistributedSampler(range(2), 5, rank)) for rank in range(5)],
            [list(data.DistributedSampler(range(11), 3, rank, drop_last=True)) for rank in range(3)],
        ]

    same(run)


@pytest.mark.parametrize("lengths", [[7, 3], [10], [0.5, 0.25, 0.25], [0.33, 0.67], [3, 3], [0.5, 0.6], [1.5, -0.5]])
def test_random_split(lengths):
    def run(library, data):
        parts = data.random_split(range(10), lengths)
        more = data.random_split(range(10), lengths, generator=library.Generator().manual_seed(3))
        return [part.indices for part in parts + more]

    same(run)


def test_split_then_shuffled():
    def run(library, data):
        train, test = data.random_split(dataset_of(library, data), [0.7, 0.3])
        both = data.ConcatDataset([test, train])
        return [list(data.DataLoader(d, 4, shuffle=True)) for d in (train, test, both, data.StackDataset(both, both))]

    same(run)


@pytest.mark.parametrize("draws", [False, True])
@pytest.mark.parametrize("batch_size", [4, None])
def test_own_datasets(draws, batch_size):
    same(lambda library, data: list(data.DataLoader(Own(library, 10, draws), batch_size, shuffle=True)))


def test_indexing_datasets():
    def run(library, data):
        class Pair(data.Dataset):
            def __init__(self):
                self.data, self.label = library.rand(23, 3), np.arange(23)

            def __len__(self):
                return 23

            def __getitem__(self, idx):
                return self.data[idx], self.label[idx]

        return list(data.DataLoader(Pair(), 5, shuffle=True))

    same(run)


SAMPLES = {
    "ints": lambda m: [1, 2],
    "bools": lambda m: [True, False],
    "int then float": lambda m: [1, 2.5],
    "float then int": lambda m: [1.5, 2],
    "bool then int": lambda m: [True, 2],
    "float32": lambda m: [np.float32(1), np.float32(2)],
    "float32 then float64": lambda m: [np.float32(1), np.float64(2)],
    "uint8": lambda m: [np.uint8(1), np.uint8(2)],
    "numpy bools": lambda m: [np.bool_(True), np.bool_(False)],
    "0-d arrays": lambda m: [np.array(1.5), np.array(2)],
    "arrays of two dtypes": lambda m: [np.zeros(2, np.float32), np.zeros(2)],
    "array then tensor": lambda m: [np.zeros(2), m.zeros(2)],
    "tensors of two dtypes": lambda m: [m.zeros(2, dtype=m.int64), m.ones(2)],
    "0-d tensors": lambda m: [m.tensor(1), m.tensor(2)],
    "strings": lambda m: ["a", "b"],
    "bytes": lambda m: (b"a", b"b"),
    "named tuples": lambda m: [Point(1, (2.0, "a")), Point(3, (4.0, "b"))],
    "dictionaries": lambda m: [{"a": [1, 2], "b": m.zeros(1)}, {"a": [3, 4], "b": m.ones(1)}],
    "ranges": lambda m: [range(2), range(3, 5)],
    "empty tuples": lambda m: [(), ()],
    "ragged tensors": lambda m: [m.zeros(2), m.zeros(3)],
    "ragged arrays": lambda m: [np.zeros(2), np.zeros(3)],
    "ragged ranks": lambda m: [m.zeros(2), m.zeros(2, 2)],
    "ragged lists": lambda m: [[1, 2], [3]],
    "missing keys": lambda m: [{"a": 1}, {"b": 2}],
    "objects": lambda m: [object, object],
    "none": lambda m: [None],
    "complex": lambda m: [1j],
    "array of text": lambda m: [np.array(["a"])],
    "nothing": lambda m: [],
}


@pytest.mark.parametrize("samples", SAMPLES.values(), ids=SAMPLES.keys())
def test_default_collate(samples):
    same(lambda library, data: data.default_collate(samples(library)))


@pytest.mark.parametrize(
    "sample", [1, "a", np.float64(2), np.array([1, 2]), (np.array(1), [np.zeros(2)]), {"a": Point(np.int8(1), 2)}]
)
def test_default_convert(sample):
    same(lambda library, data: data.default_convert(sample))


@pytest.mark.parametrize(
    "options",
    [
        {"num_workers": -1}, {"timeout": -1}, {"prefetch_factor": 2}, {"persistent_workers": True},
        {"num_workers": 1, "prefetch_factor": -1}, {"sampler": [0], "shuffle": True}, {"batch_sampler": [[0]],
        "batch_size": 2}, {"batch_size": None, "drop_last": True}, {"batch_size": 0}, {"batch_size": 1.5},
        {"drop_last": 1}, {"multiprocessing_context": "fork"}, {"multiprocessing_context": 3, "num_workers": 1},
        {"multiprocessing_context": "x", "num_workers": 1}, {"batch_sampler": [[0, 1], [1]]}, {"sampler": [1, 1, 0]},
        {"sampler": [5]}, {"shuffle": True, "batch_size": None}, {"batch_size": None},
    ],
)  # fmt: skip
def test_options(options):
    same(lambda library, data: list(data.DataLoader(data.TensorDataset(library.arange(2)), **options)))


def test_streams():
    def run(library, data):
        class Stream(data.IterableDataset):
            def __iter__(self):
                return iter(range(5))

        joined = Stream() + Stream()
        loaders = [data.DataLoader(d, n, drop_last=bool(n)) for d in (Stream(), joined) for n in (None, 2, 3)]
        return [list(loader) for loader in loaders]

    same(run)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}])
def test_streams_have_no_order(options):
    same(lambda library, data: data.DataLoader(type("Stream", (data.IterableDataset,), {})(), **options))


class Drawing(Own):
    """Samples that show the state of all three generators of a worker."""

    def __getitem__(self, i):
        info = self.library.utils.data.get_worker_info()
        drawn = (self.library.rand(1), random.random(), np.random.rand())  # noqa: NPY002
        return i, info.id, info.seed, drawn


@pytest.mark.parametrize("persistent", [False, True])
def test_workers_draw_the_same_numbers(persistent):
    def run(library, data):
        loader = data.DataLoader(
            Drawing(library, 9), 2, shuffle=True, num_workers=2, persistent_workers=persistent,
            multiprocessing_context="fork",
        )  # fmt: skip
        return [list(loader), library.rand(1), list(loader)]

    same(run)


def test_workers_of_streams_take_the_same_turns():
    def run(library, data):
        class Shares(data.IterableDataset):
            def __iter__(self):
                info = data.get_worker_info()
                return iter(range(10)[info.id * 3 : 7 + info.id * 3])

        return list(data.DataLoader(Shares(), 2, num_workers=2, multiprocessing_context="fork"))

    same(run)


def test_errors_of_workers_read_the_same():
    def run(library, data):
        class Broken(data.Dataset):
            def __len__(self):
                return 1

            def __getitem__(self, i):
                raise ValueError("broken")

        try:
            list(data.DataLoader(Broken(), num_workers=1, multiprocessing_context="fork"))
        except ValueError as error:
            lines = str(error).splitlines()
            return [*lines[:2], lines[-1]]

    same(run)
