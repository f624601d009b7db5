"""Time the CPU kernels against NumPy expressions and, where it is installed, PyTorch.

Run it as ``python benchmarks/kernels.py [PATTERN]``: it prints microseconds a call (the least of many), then what the
first calls of kernels cost a fresh process with a cold and with a warm cache.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path

import numpy as np

KERNELS = Path(__file__).parent.parent / "kernels"
sys.path.insert(0, str(KERNELS))

from minigrad_kernels import cpu  # noqa: E402

SHAPES = [(50, 20), (128, 512), (1000, 1000)]


def microseconds(function):
    """Return the smallest time of one call, over samples of about 2 ms."""
    function()
    number = max(1, int(2e-3 / max(timeit.timeit(function, number=2) / 2, 1e-7)))
    return min(timeit.repeat(function, number=number, repeat=25)) / number * 1e6


def softmax(x):
    """Return softmax of rows, by NumPy."""
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def cross_entropy(x, target):
    """Return the mean cross-entropy, by NumPy."""
    shifted = x - x.max(-1, keepdims=True)
    return (np.log(np.exp(shifted).sum(-1)) - shifted[np.arange(len(x)), target]).mean()


def adam(p, g, m, v):
    """Take one step of Adam, by NumPy."""
    m *= 0.9
    m += 0.1 * g
    v *= 0.999
    v += 0.001 * g * g
    p -= 1e-9 * m / (np.sqrt(v) + 1e-8)


def cases(shape, torch):
    """Yield name, kernel call, NumPy call and PyTorch call (or None) for float32 arrays of a shape."""
    rng = np.random.default_rng(0)
    x, g = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
    target, one = rng.integers(0, shape[1], shape[0]), np.array(1, np.float32)
    index = rng.integers(0, shape[0], shape[0])
    _, lse, total = cpu.cross_entropy(x, target)
    p, m, v = x.copy(), x.copy(), np.abs(x)
    f = torch.nn.functional if torch else None
    t, tg, tt, ti = (torch.from_numpy(a) for a in (x, g, target, index)) if torch else (None,) * 4
    aten = torch.ops.aten if torch else None
    yield "sigmoid", lambda: cpu.sigmoid(x), lambda: 1 / (1 + np.exp(-x)), lambda: torch.sigmoid(t)
    yield (
        "sigmoid_backward",
        lambda: cpu.sigmoid_backward(g, x),
        lambda: g * (1 - x) * x,
        lambda: aten.sigmoid_backward(tg, t),
    )
    yield "tanh", lambda: cpu.tanh(x), lambda: np.tanh(x), lambda: torch.tanh(t)
    yield "relu", lambda: cpu.relu(x), lambda: np.maximum(x, 0), lambda: torch.relu(t)
    yield (
        "relu_backward",
        lambda: cpu.relu_backward(g, x),
        lambda: g * (x > 0),
        lambda: aten.threshold_backward(tg, t, 0),
    )
    tanh_form = lambda: 0.5 * x * (1 + np.tanh(0.79788456 * (x + 0.044715 * x**3)))  # noqa: E731
    yield "gelu", lambda: cpu.gelu(x), tanh_form, lambda: f.gelu(t)
    yield "silu", lambda: cpu.silu(x), lambda: x / (1 + np.exp(-x)), lambda: f.silu(t)
    yield "softplus", lambda: cpu.softplus(x), lambda: np.logaddexp(x, 0), lambda: f.softplus(t)
    yield "softmax", lambda: cpu.softmax(x), lambda: softmax(x), lambda: torch.softmax(t, -1)
    yield (
        "cross_entropy",
        lambda: cpu.cross_entropy(x, target),
        lambda: cross_entropy(x, target),
        lambda: f.cross_entropy(t, tt),
    )
    yield (
        "cross_entropy_backward",
        lambda: cpu.cross_entropy_backward(one, x, lse, total, target),
        lambda: softmax(x) / len(x),
        None,
    )
    yield "mse_loss", lambda: cpu.mse_loss(x, g), lambda: ((x - g) ** 2).mean(), lambda: f.mse_loss(t, tg)
    yield "sum", lambda: cpu.sum(x), lambda: x.sum(), lambda: t.sum()
    yield "sum axis 0", lambda: cpu.sum(x, 0), lambda: x.sum(0), lambda: t.sum(0)
    yield "sum axis 1", lambda: cpu.sum(x, 1), lambda: x.sum(1), lambda: t.sum(1)
    yield "adam", lambda: cpu.adam([p], [g], [m], [v], None, 9, 1e-9), lambda: adam(p, g, m, v), None
    yield "sgd", lambda: cpu.sgd([p], [g], None, 1e-9), lambda: np.subtract(p, 1e-9 * g, out=p), None
    yield (
        "index_add",
        lambda: cpu.index_add(p, index, g),
        lambda: np.add.at(p, index, g),
        lambda: t.clone().index_add_(0, ti, tg),
    )


FIRST_CALL = """
import time; start = time.perf_counter()
import numpy as np
numpy_done = time.perf_counter()
from minigrad_kernels import cpu
x, target = np.ones((4, 3), np.float32), np.zeros(4, np.int64)
cpu.relu(x)
first = time.perf_counter()
cpu.relu_backward(x, x)
loss, lse, total = cpu.cross_entropy(x, target)
cpu.cross_entropy_backward(np.ones(1, np.float32), x, lse, total, target)
cpu.sgd([x], [x], [x.copy()], 0.1, 0.9)
done = time.perf_counter()
print(f"{numpy_done - start:.2f} s NumPy, {first - numpy_done:.2f} s first kernel (Numba's import included), "
      f"{done - first:.2f} s four more")
"""


def first_calls():
    """Print what the five kernels of a training step cost a fresh process, compiled anew and from the cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(KERNELS), "MINIGRAD_CACHE_DIR": folder}
        for label in ("cold", "warm"):
            text = subprocess.run([sys.executable, "-c", FIRST_CALL], env=environment, capture_output=True, check=True)
            print(f"{label}: {text.stdout.decode().strip()}")


def main(pattern=""):
    """Print the table for kernels whose name matches the pattern."""
    try:
        torch = importlib.import_module("torch")
        torch.set_num_threads(1)
    except ImportError:
        torch = None
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}", end="")
    print(f", torch {torch.__version__}" if torch else "")
    print(f"{'microseconds a call, float32':32}{'kernel':>10}{'NumPy':>10}{'torch':>10}")
    for shape in SHAPES:
        for name, *calls in cases(shape, torch):
            if re.search(pattern, name):
                times = [microseconds(call) if call and (torch or i < 2) else None for i, call in enumerate(calls)]
                row = "".join(f"{time:10.2f}" if time is not None else f"{'-':>10}" for time in times)
                print(f"{f'{name} {shape[0]}x{shape[1]}':32}{row}")
    first_calls()


if __name__ == "__main__":
    main(*sys.argv[1:])
