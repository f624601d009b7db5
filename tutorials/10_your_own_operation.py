r"""
10. An operation of your own
============================

What if the operation you need does not exist? Four ways, from the shortest to the fastest: compose it of others, and
autograd does the rest; write its gradient yourself, in a ``Function``; put compiled loops behind it, by Numba; and put
kernels for a GPU behind it, by Numba too. Each is tested the same way, by ``gradcheck``.

The example is the *soft threshold*, or shrinkage, of signal processing: pull every number towards zero by t, and set to
zero what is nearer than that,

.. math:: s_t(x) = \operatorname{sign}(x) \max(|x| - t, 0) .
"""

import math
import timeit

import numba
import numpy as np
from matplotlib import pyplot as plt
from numba import cuda
from numba.cuda import simulator

import minigrad as torch
from minigrad import viz
from minigrad.autograd import Function, gradcheck, gradgradcheck

# %%
# One: compose it
# ---------------
# Nothing to derive, nothing to get wrong.


def shrink_composed(x, t):
    """Return the soft threshold, made of operations that exist."""
    return torch.sign(x) * torch.clamp(x.abs() - t, min=0)


torch.manual_seed(0)
x = (3 * torch.randn(6, dtype=torch.float64)).requires_grad_()
print(x.detach(), shrink_composed(x, 1.0).detach(), sep="\n")

# %%
# Two: write its gradient
# -----------------------
# On paper: where :math:`|x| > t`, the output is x - t or x + t, so the slope by x is 1 and the slope by t is -sign(x).
# Elsewhere both are 0. A ``Function`` has a ``forward``, which keeps what the gradient will need, and a ``backward``,
# which gets the gradient of the output and returns one for each input. t belongs to all entries, so its gradient is
# a sum.


class Shrink(Function):
    """The soft threshold, with its gradient."""

    @staticmethod
    def forward(ctx, x, t):
        """Return the output and keep it: where it is 0, so is the slope."""
        out = torch.sign(x) * torch.clamp(x.abs() - t, min=0)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        """Return the gradients by x and by t."""
        (out,) = ctx.saved_tensors
        return grad * (out != 0), -(grad * torch.sign(out)).sum()


t = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
print("autograd agrees with differences:", gradcheck(Shrink.apply, (x, t)))
print("so does the gradient's gradient:", gradgradcheck(Shrink.apply, (x, t)))

# %%
# A test that cannot fail is no test. Here is the same with the sign forgotten:


class Wrong(Shrink):
    """The soft threshold, with a mistake in its gradient."""

    @staticmethod
    def backward(ctx, grad):
        """Return the gradient by t without the sign."""
        (out,) = ctx.saved_tensors
        return grad * (out != 0), -(grad * (out != 0)).sum()


try:
    gradcheck(Wrong.apply, (x, t))
    mistake = "went unnoticed"
except RuntimeError as error:
    mistake = "was found"
    print(str(error))

# %%
# Three: a kernel
# ---------------
# The composition passes five times over memory: abs, minus, clamp, sign, times. A compiled loop passes once. Numba
# compiles a Python function when it is first called with arrays of a type; ``cache=True`` would keep the result on disk
# for the next process. Numbers of the array's own type avoid that float32 is computed in float64.
#
# Two habits make such loops several times faster. Choose between values, not between ways: a processor computes eight
# or sixteen entries at once where all go the same way, and stumbles over branches that it cannot foresee. So the loop
# takes the formula :math:`s_t(x) = x - \min(\max(x, -t), t)`. And allow a sum to be made in another order
# (``fastmath={"reassoc"}``), or it has to be made one entry after the other.


@numba.njit
def shrink_loop(x, t, out):
    """out[i] = soft threshold of x[i]. x, out: (n,) contiguous, of one floating type."""
    for i in range(x.size):
        above = x[i] if x[i] > -t else -t
        out[i] = x[i] - (above if above < t else t)


@numba.njit(fastmath={"reassoc"})
def shrink_backward_loop(grad, out, grad_x):
    """grad_x[i] = grad[i] where out[i] is not zero; return the gradient by the threshold, summed in float64."""
    zero = grad.dtype.type(0)
    total = 0.0
    for i in range(out.size):
        grad_x[i] = grad[i] if out[i] != zero else zero
        total += -grad_x[i] if out[i] > zero else grad_x[i]
    return total


class FastShrink(Function):
    """The soft threshold by compiled loops."""

    @staticmethod
    def forward(ctx, x, t):
        """Run the loop over the tensor's memory."""
        values = x.detach().contiguous().numpy()
        out = np.empty_like(values)
        shrink_loop(values.reshape(-1), values.dtype.type(t.item()), out.reshape(-1))
        result = torch.from_numpy(out)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, grad):
        """Run the other loop."""
        (out,) = ctx.saved_tensors
        slopes = grad.detach().contiguous().numpy()
        grad_x = np.empty_like(slopes)
        by_t = shrink_backward_loop(slopes.reshape(-1), out.detach().numpy().reshape(-1), grad_x.reshape(-1))
        return torch.from_numpy(grad_x), torch.tensor(by_t, dtype=out.dtype)


print("autograd agrees with differences:", gradcheck(FastShrink.apply, (x, t)))

# %%
# Four: a kernel for a GPU
# ------------------------
# A GPU runs one function in thousands of threads at once. Each thread asks for its number, ``cuda.grid(1)``, and takes
# the elements that it is due: its own, and then every so many further ones, as many as there are threads. So any number
# of threads is right for any number of elements. Without a GPU the same function runs on Numba's simulator, where each
# thread is one of the operating system: slow, and good enough to see that it is right.

jit = cuda.jit if cuda.is_available() else simulator.jit


@jit
def shrink_kernel(x, t, out):
    """out[i] = soft threshold of x[i], each element by one thread."""
    zero = x.dtype.type(0)
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        magnitude = abs(x[i]) - t
        out[i] = math.copysign(magnitude, x[i]) if magnitude > zero else zero


@jit
def shrink_backward_kernel(grad, out, grad_x):
    """grad_x[i] = grad[i] where out[i] is not zero, each element by one thread."""
    zero = grad.dtype.type(0)
    for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
        grad_x[i] = grad[i] if out[i] != zero else zero


def launch(kernel, *arguments):
    """Run a kernel on flat tensors: a GPU's as they are; the CPU's as copies, which the simulator takes for a GPU's."""
    flat = [each.detach().reshape(-1) if isinstance(each, torch.Tensor) else each for each in arguments]
    if cuda.is_available():
        kernel[64, 128](*flat)
        return
    taken = [simulator.to_device(each.numpy()) if isinstance(each, torch.Tensor) else each for each in flat]
    kernel[2, 4](*taken)
    for tensor, copy in zip(flat, taken, strict=True):
        if isinstance(tensor, torch.Tensor):
            tensor.copy_(torch.from_numpy(copy.copy_to_host()))


class GpuShrink(Function):
    """The soft threshold by kernels for a GPU."""

    @staticmethod
    def forward(ctx, x, t):
        """Launch the kernel; a number is passed by value, in the tensor's own type."""
        x, out = x.contiguous(), torch.empty_like(x)
        launch(shrink_kernel, x, x.dtype.numpy.type(t.item()), out)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad):
        """Launch the other kernel; the sum over all elements is an operation that exists."""
        (out,) = ctx.saved_tensors
        grad, grad_x = grad.contiguous(), torch.empty_like(out)
        launch(shrink_backward_kernel, grad, out, grad_x)
        return grad_x, -(grad * torch.sign(out)).sum()


device = "cuda" if cuda.is_available() and torch.cuda.is_available() else "cpu"
on_device = [each.detach().to(device).requires_grad_() for each in (x, t)]
print(f"on {device}, autograd agrees with differences:", gradcheck(GpuShrink.apply, on_device))

# %%
# All four, against each other, in two dimensions and in both types:

largest_difference = 0.0
for dtype in (torch.float32, torch.float64):
    a = (2 * torch.randn(5, 40, dtype=dtype)).requires_grad_()
    b = torch.tensor(0.5, dtype=dtype, requires_grad=True)
    weight = torch.randn(5, 40, dtype=dtype)
    found = []
    for function in (shrink_composed, Shrink.apply, FastShrink.apply, GpuShrink.apply):
        out = function(a.to(device), b.to(device)).cpu() if function is GpuShrink.apply else function(a, b)
        found.append([out.detach(), *torch.autograd.grad((out * weight).sum(), (a, b))])
    for other in found[1:]:
        for ours, theirs in zip(found[0], other, strict=True):
            scale = max(1.0, ours.abs().max().item())
            difference = (ours - theirs).abs().max().item() / scale / torch.finfo(dtype).eps
            largest_difference = max(largest_difference, difference)
print(f"largest relative difference: {largest_difference:.1f} times the resolution of the type")

# %%
# How fast?
# ---------
# Forward and backward together, for growing arrays. For small ones, what a call costs in Python decides; for large
# ones, how often memory is passed. (The simulator is no measure of a GPU. Where there is one,
# ``python -m minigrad bench --device cuda`` measures it.)

sizes = [10**k for k in range(2, 7)]
ways = {"composed": shrink_composed, "own gradient": Shrink.apply, "own kernel": FastShrink.apply}
times = {name: [] for name in ways}
threshold = torch.tensor(0.5, requires_grad=True)
for size in sizes:
    a = torch.randn(size, requires_grad=True)
    for name, function in ways.items():

        def step(function=function, a=a):
            """Run one way forward and backward."""
            function(a, threshold).sum().backward()

        step()
        repeats = max(3, 20_000 // size)
        times[name].append(min(timeit.repeat(step, number=repeats, repeat=5)) / repeats)
for name, measured in times.items():
    print(f"{name:13}", "  ".join(f"{1e6 * each:9.1f} µs" for each in measured))

figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for (name, measured), style in zip(times.items(), ("o-", "s--", "^-."), strict=True):
    ax.loglog(sizes, [1e6 * each for each in measured], style, color="black", markerfacecolor="white", label=name)
ax.set(xlabel="entries of the array", ylabel="forward and backward (µs)", title="Soft threshold, three ways on the CPU")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
viz.show(figure, "10_speed")

# %%
# Inside minigrad an operation is a block in a table, with its gradient, its samples and a reference beside it, and the
# tests above are run for each. ``CONTRIBUTING.md`` shows how to add one.

# %%
# Check
# -----

assert mistake == "was found", "gradcheck should find a wrong gradient"
assert gradcheck(shrink_composed, (x, t)), "the composition should pass too"
assert largest_difference < 100, "the four ways should agree to rounding"
print("all as claimed")
