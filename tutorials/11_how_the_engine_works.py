r"""
11. How the engine works, drawn
===============================

Every operation on tensors that require grad leaves a *node* behind: what was computed, from which nodes, and the arrays
that its gradient needs. ``backward()`` walks these nodes once, from the last to the first. Here we draw them, walk them
ourselves, and look at what is kept and when it is let go.
"""

import gc
import weakref

import minigrad as torch
from minigrad import nn, viz
from minigrad.nn import functional as F

# %%
# A graph of three operations
# ---------------------------
# :math:`y = \sum \tanh(w x) + w`. Leaves, the tensors that we made, are boxes with square corners. The arrows point the
# way the computation went; gradients flow against them. w is used twice, so two arrows leave it, and its gradient
# is the sum of what comes back along both.

x = torch.tensor([1.0, 2.0, 3.0])
w = torch.tensor([0.5, -0.2, 0.1], requires_grad=True)
y = (torch.tanh(w * x) + w).sum()
ax = viz.draw_graph(y, {"w": w}, title="y = sum(tanh(w x) + w)")
viz.show(ax.figure, "11_small_graph")

# %%
# x is not in the picture: it does not require grad, and nothing needs to know where it came from. The nodes can be
# reached from y, one after another:

node = y.grad_fn
while node is not None:
    print(f"{node.name():32} <- {[before.name() if before else None for before, _ in node.next_functions]}")
    node = next((before for before, _ in node.next_functions if before), None)

# %%
# Walking it ourselves
# --------------------
# Each node is a function from the gradient of its output to those of its inputs. ``autograd.grad`` from a node's output
# to its input runs just that node, so the whole backward pass can be done step by step: begin with 1, visit the nodes
# in the reverse of the order in which they were made, and add up what reaches w along both of its arrows. What goes
# straight from the sum to w passes an addition, which changes nothing.

product = w * x
squashed = torch.tanh(product)
added = squashed + w
y = added.sum()

(at_added,) = torch.autograd.grad(y, added, torch.tensor(1.0))
(at_squashed,) = torch.autograd.grad(added, squashed, at_added)
(at_product,) = torch.autograd.grad(squashed, product, at_squashed)
(along_the_product,) = torch.autograd.grad(product, w, at_product)
walked = along_the_product + at_added
print("at the tanh's input:", at_product)
print("by walking:", walked)

y = (torch.tanh(w * x) + w).sum()
y.backward()
by_backward = w.grad.clone()
print("by backward():", by_backward)

# %%
# A small network
# ---------------
# Nothing new, only more of it: each layer is a node with two leaves of its own. The chain down the middle is what the
# gradient runs through, and what multiplies on the way.

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2))
inputs, labels = torch.randn(5, 3), torch.tensor([0, 1, 0, 1, 1])
loss = F.cross_entropy(model(inputs), labels)
ax = viz.draw_graph(loss, model.named_parameters(), title="Cross-entropy of a network with three layers")
viz.show(ax.figure, "11_network")
print(viz.graph_source(loss, model.named_parameters())[:160], "...")

# %%
# The order
# ---------
# Hooks show the order in which gradients come by: from the last layer to the first.

visited = []
model.zero_grad()
outputs = inputs
for k, layer in enumerate(model):
    outputs = layer(outputs)
    outputs.register_hook(lambda gradient, k=k: visited.append(k))
F.cross_entropy(outputs, labels).backward()
print("layers, in the order in which their gradients came:", visited)

# %%
# What is kept, and for how long
# ------------------------------
# tanh needs its output for its gradient, a product needs its factors. They are kept by the node, until the backward
# pass has used them. That is why a second ``backward()`` fails, and why ``retain_graph=True`` exists:

y = (w * w).sum()
y.backward()
try:
    y.backward()
    second = "worked"
except RuntimeError as error:
    second = "failed"
    print(str(error).splitlines()[0])

# %%
# And a graph that is dropped without a backward pass is freed at once, without waiting for the garbage collector:
# nodes refer to the nodes before them and never back.

gc.disable()
kept = torch.tanh(w * x)
node = weakref.ref(kept.grad_fn)
kept_before = node() is not None
del kept
freed = node() is None
gc.enable()
print("the node was there:", kept_before, "and is gone with the tensor:", freed)

# %%
# An array that a node keeps must not change before it was used. Each tensor counts its in-place changes, the node
# remembers the count, and compares:

h = torch.exp(w)
h.add_(1)
try:
    h.sum().backward()
    changed = "went unnoticed"
except RuntimeError as error:
    changed = "was noticed"
    print(str(error).splitlines()[0])

# %%
# Deep graphs
# -----------
# The walk is a loop, not a function that calls itself, so that depth costs nothing but time: 100,000 operations on
# top of each other.

deep = torch.ones((), requires_grad=True)
value = deep
for _ in range(100_000):
    value = value * 1.00001
value.backward()
print(f"value {value.item():.4f}, derivative {deep.grad.item():.4f}, e = 2.7183")

# %%
# Check
# -----

assert torch.allclose(walked, by_backward), "walking should give what backward() gives"
assert visited == [4, 3, 2, 1, 0], "gradients should come from the last layer to the first"
assert second == "failed", "a second backward pass should be refused"
assert kept_before, "a node should live as long as its tensor"
assert freed, "and no longer"
assert changed == "was noticed", "a kept array that changed should be noticed"
assert abs(deep.grad.item() - value.item()) < 1e-3, "the derivative of c x by x is c, at x = 1 the value itself"
print("all as claimed")
