"""
1. Tensors
==========

Everything in minigrad is made of one thing, the *tensor*: a block of numbers of one type, seen through a shape. You
know it already if you know NumPy's array. This first tutorial shows what is the same, what differs, and what you will
miss if nobody tells you: which results share memory, which type comes out when two types meet, and how shapes that do
not match are stretched. In the second tutorial tensors begin to remember how they were made, and derivatives follow.

The name ``torch`` below is minigrad. Write ``import torch`` in the place of ``import minigrad as torch``, and PyTorch
prints the same.
"""

import time

import numpy as np
from matplotlib import pyplot as plt

import minigrad as torch
from minigrad import viz

# %%
# Making tensors
# --------------
# From nested lists, by a rule, or at random. A tensor has a shape, a type and a device on which its numbers live.

table = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(table)
print("shape", table.shape, " type", table.dtype, " device", table.device, " numbers", table.numel())

print(torch.zeros(2, 3))
print(torch.arange(0, 10, 3))
print(torch.linspace(0, 1, steps=5))
print(torch.eye(2))

# %%
# Random numbers come from a generator with a seed. The same seed gives the same numbers, run after run, and the same
# numbers as PyTorch on a CPU: ``rand`` draws evenly between 0 and 1, ``randn`` from the normal distribution.

torch.manual_seed(0)
first = torch.rand(2, 3)
torch.manual_seed(0)
again = torch.rand(2, 3)
print(first)
print("the same again:", torch.equal(first, again))

# %%
# Types
# -----
# Python's floats have 64 bits, and so do NumPy's by default. A tensor made of floats has 32: half the memory, about
# twice the speed, and some seven decimal digits, which is plenty for learning from noisy data. It is not plenty for
# everything. The gap between 1 and the next number is called epsilon:

for dtype in (torch.float16, torch.float32, torch.float64):
    print(f"{dtype!s:14}  epsilon {torch.finfo(dtype).eps:.1e}  largest {torch.finfo(dtype).max:.1e}")

print("lost in 32 bits:", (torch.tensor(1e8) + 1 - 1e8).item())
print("kept in 64 bits:", (torch.tensor(1e8, dtype=torch.float64) + 1 - 1e8).item())

# %%
# Where two types meet, the result has the one of the higher *kind*: bool below integer below float. Within a kind more
# bits win. A plain Python number only decides when its kind is higher, so that ``x * 2.0`` never turns 32 bits into
# 64. (Old NumPy looked at values instead, and NumPy would make the first line 64 bits wide.)

whole, real = torch.tensor([1, 2, 3]), torch.tensor([0.5, 0.5, 0.5])
print("int64 * float32  ->", (whole * real).dtype)
print("int64 / int64    ->", (whole / whole).dtype)
print("float32 * 2.0    ->", (real * 2.0).dtype)
print("int64 * 2.0      ->", (whole * 2.0).dtype)
print("float32 > 0.1    ->", (real > 0.1).dtype)

# %%
# Indexing
# --------
# All of NumPy's: numbers, slices, lists of places, masks, ``None`` for a new dimension, ``...`` for "all the others".

grid = torch.arange(12).reshape(3, 4)
print(grid)
print("row 1            ", grid[1])
print("column -1        ", grid[:, -1])
print("every other      ", grid[0, ::2])
print("places           ", grid[[0, 2], [1, 3]])
print("larger than 8    ", grid[grid > 8])
print("a new dimension  ", grid[:, None, :].shape)

# %%
# Numbers, slices and ``None`` give a *view*: another way of reading the same memory, made without copying anything.
# A shape and a *stride* for each dimension (how many numbers to walk on for the next entry) is all that a view is. A
# transpose just swaps the two strides. Writing into a view writes into the original:

column = grid[:, 1]
print("strides of the grid", grid.stride(), " of the column", column.stride(), " of the transpose", grid.T.stride())
column[0] = 100
print(grid)

# %%
# Lists and masks gather scattered numbers, and no stride describes those, so what they give is a copy. ``clone`` makes
# one whenever you want it. Names that end in an underscore write in place, where the tensor is:

kept = grid.clone()
picked = grid[[0]]
picked.zero_()
print("untouched by the copy:", torch.equal(grid, kept))
grid.clamp_(max=50)
print(grid[0])

# %%
# Broadcasting
# ------------
# In arithmetic, shapes are aligned at their *last* dimension. Missing dimensions count as 1, and a dimension of 1 is
# stretched (in thought, not in memory) to what the other operand has there:
#
# ==================  ==============  ==============
# a                   b               a + b
# ==================  ==============  ==============
# ``(3, 4)``          ``(4,)``        ``(3, 4)``
# ``(3, 1)``          ``(1, 4)``      ``(3, 4)``
# ``(5, 1, 4)``       ``(3, 1)``      ``(5, 3, 4)``
# ``(3, 4)``          ``(3,)``        an error: 4 is not 3
# ==================  ==============  ==============
#
# So a table minus the means of its columns needs no loop, and all distances between two sets of points need one line:

centred = table - table.mean(dim=0)
print(centred)

points, centres = torch.rand(5, 2), torch.rand(3, 2)
distances = (points[:, None, :] - centres[None, :, :]).square().sum(dim=-1).sqrt()
print("(5, 1, 2) - (1, 3, 2) -> squares, summed over the last:", distances.shape)

try:
    torch.ones(3, 4) + torch.ones(3)
except RuntimeError as error:
    print("RuntimeError:", error)

# %%
# There is one trap here that has cost many people an afternoon. A column minus a row is not an error but a table, and
# a "mean squared error" of shapes (n, 1) and (n,) averages n * n numbers of which only n mean something:

predicted, measured = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([1.0, 2.0, 3.0])
print("perfect, but:", (predicted - measured).square().mean().item())
print("as meant:    ", (predicted.squeeze(1) - measured).square().mean().item())

# %%
# To and from NumPy
# -----------------
# ``torch.from_numpy`` and ``.numpy()`` cross the border without copying: both sides read and write the same memory.
# ``torch.tensor`` copies. Mind the type: an array of 64-bit floats becomes a tensor of 64-bit floats.

array = np.arange(4.0)
shared, copied = torch.from_numpy(array), torch.tensor(array)
array[0] = -1
print("shared", shared)
print("copied", copied)
print("back, still the same memory:", np.shares_memory(shared.numpy(), array))
print("NumPy's functions take tensors:", np.sqrt(np.asarray(torch.tensor([4.0, 9.0]))))

# %%
# Devices
# -------
# A tensor lives on a device, ``"cpu"`` or ``"cuda"`` (an NVIDIA GPU), and operations run where their operands live.
# Scripts ask once and then say ``device`` wherever they make something:

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print("computing on", device)
on_device = torch.ones(2, 2, device=device)
print(on_device.device, on_device.cpu().device)

# %%
# How fast is a matrix product?
# -----------------------------
# The product of two n by n matrices takes n multiplications and n additions for each of n * n entries, 2 n³
# operations. Divided by the time, that is a speed. Small products are slow in this measure: calling anything takes a
# microsecond or so, whatever it does. On large ones every core adds and multiplies several numbers per tick, and
# several cores share the work. (Where other programs keep the cores busy, a product may wait for its slowest part, and
# the curve dips.)
#
# A GPU works on while Python has already gone ahead, so a clock in Python would measure how fast we *ask*. An
# ``Event`` is put into the GPU's own queue, and records the time when the work before it is done. On the CPU, the
# clock will do.


def seconds_on_cpu(work):
    """Return the shortest time that ``work`` took in a fifth of a second: other programs can only make it longer."""
    shortest, begin = float("inf"), time.perf_counter()
    while time.perf_counter() < begin + 0.2:
        start = time.perf_counter()
        work()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def seconds_on_gpu(work):
    """Return the mean time of ``work`` by events in the GPU's queue."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    work()  # the first call prepares and compiles
    start.record()
    for _ in range(20):
        work()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000 / 20  # it counts milliseconds


sizes = [8, 16, 32, 64, 128, 256, 512]
speeds = {"CPU": []}
if device.type == "cuda":
    speeds["GPU"] = []
for n in sizes:
    a, b = torch.randn(n, n), torch.randn(n, n)
    speeds["CPU"].append(2 * n**3 / seconds_on_cpu(lambda a=a, b=b: a @ b) / 1e9)
    if device.type == "cuda":
        a, b = a.to(device), b.to(device)
        speeds["GPU"].append(2 * n**3 / seconds_on_gpu(lambda a=a, b=b: a @ b) / 1e9)

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for (name, values), style in zip(speeds.items(), ("o-", "s--"), strict=False):
    ax.loglog(sizes, values, style, label=name, color="#1f4e79" if name == "CPU" else "#c2410c")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.set_xlabel("size n of the n × n matrices (float32)")
ax.set_ylabel("speed (10⁹ operations per second)")
ax.set_title("Speed of a matrix product on this machine")
ax.grid(color="0.88")
ax.legend(loc="lower right", frameon=False)
viz.show(figure, "01_matrix_product")

# %%
# What we claimed, checked
# ------------------------
# Broadcasting against plain loops, the product against NumPy's, views against copies.

by_loops = [[sum((p - c) ** 2 for p, c in zip(row, other, strict=True)) ** 0.5 for other in centres.tolist()]
            for row in points.tolist()]  # fmt: skip
assert torch.allclose(distances, torch.tensor(by_loops)), "broadcasting does not give what the loops give"
a, b = torch.randn(64, 64), torch.randn(64, 64)
assert np.allclose((a @ b).numpy(), a.numpy() @ b.numpy(), atol=1e-4), "the product differs from NumPy's"
assert grid.T.data_ptr() == grid.data_ptr(), "a transpose should be a view"
assert grid[[0]].data_ptr() != grid.data_ptr(), "a list of places should give a copy"
assert (whole * real).dtype == torch.float32, "int64 * float32 should be float32"
assert min(speeds["CPU"]) > 0, "a speed should be positive"
print("all as claimed")
