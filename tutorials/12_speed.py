r"""
12. Speed, on your machine
==========================

For a small network the time of a training step is not spent on arithmetic. It is spent on the way from a line of
Python to the loop that computes. Here we measure that way, on the machine in front of you: NumPy alone, minigrad, and
PyTorch if it is installed. The numbers are yours; the shape of the curves is much the same everywhere.
"""

import importlib
import statistics
import time

import numpy as np
from matplotlib import pyplot as plt

import minigrad
from minigrad import nn, viz

try:
    pytorch = importlib.import_module("torch")
    pytorch.set_num_threads(1)
except ImportError:
    pytorch = None
print("compared with", f"PyTorch {pytorch.__version__}" if pytorch else "nothing: PyTorch is not installed")

# %%
# How to measure
# --------------
# A single measurement tells little: the machine does other things too. So the candidates take turns, many times, and
# the median of each is what counts. What comes first is not measured: it compiles, and fills caches.


def race(candidates, seconds=0.4):
    """Return the median time of each callable, in s: they take turns for about this long, each."""
    for function in candidates.values():
        function()
        function()
    start = time.perf_counter()
    for function in candidates.values():
        function()
    turn = max(1e-6, (time.perf_counter() - start) / len(candidates))
    inner = max(1, int(0.002 / turn))
    times = {name: [] for name in candidates}
    for _ in range(max(5, int(seconds / (inner * turn)))):
        for name, function in candidates.items():
            start = time.perf_counter()
            for _ in range(inner):
                function()
            times[name].append((time.perf_counter() - start) / inner)
    return {name: statistics.median(each) for name, each in times.items()}


# %%
# One operation
# -------------
# Adding two arrays of 10 numbers takes NumPy half a microsecond or so, nearly all of it for finding out what is to be
# done. A tensor has to note a node for the gradient as well.

a, b = np.ones(10, np.float32), np.ones(10, np.float32)
mine = minigrad.ones(10), minigrad.ones(10, requires_grad=True)
candidates = {"NumPy": lambda: a + b, "minigrad": lambda: mine[0] + mine[1]}
if pytorch:
    theirs = pytorch.ones(10), pytorch.ones(10, requires_grad=True)
    candidates["PyTorch"] = lambda: theirs[0] + theirs[1]
adding = race(candidates, 0.2)
for name, seconds in adding.items():
    print(f"{name:9} {1e6 * seconds:6.2f} µs")

# %%
# A training step
# ---------------
# ``zero_grad``, forward, loss, backward, ``step`` for networks of growing width, on a batch of 64. The same lines for
# both libraries: they take the library for an argument.


def make_step(library, width):
    """Return a function that takes one training step and returns the loss before it."""
    library.manual_seed(0)
    layers = library.nn
    model = layers.Sequential(
        layers.Linear(16, width), layers.Tanh(), layers.Linear(width, width), layers.Tanh(), layers.Linear(width, 1)
    )
    x, y = library.randn(64, 16), library.randn(64, 1)
    criterion, optimizer = layers.MSELoss(), library.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def numpy_step(width):
    """Return a function that takes the same step in NumPy, its gradients written by hand."""
    minigrad.manual_seed(0)
    layers = [nn.Linear(16, width), nn.Linear(width, width), nn.Linear(width, 1)]
    weights = [p.detach().numpy() for layer in layers for p in layer.parameters()]
    x, y = minigrad.randn(64, 16).numpy(), minigrad.randn(64, 1).numpy()
    momenta = [np.zeros_like(w) for w in weights]

    def step():
        w1, b1, w2, b2, w3, b3 = weights
        h1 = np.tanh(x @ w1.T + b1)
        h2 = np.tanh(h1 @ w2.T + b2)
        error = h2 @ w3.T + b3 - y
        out_bar = error * np.float32(2 / error.size)
        a2_bar = (out_bar @ w3) * (1 - h2 * h2)
        a1_bar = (a2_bar @ w2) * (1 - h1 * h1)
        gradients = (a1_bar.T @ x, a1_bar.sum(0), a2_bar.T @ h1, a2_bar.sum(0), out_bar.T @ h2, out_bar.sum(0))
        for w, m, g in zip(weights, momenta, gradients, strict=True):
            m *= np.float32(0.9)
            m += g
            w -= np.float32(0.01) * m
        return float(np.mean(error * error))

    return step


widths = [4, 16, 64, 256]
steps = {"NumPy, gradients by hand": [], "minigrad": [], "PyTorch": []}
losses = {}
for width in widths:
    candidates = {"NumPy, gradients by hand": numpy_step(width), "minigrad": make_step(minigrad, width)}
    if pytorch:
        candidates["PyTorch"] = make_step(pytorch, width)
    losses[width] = {name: [function() for _ in range(20)] for name, function in candidates.items()}
    for name, seconds in race(candidates).items():
        steps[name].append(1e6 * seconds)
steps = {name: measured for name, measured in steps.items() if measured}
print(f"{'width':27}", "".join(f"{width:10}" for width in widths))
for name, measured in steps.items():
    print(f"{name:24} µs", "".join(f"{each:10.0f}" for each in measured))
if pytorch:
    ratios = [theirs / mine for theirs, mine in zip(steps["PyTorch"], steps["minigrad"], strict=True)]
    print(f"{'PyTorch : minigrad':27}", "".join(f"{each:10.2f}" for each in ratios))

figure, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
for (name, measured), style in zip(steps.items(), ("^:", "o-", "s--"), strict=False):
    ax.loglog(widths, measured, style, color="black", markerfacecolor="white", label=name)
ax.set_xticks(widths, [str(width) for width in widths])
ax.minorticks_off()
ax.set(xlabel="width of the two hidden layers", ylabel="training step (µs)", title="A training step, batch of 64")
ax.legend(frameon=False, loc="upper left")
ax.spines[["top", "right"]].set_visible(False)
viz.show(figure, "12_steps")

# %%
# To the left the curves are flat: the arithmetic is nearly free there, and what is left is the price of lines of
# Python. To the right products of matrices decide, which all three leave to libraries of the same kind, and the curves
# come together.
#
# Does speed cost anything? The losses of the first 20 steps, from the same seed, say no:

apart = 0.0
for by_name in losses.values():
    for other in by_name.values():
        apart = max(apart, *(abs(p - q) / q for p, q in zip(by_name["minigrad"], other, strict=True)))
print(f"the losses differ by a part of {apart:.1e} at most")

# %%
# An epoch through a loader
# -------------------------
# A ``TensorDataset`` is cut into batches by one indexing each, not sample by sample.


def make_epoch(library):
    """Return a function that goes once through 2,500 samples in batches of 128."""
    library.manual_seed(0)
    data = library.utils.data.TensorDataset(library.randn(2500, 2), library.randn(2500))
    loader = library.utils.data.DataLoader(data, batch_size=128, shuffle=True)
    return lambda: sum(len(x) for x, _ in loader)


candidates = {"minigrad": make_epoch(minigrad)}
if pytorch:
    candidates["PyTorch"] = make_epoch(pytorch)
for name, seconds in race(candidates).items():
    print(f"{name:9} {1e3 * seconds:7.2f} ms an epoch")

# %%
# Check
# -----

assert apart < 1e-3, "the same seed should give the same losses"
assert steps["minigrad"][0] < steps["minigrad"][-1], "wide networks should take longer than narrow ones"
assert adding["minigrad"] < 100 * adding["NumPy"], "noting a node should not cost a hundred additions"
print("all as claimed")
