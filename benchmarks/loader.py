"""Time of an epoch of a `DataLoader`, beside PyTorch's: run ``python benchmarks/loader.py``.

Both libraries iterate the same data in turn, and the medians are compared. PyTorch is optional.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from types import ModuleType
from typing import Any

import numpy as np

import minigrad
import minigrad.utils.data

SAMPLES, BATCH = 2500, 128


def load_torch() -> ModuleType | None:
    """Return PyTorch on one thread, or None."""
    try:
        import torch
    except ImportError:
        return None
    import torch.utils.data

    torch.set_num_threads(1)
    return torch


def datasets(library: Any, features: int) -> dict[str, Any]:
    """Make the datasets to iterate, on the same numbers in each library."""
    data = library.utils.data
    rng = np.random.default_rng(0)
    x = library.from_numpy(rng.normal(size=(SAMPLES, features)).astype(np.float32))
    y = library.from_numpy(rng.integers(0, 2, (SAMPLES, 1)).astype(np.float32))

    class Indexing(data.Dataset):  # type: ignore[misc]
        """What most people write."""

        def __init__(self) -> None:
            self.data, self.label = x, y

        def __len__(self) -> int:
            return len(self.data)

        def __getitem__(self, idx: int) -> Any:
            return self.data[idx], self.label[idx]

    class Transforming(Indexing):
        """The same with a condition on a transform that is not there."""

        transform = None

        def __getitem__(self, idx: int) -> Any:
            sample = self.data[idx]
            if self.transform is not None:
                sample = self.transform(sample)
            return sample, self.label[idx]

    class Halving(Transforming):
        """The same with a transform, so that each sample is asked for."""

        transform = staticmethod(lambda sample: sample / 2)

    class Arrays(data.Dataset):  # type: ignore[misc]
        """Samples of NumPy: a row and a number."""

        def __init__(self) -> None:
            self.data, self.label = x.numpy(), y.numpy()[:, 0].astype(np.int64)

        def __len__(self) -> int:
            return len(self.data)

        def __getitem__(self, idx: int) -> Any:
            return self.data[idx] + 0, int(self.label[idx])

    tensors = data.TensorDataset(x, y)
    return {
        "TensorDataset": tensors,
        "random_split of it": data.random_split(tensors, [SAMPLES - 500, 500])[0],
        "ConcatDataset of two": data.ConcatDataset([tensors, tensors]),
        "own, indexing": Indexing(),
        "own, with transform=None": Transforming(),
        "own, with a transform": Halving(),
        "own, array and int": Arrays(),
        "list of pairs": list(zip(x, y, strict=True)),
    }


def epoch(loader: Any) -> float:
    """Iterate once, and return the seconds it took."""
    start = time.perf_counter()
    for _ in loader:
        pass
    return time.perf_counter() - start


def median_times(loaders: list[Any], rounds: int) -> list[float]:
    """Median times of the loaders, iterated in turn."""
    times: list[list[float]] = [[] for _ in loaders]
    for _ in range(rounds + 2):
        for loader, spent in zip(loaders, times, strict=True):
            spent.append(epoch(loader))
    return [statistics.median(spent[2:]) for spent in times]


def report(libraries: list[Any], features: int, shuffle: bool, rounds: int, num_workers: int = 0) -> None:
    """Print one table."""
    note = f", {num_workers} workers" if num_workers else ""
    print(f"\n{SAMPLES} samples of {features}, batch {BATCH}, shuffle={shuffle}{note}")
    made = [datasets(library, features) for library in libraries]
    for name in made[0]:
        loaders = [
            library.utils.data.DataLoader(each[name], BATCH, shuffle=shuffle, num_workers=num_workers)
            for library, each in zip(libraries, made, strict=True)
        ]
        ours, *theirs = median_times(loaders, rounds)
        line = f"  {name:26s} minigrad {1e3 * ours:8.3f} ms"
        if theirs:
            line += f"   torch {1e3 * theirs[0]:8.3f} ms   {theirs[0] / ours:6.1f} times faster"
        print(line)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--workers", action="store_true", help="also with worker processes")
    options = parser.parse_args()
    torch = load_torch()
    libraries = [minigrad] if torch is None else [minigrad, torch]
    versions = ", ".join(f"{library.__name__} {library.__version__}" for library in libraries)
    print(f"{platform.platform()}, Python {platform.python_version()}, {versions}")
    report(libraries, 2, True, options.rounds)
    report(libraries, 2, False, options.rounds)
    report(libraries, 784, True, options.rounds)
    if options.workers:
        report(libraries, 784, True, max(3, options.rounds // 10), num_workers=2)


if __name__ == "__main__":
    main()
