"""Time convolution and pooling, forward and backward, against PyTorch.

Run it as ``python benchmarks/windows.py [PATTERN]``: it prints microseconds of processor time a call (the least of
many), on one thread, and how many times PyTorch's that is.
"""

from __future__ import annotations

import os
import re
import sys
import time
import timeit
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent.parent / "kernels"))

from minigrad_kernels import cpu  # noqa: E402

# images, channels, filters, size, kernel, padding, stride, groups
CONVOLUTIONS = [
    (1, 1, 8, 28, 3, 1, 1, 1),
    (4, 3, 8, 8, 3, 1, 1, 1),
    (64, 1, 8, 28, 3, 1, 1, 1),
    (64, 8, 16, 14, 3, 1, 1, 1),
    (32, 3, 64, 32, 3, 1, 1, 1),
    (16, 32, 32, 32, 3, 1, 1, 1),
    (32, 64, 128, 8, 3, 1, 1, 1),
    (8, 64, 64, 56, 3, 1, 1, 1),
    (16, 64, 128, 28, 3, 1, 2, 1),
    (16, 64, 64, 28, 1, 0, 1, 1),
    (16, 32, 32, 28, 3, 1, 1, 32),
]

# images, channels, size, kernel, stride, padding
POOLINGS = [
    (1, 8, 28, 2, 2, 0),
    (64, 8, 28, 2, 2, 0),
    (16, 32, 32, 2, 2, 0),
    (16, 32, 32, 3, 2, 1),
    (16, 64, 7, 7, 7, 0),
]


def microseconds(function):
    """Return the smallest processor time of one call."""
    function()
    number = max(1, int(5e-3 / max(timeit.timeit(function, number=2) / 2, 1e-7)))
    return min(timeit.repeat(function, number=number, repeat=9, timer=time.process_time)) / number * 1e6


def convolution(images, channels, filters, size, kernel, padding, stride, groups):
    """Yield what is computed, our call and PyTorch's."""
    rng = np.random.default_rng(0)
    x, w, b = (
        rng.normal(size=shape).astype(np.float32)
        for shape in ((images, channels, size, size), (filters, channels // groups, kernel, kernel), (filters,))
    )
    tx, tw, tb = (torch.from_numpy(each) for each in (x, w, b))
    forward = lambda: torch.nn.functional.conv2d(tx, tw, tb, stride, padding, 1, groups)  # noqa: E731
    tg = torch.ones_like(forward())
    grad, out = tg.numpy(), tuple(tg.shape[2:])
    rest = (stride,) * 2, (padding,) * 2, (1, 1), groups

    def backward(*mask):
        return torch.ops.aten.convolution_backward(
            tg, tx, tw, [filters], rest[0], rest[1], rest[2], False, [0, 0], groups, mask
        )

    yield "forward", lambda: cpu.convolve(x, w, b, *rest, out), forward
    yield "of input", lambda: cpu.convolve_input(grad, w, (size, size), *rest), lambda: backward(True, False, False)
    yield "of weight", lambda: cpu.convolve_weight(x, grad, w.shape[2:], *rest), lambda: backward(False, True, False)


def pooling(images, channels, size, kernel, stride, padding):
    """Yield what is computed, our call and PyTorch's."""
    f = torch.nn.functional
    x = np.random.default_rng(0).normal(size=(images, channels, size, size)).astype(np.float32)
    t = torch.from_numpy(x)
    values, indices = f.max_pool2d(t, kernel, stride, padding, return_indices=True)
    tg = torch.ones_like(values)
    pairs = [[each] * 2 for each in (kernel, stride, padding, 1)]
    view = cpu.pool_windows((size, size), *map(tuple, pairs), tuple(values.shape[2:]))
    places = cpu.max_pool(x, view)[1]
    aten = torch.ops.aten
    yield "max", lambda: cpu.max_pool(x, view), lambda: f.max_pool2d(t, kernel, stride, padding)
    yield (
        "max backward",
        lambda: cpu.max_pool_backward(tg.numpy(), places, view),
        lambda: aten.max_pool2d_with_indices_backward(tg, t, *pairs, False, indices),
    )
    yield "mean", lambda: cpu.mean_pool(x, view), lambda: f.avg_pool2d(t, kernel, stride, padding)
    yield (
        "mean backward",
        lambda: cpu.mean_pool_backward(tg.numpy(), view),
        lambda: aten.avg_pool2d_backward(tg, t, *pairs[:3], False, True, None),
    )


def main(pattern=""):
    """Print the table for the cases whose name matches the pattern."""
    torch.set_num_threads(1)
    print(f"{'':44}{'here':>10}{'torch':>10}{'ratio':>8}")
    for make, cases in ((convolution, CONVOLUTIONS), (pooling, POOLINGS)):
        for case in cases:
            for what, ours, theirs in make(*case):
                name = f"{make.__name__} {case} {what}"
                if re.search(pattern, name):
                    mine, other = microseconds(ours), microseconds(theirs)
                    print(f"{name:56}{mine:10.0f}{other:10.0f}{mine / other:8.2f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
