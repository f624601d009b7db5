"""Time whole training steps, side by side with PyTorch eager where it is installed.

Each step is zero_grad, forward, backward and the optimizer's step. The libraries take turns in short rounds, so that a
busy moment of the machine hits both; medians over the rounds are compared.

Run it: ``python benchmarks/steps.py [--rounds N] [--only PATTERN]``.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import itertools
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

ROUND_SECONDS = 0.05


class Case(NamedTuple):
    """One training step: its name, the ratio that is aimed at, and what makes it for a library."""

    name: str
    aim: float
    make: Callable[[Any], Callable[[], None]]


def _mlp(torch: Any, sizes: list[int], activation: str) -> Any:
    nn = torch.nn
    layers: list[Any] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), getattr(nn, activation)()]
    return nn.Sequential(*layers[:-1])


def _regression(sizes: list[int], activation: str, batch: int) -> Callable[[Any], Callable[[], None]]:
    def make(torch: Any) -> Callable[[], None]:
        torch.manual_seed(0)
        model = _mlp(torch, sizes, activation)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        return _step(optimizer, model, torch.nn.MSELoss(), torch.randn(batch, sizes[0]), torch.randn(batch, sizes[-1]))

    return make


def _binary(sizes: list[int], activation: str, batch: int) -> Callable[[Any], Callable[[], None]]:
    def make(torch: Any) -> Callable[[], None]:
        torch.manual_seed(0)
        model = _mlp(torch, sizes, activation)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        labels = (torch.rand(batch, sizes[-1]) < 0.5).float()
        return _step(optimizer, model, torch.nn.BCEWithLogitsLoss(), torch.randn(batch, sizes[0]), labels)

    return make


def _classes(sizes: list[int], batch: int, optimizer_name: str) -> Callable[[Any], Callable[[], None]]:
    def make(torch: Any) -> Callable[[], None]:
        torch.manual_seed(0)
        model = _mlp(torch, sizes, "ReLU")
        optimizer = getattr(torch.optim, optimizer_name)(model.parameters(), lr=0.001)
        labels = torch.randint(0, sizes[-1], (batch,))
        return _step(optimizer, model, torch.nn.CrossEntropyLoss(), torch.randn(batch, sizes[0]), labels)

    return make


def _digits(batch: int) -> Callable[[Any], Callable[[], None]]:
    """Make the steps of a convolutional network on images of the size of MNIST's."""

    def make(torch: Any) -> Callable[[], None]:
        torch.manual_seed(0)
        nn = torch.nn
        blocks = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        blocks += [nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        model = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(16 * 7 * 7, 10))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        x, y = torch.randn(batch, 1, 28, 28), torch.randint(0, 10, (batch,))
        return _step(optimizer, model, nn.CrossEntropyLoss(), x, y)

    return make


def _step(optimizer: Any, model: Any, loss_function: Any, x: Any, y: Any) -> Callable[[], None]:
    def step() -> None:
        optimizer.zero_grad()
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()

    return step


class _Rows:
    """A data set that is read one sample at a time, as tutorials write it."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> Any:
        return self.x[index], self.y[index]


def _loader(per_sample: bool) -> Callable[[Any], Callable[[], None]]:
    def make(torch: Any) -> Callable[[], None]:
        torch.manual_seed(0)
        data = torch.utils.data
        x, y = torch.randn(2500, 2), torch.randint(0, 2, (2500,))
        samples = _Rows(x, y) if per_sample else data.TensorDataset(x, y)
        loader = data.DataLoader(samples, batch_size=128, shuffle=True)

        def epoch() -> None:
            for _ in loader:
                pass

        return epoch

    return make


CASES = [
    Case("1-3-1 sigmoid, MSE, batch 50", 3, _regression([1, 3, 1], "Sigmoid", 50)),
    Case("1-20-20-1 sigmoid, MSE, batch 50", 3, _regression([1, 20, 20, 1], "Sigmoid", 50)),
    Case("2-4-1 tanh, BCE with logits, batch 128", 3, _binary([2, 4, 1], "Tanh", 128)),
    Case("2-500-500-1 ReLU, MSE, batch 50", 1, _regression([2, 500, 500, 1], "ReLU", 50)),
    Case("784-128-10 ReLU, cross-entropy, batch 64", 1, _classes([784, 128, 10], 64, "SGD")),
    Case("784-512-512-10 ReLU, Adam, batch 128", 1, _classes([784, 512, 512, 10], 128, "Adam")),
    Case("CNN 1-8-16 on 28 x 28, SGD, batch 64", 1, _digits(64)),
    Case("loader epoch, TensorDataset, 2500 x 128", 5, _loader(False)),
    Case("loader epoch, per-sample Dataset, 2500 x 128", 5, _loader(True)),
]


# For a GPU, which steps of small networks do not keep busy.
LARGE_CASES = [
    Case("1024-4096-4096-10 ReLU, SGD, batch 1024", 1, _classes([1024, 4096, 4096, 10], 1024, "SGD")),
    Case("1024-4096-4096-10 ReLU, Adam, batch 1024", 1, _classes([1024, 4096, 4096, 10], 1024, "Adam")),
]


def libraries() -> dict[str, Any]:
    """Return minigrad, and PyTorch where it is installed, by name."""
    found = {"minigrad": _imported("minigrad")}
    if importlib.util.find_spec("torch"):
        found["torch"] = _imported("torch")
    return found


def _imported(name: str) -> Any:
    for module in ("nn", "optim", "utils.data"):
        importlib.import_module(f"{name}.{module}")
    return importlib.import_module(name)


def medians(
    steps: dict[str, Callable[[], None]],
    rounds: int,
    finish: Callable[[], None] = lambda: None,
    warm: int = 20,
    seconds: float = ROUND_SECONDS,
    busy: bool = False,
) -> dict[str, float]:
    """Return each step's median time in seconds, the steps taking turns round by round.

    Parameters
    ----------
    steps : dict of str to callable
    rounds : int
    finish : callable
        Waits for what steps have only asked for.
    warm : int
        Steps before the first that counts.
    seconds : float
        About how long a round takes.
    busy : bool
        Give the least processor time instead, to which other programs of a busy machine add nothing.
    """
    clock, choose = (time.process_time, min) if busy else (time.perf_counter, statistics.median)

    def taken(step: Callable[[], None], count: int) -> float:
        start = clock()
        for _ in range(count):
            step()
        finish()
        return (clock() - start) / count

    counts = {}
    for name, step in steps.items():
        taken(step, warm)
        counts[name] = max(1, int(seconds / max(taken(step, 1), 1e-7)))
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(taken(step, counts[name]))
    return {name: choose(each) for name, each in times.items()}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, help="rounds a case (default: 20)")
    parser.add_argument("--busy", action="store_true", help="least processor time, not medians; with one thread")
    parser.add_argument("--only", default="", metavar="PATTERN", help="only the cases whose name matches")
    options = parser.parse_args(arguments)
    found = libraries()
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, "
        + ", ".join(f"{name} {library.__version__}" for name, library in found.items())
    )
    if "torch" in found:
        print(f"torch threads: {found['torch'].get_num_threads()}")
    print(f"\n{'step':<46}{'minigrad':>12}{'torch':>12}{'ratio':>8}{'aim':>6}")
    for case in CASES:
        if not re.search(options.only, case.name):
            continue
        steps = {name: case.make(library) for name, library in found.items()}
        result = medians(steps, options.rounds, busy=options.busy)
        ours, theirs = result["minigrad"], result.get("torch")
        row = f"{case.name:<46}{ours * 1e6:>9.1f} us"
        if theirs is not None:
            row += f"{theirs * 1e6:>9.1f} us{theirs / ours:>7.2f}x{case.aim:>5.0f}x"
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
