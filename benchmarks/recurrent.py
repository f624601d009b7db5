"""Time recurrent layers, forward and with gradients, against PyTorch.

Run it as ``python benchmarks/recurrent.py [PATTERN]``: it prints microseconds of processor time a call (the least of
many, the libraries taking turns), on one thread, and how many times PyTorch's that is.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
import time
from collections.abc import Callable
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import torch  # noqa: E402

import minigrad  # noqa: E402

SECONDS = 1.0

# batch, length, width of inputs and states
SIZES = {"small": (16, 16, 32), "medium": (32, 64, 128), "large": (64, 128, 256)}
LAYERS = ("RNN", "LSTM", "GRU")


def layer_calls(library: Any, kind: str, batch: int, length: int, width: int) -> dict[str, Callable[[], None]]:
    """Return a layer's forward pass, and that with the gradients of the input and of all parameters."""
    library.manual_seed(0)
    layer = getattr(library.nn, kind)(width, width)
    x = library.randn(length, batch, width, requires_grad=True)

    def forward() -> None:
        with library.no_grad():
            layer(x)

    def both() -> None:
        output, _ = layer(x)
        layer.zero_grad()
        x.grad = None
        output.sum().backward()

    return {"forward": forward, "with gradients": both}


def cell_calls(library: Any, kind: str, batch: int, length: int, width: int) -> dict[str, Callable[[], None]]:
    """Return a loop over a cell, as users write it: forward, and with the gradients."""
    library.manual_seed(0)
    cell = getattr(library.nn, f"{kind}Cell")(width, width)
    x = library.randn(length, batch, width)

    def run() -> Any:
        state, outputs = None, []
        for step in x:
            state = cell(step, state)
            outputs.append(state[0] if kind == "LSTM" else state)
        return library.stack(outputs)

    def forward() -> None:
        with library.no_grad():
            run()

    def both() -> None:
        cell.zero_grad()
        run().sum().backward()

    return {"forward": forward, "with gradients": both}


def least_times(calls: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Return the least processor time in microseconds of each call; they take turns."""
    least = dict.fromkeys(calls, float("inf"))
    for call in calls.values():
        call()
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for name, call in calls.items():
            for _ in range(3):
                start = time.process_time()
                call()
                least[name] = min(least[name], (time.process_time() - start) * 1e6)
    return least


def main(pattern: str = "") -> None:
    """Print the table for the cases whose name matches the pattern."""
    torch.set_num_threads(1)
    importlib.import_module("minigrad.nn")
    print(f"{platform.processor() or platform.machine()}, minigrad {minigrad.__version__}, torch {torch.__version__}")
    print(f"{'':44}{'here':>10}{'torch':>10}{'ratio':>8}")
    for make, suffix, sizes in ((layer_calls, "", SIZES), (cell_calls, "Cell", {"small": SIZES["small"]})):
        for kind in LAYERS:
            for name, size in sizes.items():
                ours, theirs = (make(library, kind, *size) for library in (minigrad, torch))
                for what in ours:
                    title = f"{kind}{suffix} {name} {size} {what}"
                    if re.search(pattern, title):
                        least = least_times({"here": ours[what], "torch": theirs[what]})
                        ratio = least["here"] / least["torch"]
                        print(f"{title:44}{least['here']:10.0f}{least['torch']:10.0f}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
