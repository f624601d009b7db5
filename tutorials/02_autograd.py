r"""
2. Autograd: derivatives that write themselves
==============================================

Learning means going downhill, and to go downhill one needs a slope: the derivative of one number, the loss, by each of
many others, the parameters. In this tutorial we take such derivatives on paper, watch a tensor take them by itself,
and check both against the plainest definition there is, a small step to either side. At the end you know what
``backward`` does, why it adds to ``.grad``, why it works once only, and how to switch it all off.
"""

import numpy as np
from matplotlib import pyplot as plt

import minigrad as torch
from minigrad import viz
from minigrad.autograd import compare_gradients

# %%
# A derivative on paper
# ---------------------
# Take a vector x of n numbers and
#
# .. math:: f(x) = \frac{1}{n} \sum_{i=1}^{n} \left( (x_i + 2)^2 + 3 \right) .
#
# Read it from the inside outwards, one step a line, as a computer would:
#
# .. math:: a_i = x_i + 2, \qquad b_i = a_i^2, \qquad c_i = b_i + 3, \qquad f = \frac{1}{n} \sum_i c_i .
#
# Now go back, from f inwards, and ask at each step how much f changes when that value does. The *chain rule* says: the
# answer for a value is the answer for what was made of it, times the derivative of that one step.
#
# .. math::
#     \frac{\partial f}{\partial c_i} = \frac{1}{n}, \qquad
#     \frac{\partial f}{\partial b_i} = \frac{\partial f}{\partial c_i} \cdot 1, \qquad
#     \frac{\partial f}{\partial a_i} = \frac{\partial f}{\partial b_i} \cdot 2 a_i, \qquad
#     \frac{\partial f}{\partial x_i} = \frac{\partial f}{\partial a_i} \cdot 1 = \frac{2 (x_i + 2)}{n} .

x = torch.tensor([0.0, 1.0, 2.0, -5.0], requires_grad=True)
a = x + 2
b = a**2
c = b + 3
f = c.mean()
print(f)

# %%
# ``requires_grad=True`` asks x to be remembered, and everything made of x remembers how: that is what ``grad_fn``
# says. Each such node knows the rule of its own little step, and the nodes it must hand the result to. We can walk
# through them; ``AccumulateGrad`` is where the walk ends, at x.


def print_graph(node, depth=0):
    """Print a node and, indented, those that it hands its results to."""
    if node is not None:
        print("   " * depth + node.name().rpartition("::")[2])
        for following, _ in node.next_functions:
            print_graph(following, depth + 1)


print_graph(f.grad_fn)

# %%
# ``backward`` makes this walk: it starts with df/df = 1, visits the nodes in the reverse order of their making, and
# leaves what arrives at x in ``x.grad``. Nothing is approximated, and no formula for f as a whole was ever written.

f.backward()
by_hand = 2 * (x.detach() + 2) / x.numel()
print("autograd ", x.grad)
print("on paper ", by_hand)

# %%
# A graph with a fork
# -------------------
# A value that is used twice gets an answer from each use, and they *add up*. For g = u * v with u = t² and v = 3 t,
#
# .. math:: \frac{dg}{dt} = v \cdot 2t + u \cdot 3 = 3t \cdot 2t + t^2 \cdot 3 = 9 t^2 ,
#
# the first term by way of u, the second by way of v.

t = torch.tensor(2.0, requires_grad=True)
u, v = t**2, 3 * t
g = u * v
print_graph(g.grad_fn)
g.backward()
print("autograd", t.grad.item(), " on paper", 9 * 2.0**2)

# %%
# ``.grad`` accumulates
# ---------------------
# Adding up does not stop between two calls of ``backward`` either. Sometimes that is just what one wants: a batch too
# large for the memory is taken in parts. In a training loop it is what one forgets, and the steps grow longer and
# longer. So every loop clears the gradients first, by ``x.grad = None`` or by an optimizer's ``zero_grad()``.

w = torch.tensor(3.0, requires_grad=True)
for call in (1, 2, 3):
    (w**2).backward()
    print(f"after call {call}: w.grad = {w.grad.item():.0f}")
accumulated = w.grad.item()
w.grad = None
(w**2).backward()
print(f"cleared first: w.grad = {w.grad.item():.0f}, and 2 w = {2 * w.item():.0f}")

# %%
# Once only
# ---------
# To know the slope of b = a² one needs a, so the graph keeps a. ``backward`` lets go of what was kept as it passes: of
# a large network it is the largest part of the memory. A second walk then finds nothing to compute with:

z = torch.tensor([1.0, 2.0], requires_grad=True)
total = (z**2).sum()
total.backward()
refused = None
try:
    total.backward()
except RuntimeError as error:
    refused = error
print("RuntimeError:", str(refused).split(".")[0])

# %%
# It can be asked to keep everything. (And again the two gradients add up.)

z.grad = None
total = (z**2).sum()
total.backward(retain_graph=True)
total.backward()
print(z.grad)

# %%
# Not recording
# -------------
# A graph costs time and memory, and some steps must not be part of it: evaluating a network, or changing a parameter.
# Within ``no_grad`` nothing is recorded; ``detach`` gives the same numbers, in the same memory, without their past.

p = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.no_grad():
    print("within no_grad:", (p * 2).requires_grad)
print("detached:      ", p.detach().requires_grad)
try:
    p -= 0.1
except RuntimeError as error:
    print("RuntimeError:", error)
with torch.no_grad():
    p -= 0.1
print("changed without recording it:", p)

# %%
# The logistic function
# ---------------------
# It squeezes any number into (0, 1), and stands at the end of every yes-or-no classifier:
#
# .. math:: \sigma(x) = \frac{1}{1 + e^{-x}} = (1 + e^{-x})^{-1} .
#
# By the chain rule, with the outer function one over something,
#
# .. math:: \sigma'(x) = -(1 + e^{-x})^{-2} \cdot (-e^{-x}) = \frac{e^{-x}}{(1 + e^{-x})^2}
#           = \frac{1}{1 + e^{-x}} \cdot \frac{e^{-x}}{1 + e^{-x}} = \sigma(x) \, (1 - \sigma(x)) ,
#
# since the last factor is (1 + e^{-x} - 1) / (1 + e^{-x}) = 1 - σ(x). A rare gift: who has the value has the slope.

x = torch.linspace(-6, 6, steps=121, dtype=torch.float64, requires_grad=True)
sigma = 1 / (1 + torch.exp(-x))
# The derivative of a sum by each x is the slope at that x alone, as each term has only its own x in it.
sigma.sum().backward()
value = sigma.detach()
slope_by_hand = value * (1 - value)
worst = (x.grad - slope_by_hand).abs().max().item()
print(f"largest difference: {worst:.1e}")

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot(x.detach(), value, color="#1f4e79", label="σ(x)")
ax.plot(x.detach(), slope_by_hand, color="#c2410c", linestyle="--", label="σ(x) (1 - σ(x)), on paper")
ax.plot(x.detach()[::10], x.grad[::10], "o", color="black", markerfacecolor="white", label="autograd")
ax.set_xlabel("x")
ax.set_ylabel("value and slope")
ax.set_title("The logistic function and its derivative")
ax.grid(color="0.88")
ax.legend(loc="upper left", frameon=False)
viz.show(figure, "02_logistic")

# %%
# How small a step?
# -----------------
# The plainest derivative is a difference: go a little to either side and divide,
#
# .. math:: f'(x) \approx \frac{f(x + h) - f(x - h)}{2 h} .
#
# Its error has two parts. The formula drops terms like h² f'''(x) / 6, so h should be small. But f itself is only
# known to some 16 digits, and subtracting two nearly equal numbers leaves an error of about 10⁻¹⁶ / h, so h should be
# large. The best is in between, near the cube root of 10⁻¹⁶, which leaves 10 or 11 digits. With 32-bit numbers only
# four or five digits would be left, so gradients are always tested in 64 bits.

at = 0.7
exact = float(np.exp(-at) / (1 + np.exp(-at)) ** 2)
steps = 10.0 ** np.arange(-12, 0.1, 0.5)
errors = {}
for dtype in (torch.float64, torch.float32):
    ahead = torch.sigmoid(torch.tensor(at + steps, dtype=dtype))
    behind = torch.sigmoid(torch.tensor(at - steps, dtype=dtype))
    difference = (ahead - behind).double() / (2 * torch.tensor(steps))
    errors[dtype] = (difference - exact).abs().numpy()

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for (dtype, error), style in zip(errors.items(), ("o-", "s--"), strict=True):
    label = str(dtype).partition(".")[2]
    ax.loglog(steps, error, style, markersize=4, label=label, color="#1f4e79" if label == "float64" else "#c2410c")
ax.set_xlabel("step h")
ax.set_ylabel("error of the numerical derivative")
ax.set_title("Too long a step, or too short a one")
ax.grid(color="0.88")
ax.legend(loc="upper right", frameon=False)
viz.show(figure, "02_step")

# %%
# Three ways, one table
# ---------------------
# Here they are side by side for every number that we took a derivative by: on paper, by the graph, by differences.
# ``compare_gradients`` calls the function again and again with one entry moved a little, so it takes a function.

x = torch.tensor([0.0, 1.0, 2.0, -5.0], dtype=torch.float64, requires_grad=True)
print("f(x) = mean((x + 2)^2 + 3)")
table = compare_gradients(lambda: ((x + 2) ** 2 + 3).mean(), {"x": x}, {"x": 2 * (x.detach() + 2) / 4})

s = torch.linspace(-4, 4, steps=9, dtype=torch.float64, requires_grad=True)
print("\nthe logistic function, summed")
value = torch.sigmoid(s).detach()
table_of_sigma = compare_gradients(lambda: torch.sigmoid(s).sum(), {"s": s}, {"s": value * (1 - value)})

# %%
# A slope of a slope
# ------------------
# With ``create_graph=True`` the walk back is itself recorded, so it can be differentiated again. On paper the second
# derivative of the logistic function is σ' (1 - 2 σ): zero in the middle, where the slope is greatest.

y = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64, requires_grad=True)
(slope,) = torch.autograd.grad(torch.sigmoid(y).sum(), y, create_graph=True)
(bend,) = torch.autograd.grad(slope.sum(), y)
value = torch.sigmoid(y).detach()
bend_by_hand = value * (1 - value) * (1 - 2 * value)
print("autograd", bend)
print("on paper", bend_by_hand)

# %%
# What we claimed, checked
# ------------------------
# Everything above in one cell; it says nothing when it is so.

assert torch.equal(torch.tensor([1.0, 1.5, 2.0, -1.5]), by_hand), "2 (x + 2) / n was worked out wrongly"
assert t.grad.item() == 36, "the two ways from t to g should add up to 9 t²"
assert accumulated == 18, "three calls of backward should add up to three times 2 w"
assert refused is not None, "a second backward should be refused"
assert torch.equal(z.grad, torch.tensor([4.0, 8.0])), "two backward calls over a kept graph should give twice 2 z"
assert worst < 1e-15, "σ' = σ (1 - σ) should hold to the last digits"
assert errors[torch.float64].min() < 1e-10 < errors[torch.float32].min(), "64 bits should give far better differences"
assert table.passed, "by hand, autograd and numerical gradient of f differ"
assert table_of_sigma.passed, "by hand, autograd and numerical gradient of the logistic function differ"
assert torch.allclose(bend, bend_by_hand, atol=1e-15), "σ'' should be σ' (1 - 2 σ)"
