"""The parts of the report that ``benchmarks/gpu.py`` makes, each a list of items; this file runs one part.

A part's process writes what it does, one line of JSON each: its columns, the item it begins, that item's row (none
where there is nothing to say) or fault, and its end. ``python benchmarks/gpu_parts.py PART FIRST FILE`` begins with the
item number FIRST.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

Row = list[str]
Item = tuple[str, Callable[[], Row | None]]


class Part(NamedTuple):
    """A part of the report.

    Attributes
    ----------
    title, text : str
        The heading, and what stands below it.
    columns : list of str
    items : callable
        Returns what is to be done, (name, function) each: in a part's own process, told whether to keep it tiny.
    """

    title: str
    text: str
    columns: list[str]
    items: Callable[[bool], list[Item]]


def machine_items(tiny: bool) -> list[Item]:
    """Return what is to be known of the machine."""
    from gpu_timing import Bench

    bench = Bench(tiny)
    memory = bench.memory

    def properties() -> dict[str, Any]:
        return memory.properties(memory.current())

    def versions() -> Row:
        found = [f"Python {platform.python_version()}"]
        for name in ("minigrad", "numpy", "numba", "numba_cuda", "cupy", "torch"):
            try:
                found.append(f"{name} {importlib.import_module(name).__version__}")
            except Exception as error:  # whatever an import of something broken raises
                found.append(f"{name}: {type(error).__name__}")
        return ["versions", ", ".join(found)]

    def gpu() -> Row:
        found = properties()
        major, minor = memory.compute_capability()
        size = found["totalGlobalMem"] / 2**30
        return [
            "GPU",
            f"{found['name']}, compute capability {major}.{minor}, "
            f"{memory.multiprocessors()} multiprocessors, {size:.0f} GiB",
        ]

    def runtime() -> Row:
        cuda = bench.xp.cuda.runtime
        driver = "none: the simulator" if memory.SIMULATED else f"{cuda.driverGetVersion()}, {cuda.runtimeGetVersion()}"
        return ["driver, runtime", driver]

    def bandwidth() -> Row:
        name = "memory, by its clock and width"
        if memory.SIMULATED:
            return [name, "none: the simulator"]
        found = bench.xp.cuda.Device().attributes
        rate = 2e3 * found["MemoryClockRate"] * found["GlobalMemoryBusWidth"] / 8
        return [name, f"{rate / 1e9:.0f} GB/s"]

    def torch() -> Row:
        return ["PyTorch on this GPU", "yes" if bench.torch else f"no: {bench.why_no_torch}"]

    return [
        ("GPU", gpu),
        ("driver", runtime),
        ("versions", versions),
        ("PyTorch", torch),
        ("bandwidth", bandwidth),
        ("copy", lambda: ["copying 40 MB to 40 MB", f"{bench.copy_rate / 1e9:.0f} GB/s, read and written"]),
        ("product", lambda: ["cuBLAS, float32, 4096 x 4096", f"{bench.product_rate / 1e12:.1f} TFLOP/s"]),
    ]


def table_items(tiny: bool) -> list[Item]:
    """Return every sample of every operation, in both precisions."""
    import numpy as np

    from minigrad.opcheck import all_cases
    from minigrad.opcheck.devices import differences

    def item(case: Any, dtype: Any) -> Item:
        def check() -> None:
            found = differences(case, "cuda", dtype)
            if found:
                raise AssertionError("; ".join(found))

        return f"{case.name}, {np.dtype(dtype)}", check

    cases = all_cases()[:: 300 if tiny else 1]
    return [item(case, dtype) for dtype in (np.float64, np.float32) for case in cases]


def kernel_items(tiny: bool) -> list[Item]:
    """Return the kernels to be timed."""
    from gpu_kernels import kernel_cases
    from gpu_timing import Bench

    bench = Bench(tiny)
    return [(case.name, lambda case=case: bench.row(case)) for case in kernel_cases(bench)]


def launch_items(tiny: bool) -> list[Item]:
    """Return the calls on one element whose cost to the processor is timed."""
    from gpu_kernels import launch_cases
    from gpu_timing import Bench

    bench = Bench(tiny)

    def item(name: str, *calls: Callable[[], Any] | None) -> Item:
        return name, lambda: [name, *(bench.shown(bench.host_time(call) if call else None) for call in calls)]

    return [item(*case) for case in launch_cases(bench)]


def step_items(tiny: bool) -> list[Item]:
    """Return the training steps to be timed."""
    import steps
    from gpu_timing import Bench

    bench = Bench(tiny)

    def item(case: Any) -> Item:
        def measure() -> Row:
            libraries = {"minigrad": steps._imported("minigrad")}
            libraries.update({"torch": steps._imported("torch")} if bench.torch else {})
            made = {}
            for name, library in libraries.items():
                library.set_default_device("cuda")
                made[name] = case.make(library)
            few = {"warm": 1, "seconds": 0.0} if tiny else {}
            times = steps.medians(made, 1 if tiny else 20, finish=bench.wait, **few)
            ours, theirs = times["minigrad"], times.get("torch")
            ratio = f"{theirs / ours:.2f}x" if theirs else "-"
            return [case.name, bench.shown(ours), bench.shown(theirs), ratio]

        return case.name, measure

    cases = [case for case in steps.CASES if "loader" not in case.name]
    return [item(case) for case in (cases[:1] if tiny else [*cases, *steps.LARGE_CASES])]


PARTS = {
    "machine": Part(
        "The machine", "What it is, and how fast its memory and its multipliers are.", ["what", "value"], machine_items
    ),
    "table": Part(
        "Every operation beside the CPU",
        "Results, first and second gradients of every sample of every operation, in double and in single precision.",
        [],
        table_items,
    ),
    "kernels": Part(
        "Kernels",
        "Microseconds a call, by CUDA events, in float32. What is achieved counts the bytes that have to be read and "
        "written, or the operations of a product; its share is of the bandwidth of a copy, or of cuBLAS's rate. The "
        "aim is 80 % for elementwise kernels, softmax and norms.",
        ["kernel", "minigrad", "CuPy", "PyTorch", "achieved", "share"],
        kernel_items,
    ),
    "launch": Part(
        "What a launch costs",
        "Microseconds of the processor's time a call on one element, the GPU not waited for.",
        ["call", "minigrad", "CuPy", "PyTorch"],
        launch_items,
    ),
    "steps": Part(
        "Training steps",
        "Microseconds a step: zero_grad, forward, backward and the optimizer's step, in eager mode; the ratio is "
        "PyTorch's time over minigrad's.",
        ["step", "minigrad", "PyTorch", "ratio"],
        step_items,
    ),
}


def run(name: str, first: int, path: Path, tiny: bool) -> int:
    """Do the items of a part from the number `first` on, and write down how it goes."""
    with path.open("a") as file:

        def tell(**event: Any) -> None:
            print(json.dumps(event), file=file, flush=True)

        tell(columns=PARTS[name].columns)
        for label, function in PARTS[name].items(tiny)[first:]:
            tell(begin=label)
            try:
                tell(row=function())
            except Exception as error:
                tell(fault=_told(error))
                _stop_if_broken()
        tell(end=True)
    return 0


def _told(error: Exception) -> str:
    """Return what an error says and where it was raised."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"


def _stop_if_broken() -> None:
    """End the process if the GPU answers no more, which one bad access is enough for; another one goes on."""
    try:
        import minigrad

        (minigrad.ones(2, device="cuda") + 1).cpu()
    except Exception:
        sys.exit(3)


def main() -> int:
    """Read the command line and run a part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("first", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    return run(options.part, options.first, options.file, options.tiny)


if __name__ == "__main__":
    sys.exit(main())
