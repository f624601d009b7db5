r"""
7. Hidden nodes as features
===========================

A line through points needs two numbers. What of a curve? The old way is to choose features by hand (a square, a
cosine) and fit their weights. A network chooses its features too: each hidden node is a function of the input whose
shape is learned. This tutorial takes a fitted network apart and draws what each of its nodes adds; tries more nodes and
more layers; and looks at the functions that nodes are made of, with their derivatives.
"""

import math

from matplotlib import pyplot as plt

import minigrad as torch
from minigrad import nn, viz
from minigrad.nn import functional as F

# %%
# A curve with noise
# ------------------
# A damped oscillation, measured 120 times over 6 seconds with an error of 0.05 m. Nobody who fits it can come below a
# mean squared error of about 0.05² = 0.0025 m² on fresh samples.

torch.manual_seed(0)
noise = 0.05


def measure(samples):
    """Return times in s and displacements in m, each of shape (samples, 1)."""
    t = 6 * torch.rand(samples, 1)
    return t, torch.exp(-0.3 * t) * torch.cos(2 * t) + noise * torch.randn(samples, 1)


t, y = measure(120)
t_test, y_test = measure(1000)
print(tuple(t.shape), "mean", y.mean().item(), "variance", y.var().item())

# %%
# A network with one hidden layer of n nodes is
#
# .. math:: f(t) = b + \sum_{j=1}^{n} v_j \tanh(w_j t + b_j) .
#
# It is linear regression on the features :math:`\tanh(w_j t + b_j)`, only that :math:`w_j` and :math:`b_j` are fitted
# too: they say how steep step j is, and where on the time axis it stands.


def make_network(*widths):
    """Return a network from one input through hidden layers of these widths to one output."""
    layers, size = [], 1
    for width in widths:
        layers += [nn.Linear(size, width), nn.Tanh()]
        size = width
    return nn.Sequential(*layers, nn.Linear(size, 1))


def fit(model, steps, lr=0.02):
    """Train on all samples at once with Adam, the rate falling to zero; return the loss at every step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(t), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


def test_error(model):
    """Return the mean squared error on samples that the fit never saw."""
    with torch.no_grad():
        return F.mse_loss(model(t_test), y_test).item()


torch.manual_seed(3)
straight = nn.Linear(1, 1)
fit(straight, 500)
model = make_network(6)
losses = fit(model, 3000)
print(viz.summary(model, (120, 1)))
print(
    f"mean squared error on fresh samples: a line {test_error(straight):.4f} m², six nodes {test_error(model):.4f} m²"
)

# %%
# What each node adds
# -------------------
# At the right end of every thin line stands the number of its node. Some are steps in the middle of the axis, some are
# nearly straight pieces of a much wider step. None of them looks like an oscillation; their sum does. Where two nodes
# pull in opposite directions, large shares can add up to a small output.

ax = viz.plot_nodes(
    model[:-1], model[-1], t, y=y, xlabel="time (s)", ylabel="displacement (m)", title="Six hidden nodes and their sum"
)
viz.show(ax.figure, "07_nodes")

# %%
# The numbers behind it as a picture: the steepness of each node, its offset, and its weight in the output. White is
# positive, black negative, the area is the size. The nodes are numbered as above.

numbers = torch.stack([model[0].weight[:, 0], model[0].bias, model[-1].weight[0]])
ax = viz.plot_weights(numbers, xlabel="hidden node", ylabel="", title="The numbers behind the nodes")
ax.set_xticks(range(6), range(1, 7))
ax.set_yticks(range(3), ["steepness", "offset", "weight in\nthe output"])
viz.show(ax.figure, "07_weights")

# %%
# The output is linear in the shares, so the sum is exact, up to rounding:

with torch.no_grad():
    features = model[:-1](t)
    by_shares = (features * model[-1].weight).sum(1, keepdim=True) + model[-1].bias
    share_error = (by_shares - model(t)).abs().max().item()
print(f"largest difference of the output and the sum of shares: {share_error:.1e} m")

# %%
# How many nodes, how many layers?
# --------------------------------
# One node is one step, and no single step does much better than a constant. Two make the first dip, three the rise
# after it. From some number on nothing is gained on fresh samples: what remains is noise. A second layer takes the
# first one's nodes for its inputs, and makes features of features.

sizes = {"1": (1,), "2": (2,), "3": (3,), "6": (6,), "12": (12,), "8 + 8": (8, 8)}
errors, networks = {}, {}
for name, widths in sizes.items():
    torch.manual_seed(3)
    networks[name] = make_network(*widths)
    fit(networks[name], 2000)
    errors[name] = test_error(networks[name])
    parameters = sum(each.numel() for each in networks[name].parameters())
    print(f"hidden nodes {name:6} parameters {parameters:4}  error on fresh samples {errors[name]:.4f} m²")

grid = torch.linspace(0, 6, 200)[:, None]
figure, axes = plt.subplots(2, 3, figsize=(10.5, 5.6), layout="constrained", sharex=True, sharey=True)
for ax, (name, network) in zip(axes.flat, networks.items(), strict=True):
    with torch.no_grad():
        curve = network(grid)
    ax.scatter(t, y, s=10, color="0.65", edgecolors="none")
    ax.plot(grid, curve, color="black", linewidth=2)
    ax.set_title(f"hidden nodes: {name}\nerror {errors[name]:.4f} m²")
for ax in axes[1]:
    ax.set_xlabel("time (s)")
for ax in axes[:, 0]:
    ax.set_ylabel("displacement (m)")
viz.show(figure, "07_sizes")

# %%
# The functions that nodes are made of
# ------------------------------------
# What a node computes after its weighted sum is its *activation function*. It must not be linear: layers of linear
# functions are one linear function. Its derivative multiplies the gradient on the way back. That of the logistic
# function is at most 1/4, so ten layers of it shrink a gradient by :math:`4^{10}`, a million, at least; tanh does
# better near 0; ReLU and its smooth relatives let gradients through unchanged on one side.

functions = {
    "logistic (sigmoid)": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "leaky ReLU, slope 0.1": lambda x: F.leaky_relu(x, 0.1),
    "ELU": F.elu,
    "softplus": F.softplus,
    "GELU": F.gelu,
    "SiLU": F.silu,
}
viz.show(viz.plot_activations(functions), "07_activations")

# %%
# Their derivatives on paper, against autograd:

x = torch.linspace(-4, 4, 81, dtype=torch.float64, requires_grad=True)
s = torch.sigmoid(x).detach()
normal = torch.exp(-(x.detach() ** 2) / 2) / math.sqrt(2 * math.pi)
on_paper = {
    "logistic (sigmoid)": s * (1 - s),
    "tanh": 1 - torch.tanh(x.detach()) ** 2,
    "softplus": s,
    "GELU": 0.5 * (1 + torch.erf(x.detach() / math.sqrt(2))) + x.detach() * normal,
    "SiLU": s * (1 + x.detach() * (1 - s)),
}
derivative_error = 0.0
for name, expected in on_paper.items():
    (slope,) = torch.autograd.grad(functions[name](x).sum(), x)
    error = (slope - expected).abs().max().item()
    derivative_error = max(derivative_error, error)
    print(f"{name:20} largest slope {slope.max().item():.4f}, largest difference from paper {error:.1e}")

# %%
# Check
# -----

assert losses[-1] < 0.004, "six nodes should fit the samples down to their noise"
assert test_error(model) < 0.01 * test_error(straight) + 2 * noise**2, "the network should be far better than a line"
assert share_error < 1e-5, "the output should be the sum of the nodes' shares"
assert errors["1"] > 10 * errors["6"], "one node should not be enough"
assert derivative_error < 1e-12, "autograd should give the derivatives on paper"
print("all as claimed")
