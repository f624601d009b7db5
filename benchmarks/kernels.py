"""Time operations and optimizers, forward and backward, at three sizes, against PyTorch on the CPU.

Run it as ``python benchmarks/kernels.py [PATTERN]``; the pattern chooses cases by ``family name size``. Both libraries
run with one thread, in turns; the least processor time of many calls counts, since anything else that runs on the
machine only adds. A ratio is PyTorch's time over minigrad's.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import platform
import re
import sys
import time
from collections.abc import Callable
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from kernel_cases import SIZES, Case, cases, geometric_mean  # noqa: E402


def _imported(name: str) -> Any:
    for module in ("nn", "optim"):
        importlib.import_module(f"{name}.{module}")
    return importlib.import_module(name)


def libraries() -> dict[str, Any]:
    """Return minigrad, and PyTorch where it is installed, by name."""
    found = {"minigrad": _imported("minigrad")}
    if importlib.util.find_spec("torch"):
        found["torch"] = _imported("torch")
        found["torch"].set_num_threads(1)
    return found


def calls(case: Case, library: Any) -> tuple[Callable[[], Any], Callable[[], Any] | None]:
    """Return what is timed: the forward pass (recorded), and both passes."""
    run, inputs = case.make(library)
    if not inputs:
        return run, None
    ones = library.ones_like(run().detach())

    def both() -> None:
        for each in inputs:
            each.grad = None
        run().backward(ones)

    return run, both


def least_times(functions: list[Callable[[], Any]], seconds: float) -> list[float]:
    """Return the least processor time of one call of each, in rounds that take turns for so many seconds in all."""
    counts = []
    for function in functions:
        for _ in range(3):
            function()
        start = time.process_time()
        function()
        counts.append(max(1, int(2e-3 / max(time.process_time() - start, 1e-7))))
    best = [float("inf")] * len(functions)
    end = time.monotonic() + seconds
    rounds = 0
    while rounds < 5 or time.monotonic() < end:
        for k, (function, count) in enumerate(zip(functions, counts, strict=True)):
            start = time.process_time()
            for _ in range(count):
                function()
            best[k] = min(best[k], (time.process_time() - start) / count)
        rounds += 1
    return best


def in_words(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale or unit == "us":
            return f"{seconds / scale:.3g} {unit}"
    raise AssertionError


def row(case: Case, found: dict[str, Any], seconds: float) -> list[float]:
    """Time a case, print its line, and return its ratios."""
    pairs = [calls(case, library) for library in found.values()]
    cells, ratios = [], []
    for functions in zip(*pairs, strict=True):
        if functions[0] is None:
            cells += ["", "", ""]
            continue
        times = least_times(list(functions), seconds)
        cells += [in_words(each) for each in times]
        if len(times) == 2:
            ratios.append(times[1] / times[0])
            cells.append(f"{ratios[-1]:.2f}x")
    print(f"| {case.name} | {case.size} | " + " | ".join(cells) + " |", flush=True)
    return ratios


def print_ratios(found: dict[tuple[str, str], dict[str, list[float]]]) -> None:
    """Print the ratios of a family in one table: an operation a line, forward and both passes at each size."""
    last = None
    for (family, name), ratios in found.items():
        if family != last:
            print(f"\n| {family} | " + " | ".join([*SIZES, *(f"{size}, both" for size in SIZES)]) + " |")
            print("|---|" + "---|" * 2 * len(SIZES))
            last = family
        cells = [ratios.get(size, [])[k : k + 1] for k in (0, 1) for size in SIZES]
        print(f"| {name} | " + " | ".join(f"{cell[0]:.2f}" if cell else "" for cell in cells) + " |")


def main(arguments: list[str] | None = None) -> int:
    """Print a table a family."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pattern", nargs="?", default="", help="only cases whose 'family name size' matches")
    parser.add_argument("--seconds", type=float, default=0.3, help="time for each measurement (default: 0.3)")
    options = parser.parse_args(arguments)
    found = libraries()
    versions = ", ".join(f"{name} {library.__version__}" for name, library in found.items())
    print(f"{platform.machine()}, Python {platform.python_version()}, {versions}, one thread each")
    family, all_ratios = None, []
    by_name: dict[tuple[str, str], dict[str, list[float]]] = {}
    for case in cases():
        if not re.search(options.pattern, f"{case.family} {case.name} {case.size}"):
            continue
        if case.family != family:
            family = case.family
            names = [
                f"{name}{what}" for what in ("", ", both passes") for name in [*found, "ratio"][: len(found) * 2 - 1]
            ]
            print(f"\n| {family} | size | " + " | ".join(names) + " |")
            print("|---|---|" + "---|" * len(names))
        ratios = row(case, found, options.seconds)
        by_name.setdefault((case.family, case.name), {})[case.size] = ratios
        all_ratios += ratios
    if all_ratios:
        print_ratios(by_name)
        behind = sum(each < 1 for each in all_ratios)
        beyond = sum(each < 1 / 1.5 for each in all_ratios)
        print(
            f"\n{len(all_ratios)} ratios, geometric mean {geometric_mean(all_ratios):.2f}x; below 1x: {behind}, "
            f"below 1/1.5: {beyond}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
