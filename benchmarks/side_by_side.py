"""Timing one program under both libraries, in turns, on one thread."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import torch  # noqa: E402

_ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(_ROOT), str(_ROOT / "kernels")]

import minigrad  # noqa: E402
import minigrad.nn  # noqa: E402
import minigrad.optim  # noqa: E402

ROUNDS = 9
ROUND_SECONDS = 0.02


def compare(cases, pattern=""):
    """Print processor time a call under both libraries, and PyTorch's time over minigrad's.

    Parameters
    ----------
    cases : dict of str to callable
        Each returns, given a library, the function to time.
    pattern : str
        Regular expression that the names of the cases to run contain.
    """
    torch.set_num_threads(1)
    print(f"{'microseconds of processor time':60}{'minigrad':>12}{'torch':>10}{'ratio':>8}")
    for name, make in cases.items():
        if re.search(pattern, name):
            ours, theirs = _least([make(minigrad), make(torch)])
            print(f"{name:60}{ours:12.0f}{theirs:10.0f}{theirs / ours:8.2f}", flush=True)


def _least(functions):
    """Return the least time of one call of each function, in microseconds; they take turns."""
    counts = []
    for function in functions:
        function()
        start = time.process_time()
        function()
        counts.append(max(1, int(ROUND_SECONDS / max(time.process_time() - start, 1e-7))))
    least = [float("inf")] * len(functions)
    for _ in range(ROUNDS):
        for k, (function, count) in enumerate(zip(functions, counts, strict=True)):
            start = time.process_time()
            for _ in range(count):
                function()
            least[k] = min(least[k], (time.process_time() - start) / count * 1e6)
    return least
