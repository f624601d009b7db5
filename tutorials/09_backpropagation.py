r"""
9. Backpropagation by hand
==========================

Autograd does what one can do on paper. Here we do it on paper, for a whole network: two layers, a batch of samples,
every gradient as a product of matrices. Then we write it in NumPy, and compare it entry by entry with autograd and with
differences of the loss. After that there is no magic left in ``backward()``.
"""

import numpy as np

import minigrad as torch
from minigrad import nn, viz
from minigrad.autograd import compare_gradients
from minigrad.nn import functional as F

# %%
# The network
# -----------
# A batch of n samples stands in a matrix X, one sample a row. Two layers, tanh between them, softmax and cross-entropy
# at the end:
#
# .. math::
#     A = X W_1^\top + b_1, \qquad H = \tanh(A), \qquad Z = H W_2^\top + b_2, \qquad
#     P_{ik} = \frac{e^{Z_{ik}}}{\sum_l e^{Z_{il}}}, \qquad L = - \frac{1}{n} \sum_i \log P_{i y_i} .
#
# The shapes are half of the work. Here: 4 features, 7 hidden nodes, 3 classes, 20 samples.

n, features, hidden, classes = 20, 4, 7, 3
torch.manual_seed(0)
x = torch.randn(n, features, dtype=torch.float64)
labels = torch.randint(0, classes, (n,))
model = nn.Sequential(nn.Linear(features, hidden), nn.Tanh(), nn.Linear(hidden, classes)).double()
for name, parameter in model.named_parameters():
    print(f"{name:9} {tuple(parameter.shape)}")

# %%
# Three rules of the way back
# ---------------------------
# Write :math:`\bar Q` for the gradient of the loss by Q: a matrix of Q's shape. Three rules are enough.
#
# **A product.** If :math:`Z = H W^\top`, a change dW of the weights changes the loss by
# :math:`\sum \bar Z \circ (H\, dW^\top)`, which is :math:`\sum (\bar Z^\top H) \circ dW`. Read off:
#
# .. math:: \bar W = \bar Z^\top H, \qquad \bar H = \bar Z W .
#
# There is no other choice with fitting shapes, which is a good way to remember it.
#
# **A broadcast.** b is added to each of the n rows, so it takes part n times, and its gradient is the sum of theirs:
# :math:`\bar b = \sum_i \bar Z_i`.
#
# **A function of each entry.** :math:`\bar A = \bar H \circ \tanh'(A)`, and with what we kept from the way forward,
# :math:`\tanh'(A) = 1 - H^2`.
#
# **Softmax with cross-entropy.** For one sample, :math:`\ell = - Z_y + \log \sum_l e^{Z_l}`. By :math:`Z_k` that is
# :math:`P_k - [k = y]`. So :math:`\bar Z = (P - Y) / n`, where Y has a one in each row, at the label.


def backward_by_hand(x, labels, w1, b1, w2, b2):
    """Return the four gradients, in NumPy; lines mirror the formulas."""
    a = x @ w1.T + b1
    h = np.tanh(a)
    z = h @ w2.T + b2
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)

    one_hot = np.eye(p.shape[1])[labels]
    z_bar = (p - one_hot) / len(x)
    w2_bar = z_bar.T @ h
    b2_bar = z_bar.sum(0)
    h_bar = z_bar @ w2
    a_bar = h_bar * (1 - h**2)
    w1_bar = a_bar.T @ x
    b1_bar = a_bar.sum(0)
    return {"0.weight": w1_bar, "0.bias": b1_bar, "2.weight": w2_bar, "2.bias": b2_bar}


weights = [parameter.detach().numpy() for parameter in model.parameters()]
by_hand = backward_by_hand(x.numpy(), labels.numpy(), *weights)
for name, gradient in by_hand.items():
    print(f"{name:9} gradient of shape {gradient.shape}, largest entry {abs(gradient).max():.4f}")

# %%
# Every layer on the way back
# ---------------------------
# The gradients of what lies between, A, H and Z, are not kept by autograd unless we ask for them: ``retain_grad``. With
# them we can see each rule at work alone, and find the line with the mistake if there is one.

a = model[0](x)
h = model[1](a)
z = model[2](h)
for each in (a, h, z):
    each.retain_grad()
F.cross_entropy(z, labels).backward()

p = torch.softmax(z, 1).detach()
one_hot = F.one_hot(labels, classes).double()
steps = {
    "Z: (P - Y) / n": (p - one_hot) / n - z.grad,
    "H: Z' W2": z.grad @ model[2].weight.detach() - h.grad,
    "A: H' (1 - H²)": h.grad * (1 - h.detach() ** 2) - a.grad,
    "W2: Z'ᵀ H": z.grad.T @ h.detach() - model[2].weight.grad,
    "b2: sum of Z'": z.grad.sum(0) - model[2].bias.grad,
    "W1: A'ᵀ X": a.grad.T @ x - model[0].weight.grad,
    "b1: sum of A'": a.grad.sum(0) - model[0].bias.grad,
}
for rule, difference in steps.items():
    print(f"{rule:16} largest difference from autograd {difference.abs().max().item():.1e}")

# %%
# A look at one of these gradients. Row k belongs to class k: how much each sample pulls its logit up (black: a negative
# gradient, so descent raises it) or down. In every column one square is black, that of the right class, and the three
# add up to zero.

ax = viz.plot_weights(
    z.grad.T, xlabel="sample", ylabel="class", title="Gradient of the loss by the logits, (P - Y) / n"
)
viz.show(ax.figure, "09_logit_gradient")

# %%
# Three ways, one table
# ---------------------
# ``compare_gradients`` moves every entry of every parameter a little ahead and back and watches the loss. The numerical
# gradient knows nothing of chain rules, so it is the judge; that it agrees to fewer digits is its own rounding.

model.zero_grad()
table = compare_gradients(lambda: F.cross_entropy(model(x), labels), model.named_parameters(), by_hand)
viz.show(viz.plot_gradient_check(table, title="Three gradients of a two-layer network").figure, "09_differences")

# %%
# A mistake, found
# ----------------
# What would a slip look like? Forget the square in :math:`1 - H^2`. The second layer, reached before the slip, is
# still right; the first is not. So the table says on which side of the network to look.


def with_a_slip():
    """Return gradients as above, but for a square that was forgotten."""
    w1, b1, w2, _ = weights
    slipped = dict(by_hand)
    a_bar = z.grad.numpy() @ w2 * (1 - np.tanh(x.numpy() @ w1.T + b1))
    slipped["0.weight"], slipped["0.bias"] = a_bar.T @ x.numpy(), a_bar.sum(0)
    return slipped


wrong = compare_gradients(lambda: F.cross_entropy(model(x), labels), model.named_parameters(), with_a_slip())

# %%
# Training by hand
# ----------------
# With gradients by hand one can train. Twenty steps in NumPy and twenty with autograd and SGD end at the same weights.

theirs = [each.copy() for each in weights]
for _ in range(20):
    gradients = backward_by_hand(x.numpy(), labels.numpy(), *theirs)
    theirs = [w - 0.5 * g for w, g in zip(theirs, gradients.values(), strict=True)]
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for _ in range(20):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), labels)
    loss.backward()
    optimizer.step()
apart = max(abs(w - p.detach().numpy()).max() for w, p in zip(theirs, model.parameters(), strict=True))
print(f"loss after 20 steps {loss.item():.4f} nats; weights differ by {apart:.1e} at most")

# %%
# Check
# -----

assert all(difference.abs().max() < 1e-14 for difference in steps.values()), "each rule should hold to rounding"
assert table.passed, "the three gradients should agree"
assert not wrong.passed, "a wrong gradient should be noticed"
assert wrong["2.weight"].passed, "the layer behind the slip should not be blamed"
assert not wrong["0.weight"].passed, "the layer before the slip should be"
assert apart < 1e-12, "both ways of training should end at the same weights"
print("all as claimed")
