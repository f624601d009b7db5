"""Compile every CUDA kernel without a GPU: ``python tools/ptx.py [family ...]``.

Each kernel is compiled to PTX for three generations of GPUs and for each of its dtypes, and assembled for the last one.
Checked are that its parameters are what a launch passes, that nothing is computed in double precision that should not
be, and that its registers suffice. Prints what the assembler says of each kernel. Needs ``numba-cuda[cu13]``.
"""

from __future__ import annotations

import importlib
import multiprocessing
import pkgutil
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from minigrad_kernels import cuda
from minigrad_kernels.cuda import _kernel, _memory, _numba

CAPABILITIES = [(7, 5), (8, 0), (9, 0)]
_PTX_TYPES = {"f4": "f32", "f8": "f64", "i8": "u64", "u8": "u64", "i4": "u32", "u4": "u32", "i1": "u8", "b1": "u8"}


def kernels(families: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each kernel of some modules of `minigrad_kernels.cuda`, or of all."""
    for family in families or sorted(module.name for module in pkgutil.iter_modules(cuda.__path__)):
        module = importlib.import_module(f"minigrad_kernels.cuda.{family}")
        for name, value in vars(module).items():
            if isinstance(value, _kernel.Kernel) and value.function.__module__ == module.__name__:
                yield family, name


class _Array:
    """Stands for an array of the device."""

    size = 12


def passed(kernel: _kernel.Kernel, dtype: np.dtype) -> list[str]:
    """Return the types of the words that a launch passes."""
    words: list[object] = []
    for _, container, extra, _ in _kernel._OnDevice(kernel, dtype).plan:
        if container is None:
            words.append(extra(1))
        else:
            words += _kernel._OnDevice.words_of_array(_Array, np.int64(8) if container == "list" else extra)
    return [_PTX_TYPES[word.dtype.str[1:]] if isinstance(word, np.generic) else "u64" for word in words]


def faults(kernel: _kernel.Kernel, dtype: np.dtype, text: str) -> Iterator[str]:
    """Yield what is wrong with a kernel's PTX."""
    taken = re.findall(rf"\.param \.(\w+) {kernel.__name__}_param_\d+[,\n]", text)
    if taken != passed(kernel, dtype):
        yield f"takes {taken}, and a launch passes {passed(kernel, dtype)}"
    if dtype != np.float64 and not kernel.wide and ".f64" in text:
        yield f"computes in double precision ({text.count('.f64')} times)"


def check(where: tuple[str, str]) -> tuple[list[str], list[str], int]:
    """Compile a kernel; return what there is to say of it, its faults, and how many compilations it took."""
    family, name = where
    kernel = vars(importlib.import_module(f"minigrad_kernels.cuda.{family}"))[name]
    said, wrong = [], []
    versions = [(each, np.dtype(dtype)) for each in (kernel, kernel.half) if each is not None for dtype in each.dtypes]
    for kernel, dtype in versions:
        title = f"{family}.{name} {dtype}"
        for capability in CAPABILITIES:
            text = kernel.ptx(dtype, capability)
            wrong += [f"{title} sm_{capability[0]}{capability[1]} {fault}" for fault in faults(kernel, dtype, text)]
        _, report = _numba.assembled(text, CAPABILITIES[-1])
        registers = int(re.search(r"Used (\d+) registers", report)[1])
        shared = int(re.search(r"(\d+) bytes smem", report)[1]) if "bytes smem" in report else 0
        said.append(f"{title:60} {registers:3} registers {shared:6} bytes shared")
        if spilled := sum(map(int, re.findall(r"(\d+) bytes spill", report))):
            wrong.append(f"{title} spills {spilled} bytes of registers")
    return said, wrong, len(versions) * len(CAPABILITIES)


def main(families: list[str]) -> int:
    """Compile the kernels of some families, or of all, and return the exit status."""
    if _memory.SIMULATED:
        sys.exit("the simulator does not compile: unset NUMBA_ENABLE_CUDASIM")
    start, count, wrong = time.perf_counter(), 0, []
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for said, faulty, compilations in pool.map(check, list(kernels(families))):
            print(*said, sep="\n", flush=True)
            wrong += faulty
            count += compilations
    print(f"{count} compilations in {time.perf_counter() - start:.0f} s, {len(wrong)} faults")
    print(*wrong, sep="\n")
    return bool(wrong or not count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
