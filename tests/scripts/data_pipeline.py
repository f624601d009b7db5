"""Datasets, samplers, workers and collation as data pipelines use them."""

import itertools
import math
import random

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    get_worker_info,
    random_split,
)
from torch.utils.data.dataloader import default_collate as dc2

assert dc2 is default_collate


def seed_worker(worker_id):
    worker_seed = torch.initial_seed() % 2**32
    np.random.seed(worker_seed)
    random.seed(worker_seed)


class Faces(Dataset):
    """A data set with transforms on samples, as in the tutorial"""

    def __init__(self, n=12, transform=None):
        self.rng = np.random.RandomState(0)
        self.frame = self.rng.rand(n, 8).astype("float64")
        self.transform = transform

    def __len__(self):
        return len(self.frame)

    def __getitem__(self, idx):
        if torch.is_tensor(idx):
            idx = idx.tolist()
        landmarks = self.frame[idx, :].astype("float").reshape(-1, 2)
        sample = {
            "image": np.full((4, 4, 3), idx, dtype=np.uint8),
            "landmarks": landmarks,
            "id": idx,
            "name": f"img{idx}",
            "w": 0.5 * idx,
        }
        return self.transform(sample) if self.transform else sample


class RandomCrop(object):
    def __init__(self, s):
        assert isinstance(s, (int, tuple))
        self.s = (s, s) if isinstance(s, int) else s

    def __call__(self, sample):
        image, lm = sample["image"], sample["landmarks"]
        h, w = image.shape[:2]
        nh, nw = self.s
        top = int(torch.randint(0, h - nh + 1, (1,)))
        left = torch.randint(0, w - nw + 1, (1,)).item()
        sample = dict(sample, image=image[top : top + nh, left : left + nw], landmarks=lm - [left, top])
        return sample


class ToTensor(object):
    def __call__(self, s):
        return dict(
            s, image=torch.from_numpy(s["image"].transpose((2, 0, 1))), landmarks=torch.from_numpy(s["landmarks"])
        )


class Compose:
    def __init__(self, ts):
        self.ts = ts

    def __call__(self, x):
        for t in self.ts:
            x = t(x)
        return x


g = torch.Generator()
g.manual_seed(0)
ds = Faces(transform=Compose([RandomCrop(3), ToTensor()]))
torch.manual_seed(1)
for i, b in enumerate(DataLoader(ds, batch_size=4, shuffle=True, num_workers=0, generator=g)):
    print(i, b["image"].size(), b["landmarks"].dtype, b["id"], b["name"], b["w"], b["landmarks"][0, 0])
for nw in (1, 2):
    g.manual_seed(3)
    dl = DataLoader(
        ds,
        batch_size=5,
        shuffle=True,
        num_workers=nw,
        worker_init_fn=seed_worker,
        generator=g,
        drop_last=True,
        persistent_workers=False,
        prefetch_factor=2,
    )
    for b in dl:
        print(nw, b["id"], b["landmarks"].sum(), b["image"].shape, b["image"].is_contiguous())


class Shard(IterableDataset):
    def __init__(self, start, end):
        super(Shard).__init__()
        assert end > start
        self.start, self.end = start, end

    def __iter__(self):
        wi = get_worker_info()
        if wi is None:
            a, b = self.start, self.end
        else:
            per = int(math.ceil((self.end - self.start) / float(wi.num_workers)))
            a = self.start + wi.id * per
            b = min(a + per, self.end)
        return iter(range(a, b))


print(
    list(DataLoader(Shard(3, 9), num_workers=0)),
    list(DataLoader(Shard(3, 9), num_workers=2, batch_size=2)),
    list(DataLoader(ChainDataset([Shard(0, 2), Shard(5, 7)]), batch_size=None)),
)


def pad_collate(batch):
    (xx, yy) = zip(*batch)
    x_lens = [len(x) for x in xx]
    return pad_sequence(xx, batch_first=True, padding_value=0), torch.tensor(x_lens), torch.stack(yy)


seqs = [(torch.arange(1, n + 1), torch.tensor(n % 2)) for n in (3, 5, 2, 6, 1)]
for x, l, y in DataLoader(seqs, batch_size=2, collate_fn=pad_collate):
    print(x, l, y)
packed = pack_padded_sequence(
    pad_sequence([torch.ones(3, 2), torch.ones(1, 2), torch.ones(2, 2)], batch_first=True),
    torch.tensor([3, 1, 2]),
    batch_first=True,
    enforce_sorted=False,
)
print(packed)
lstm = torch.nn.LSTM(2, 3, batch_first=True, bidirectional=True)
o, (h, c) = lstm(packed)
o, l = pad_packed_sequence(o, batch_first=True, total_length=4)
print(o.shape, l, h.shape, o[1])


class EvenOdd(Sampler):
    def __init__(self, data):
        self.data = data

    def __iter__(self):
        return itertools.chain(range(0, len(self.data), 2), range(1, len(self.data), 2))

    def __len__(self):
        return len(self.data)


td = TensorDataset(torch.arange(10), torch.arange(10) ** 2)
print(
    [b[0].tolist() for b in DataLoader(td, sampler=EvenOdd(td), batch_size=4)],
    [b for b in DataLoader(td, batch_sampler=BatchSampler(SequentialSampler(td), 4, True))][0],
    td[2:4],
    len(td),
    td[[1, 3]],
)
torch.manual_seed(4)
print(
    list(SubsetRandomSampler([3, 5, 7, 9])),
    list(WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5, replacement=True)),
    list(WeightedRandomSampler(torch.tensor([0.9, 0.4, 0.05, 0.2, 0.3, 0.1]), 5, replacement=False)),
    list(RandomSampler(td, replacement=True, num_samples=5)),
)
a, b, c = random_split(range(10), [0.3, 0.3, 0.4], generator=torch.Generator().manual_seed(42))
print(list(a), list(b), list(c), a.indices)
print(
    [len(s) for s in random_split(td, [7, 3])],
    Subset(td, [1, 2])[0],
    ConcatDataset([td, td])[12],
    (td + td).cumulative_sizes,
    StackDataset(a=td, b=td)[1],
)
P = __import__("collections").namedtuple("P", "x y")
for batch in (
    [1, 2],
    [1.5, 2],
    [True, False],
    ["a", "b"],
    [b"a", b"b"],
    [(1, "a"), (2, "b")],
    [[1, 2.5], [3, 4.5]],
    [{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}],
    [P(1, 2.0), P(3, 4.0)],
    [np.float32(1), np.float32(2)],
    [np.array([1, 2]), np.array([3, 4])],
    [np.array(1), np.array(2)],
    [torch.ones(2), torch.zeros(2)],
    [None, None],
    [torch.ones(2), torch.zeros(3)],
    [(1, 2), (1,)],
    [{}, {}],
    [np.int8(1), np.int8(2)],
    [np.array(["a"])],
    [object()],
    [{"a": 1}, {"b": 1}],
    [[], []],
):
    try:
        print(default_collate(batch))
    except Exception as e:
        print(type(e).__name__, str(e)[:100])
for bad in (
    lambda: DataLoader(td, shuffle=True, sampler=EvenOdd(td)),
    lambda: DataLoader(Shard(0, 2), shuffle=True),
    lambda: DataLoader(td, batch_size=0),
    lambda: DataLoader(td, num_workers=-1),
    lambda: random_split(td, [5, 6]),
    lambda: len(DataLoader(Shard(0, 2))),
    lambda: TensorDataset(torch.ones(2), torch.ones(3)),
    lambda: list(DataLoader(Dataset())),
    lambda: RandomSampler([]),
    lambda: next(iter(DataLoader([torch.ones(1), torch.ones(2)], batch_size=2))),
    lambda: ConcatDataset([]),
    lambda: td[100],
):
    try:
        print(bad())
    except BaseException as e:
        print(type(e).__name__, str(e)[:110])


class Broken(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        if i == 2:
            raise KeyError("missing sample")
        return i


try:
    for b in DataLoader(Broken(), num_workers=1):
        pass
except KeyError as e:
    print("KeyError", str(e).splitlines()[0][:60])
it = iter(DataLoader(td, batch_size=4))
print(
    next(it),
    len(it),
    next(it, None) is not None,
    len(DataLoader(td, batch_size=4)),
    len(DataLoader(td, batch_size=4, drop_last=True)),
    DataLoader(td).dataset is td,
)


def infinite(dl):
    while True:
        yield from dl


for (x, y), _ in zip(infinite(DataLoader(td, batch_size=8)), range(3)):
    print(x.shape)
