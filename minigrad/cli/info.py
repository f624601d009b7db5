"""``python -m minigrad info``: what a bug report needs."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from typing import Any

HELP = "print versions, BLAS, threads, kernel cache and devices: what a bug report needs"
DESCRIPTION = "Print the versions and settings that a bug report needs."

PACKAGES = ("minigrad", "numpy", "numba", "llvmlite", "scipy", "scikit-learn", "matplotlib", "tqdm", "torch")
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "NUMBA_DISABLE_JIT")
LAYERS = {"tbb": "tbbpool", "omp": "omppool", "workqueue": "workqueue"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: there is nothing to choose."""


def run(arguments: argparse.Namespace) -> int:
    """Print two columns."""
    for name, value in facts():
        print(f"{name:22}{value}")
    return 0


def facts() -> Iterator[tuple[str, str]]:
    """Yield names and values."""
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}"
    yield "System", f"{platform.platform()}, {os.cpu_count()} cores"
    for name in PACKAGES:
        yield name, _version(name)
    yield "BLAS", _blas()
    yield "Numba threads", _numba_threads()
    yield "Kernel cache", _kernel_cache()
    yield "Devices", _devices()
    for name in VARIABLES:
        if name in os.environ:
            yield name, os.environ[name]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _blas() -> str:
    """Return the libraries that NumPy and SciPy loaded, with their threads; or what NumPy was built with."""
    import numpy as np

    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{built['name']} {built['version']}"
    loaded = [each for each in threadpool_info() if each["user_api"] == "blas"]
    return "; ".join(
        f"{each['internal_api']} {each['version']} ({each.get('architecture', 'any')}), {each['num_threads']} threads"
        for each in loaded
    )


def _numba_threads() -> str:
    config: Any = importlib.import_module("numba").config
    usable = []
    for name, module in LAYERS.items():
        try:
            importlib.import_module(f"numba.np.ufunc.{module}")
        except ImportError:
            continue
        usable.append(name)
    return f"{config.NUMBA_NUM_THREADS}, layer '{config.THREADING_LAYER}' of: {', '.join(usable)}"


def _kernel_cache() -> str:
    from minigrad_kernels._cache import FOLDER

    if FOLDER is None:
        return "none: no folder can be written, so every process compiles its kernels anew (set MINIGRAD_CACHE_DIR)"
    kept = [each for each in FOLDER.rglob("*.nbc") if each.is_file()]
    return f"{FOLDER} ({len(kept)} compiled, {sum(each.stat().st_size for each in kept) / 2**20:.1f} MiB)"


def _devices() -> str:
    from minigrad.devices import check_available

    try:
        check_available("cuda")
    except RuntimeError as error:
        return f"cpu ({platform.processor() or platform.machine()}); cuda: {error}"
    return f"cpu ({platform.processor() or platform.machine()}), cuda"
