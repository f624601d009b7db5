r"""
5. From logistic regression to a network
========================================

Classification asks *which*, not *how much*. We begin with the linear classifier, logistic regression, and derive its
gradient on paper; it turns out to be the one of linear regression. Then we show it two moons, which no line can part,
put a hidden layer in front, and see what that does to the border. Last, a network that is too large for its data draws
a border that is too good to be true, and *weight decay* straightens it.
"""

from matplotlib import pyplot as plt
from sklearn.datasets import make_moons

import minigrad as torch
from minigrad import nn, viz
from minigrad.autograd import compare_gradients

# %%
# Two moons
# ---------
# Two half circles, each the other's neighbour, with noise. 200 points to learn from, 1,000 to be tested with.


def moons(samples, seed):
    """Return points of shape (samples, 2) and labels 0.0 or 1.0 of shape (samples, 1)."""
    points, labels = make_moons(samples, noise=0.25, random_state=seed)
    return torch.tensor(points, dtype=torch.float32), torch.tensor(labels, dtype=torch.float32)[:, None]


x, y = moons(200, seed=0)
x_test, y_test = moons(1000, seed=1)
print(tuple(x.shape), tuple(y.shape), "share of class 1:", y.mean().item())

# %%
# From a number to a probability
# ------------------------------
# A linear model gives any number z = w · x + b. We call it a *logit*, and read it through the logistic function of
# tutorial 2: p = σ(z) is the probability of class 1. What should the loss be? The probability that the model gives to
# what really happened is p where y = 1 and 1 - p where y = 0. We want it large for all samples together, that is, the
# product of all of them; its negative logarithm is a sum, and that we want small. One term of it is the *binary
# cross-entropy*:
#
# .. math:: \ell = - y \log p - (1 - y) \log (1 - p) .
#
# Its unit is the nat. A model that knows nothing, p = 1/2, pays log 2 = 0.693 for each sample.
#
# Now back, step by step. By p, and then, with σ' = p (1 - p), by z:
#
# .. math::
#     \frac{\partial \ell}{\partial p} = - \frac{y}{p} + \frac{1 - y}{1 - p} = \frac{p - y}{p (1 - p)}, \qquad
#     \frac{\partial \ell}{\partial z} = \frac{p - y}{p (1 - p)} \cdot p (1 - p) = p - y .
#
# Everything cancels. The slope is the error, prediction minus truth, just as for the squared error of a linear model.
# And from z to the weights it is tutorial 3 again: for the mean over n samples,
#
# .. math::
#     \frac{\partial L}{\partial w} = \frac{1}{n} (p - y)^\top X, \qquad
#     \frac{\partial L}{\partial b} = \frac{1}{n} \sum_i (p_i - y_i) .
#
# ``BCEWithLogitsLoss`` takes z, not p, for a reason: for z = 50, p is 1 to all digits, and log(1 - p) would be minus
# infinity where -50 is meant.

torch.manual_seed(0)
linear = nn.Linear(2, 1).double()
criterion = nn.BCEWithLogitsLoss()
x64, y64 = x.double(), y.double()

error = (torch.sigmoid(linear(x64)) - y64).detach()
by_hand = {"weight": error.T @ x64 / len(x64), "bias": error.mean(dim=0)}
table_linear = compare_gradients(lambda: criterion(linear(x64), y64), linear.named_parameters(), by_hand)

# %%
# Training it
# -----------
# The loop of tutorial 3, with another loss. The border is where p = 1/2, that is z = 0, that is w · x + b = 0: a line.


def fit(model, *, steps=500, lr=0.1, weight_decay=0.0):
    """Train on all samples at once by Adam and return the losses."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def accuracy(model, x, y):
    """Return the share of samples on whose side of the border they belong."""
    with torch.no_grad():
        return ((model(x) > 0) == (y > 0.5)).float().mean().item()


linear = nn.Linear(2, 1)
losses_linear = fit(linear)
print(f"a line: loss {losses_linear[-1]:.3f} nats, {accuracy(linear, x_test, y_test):.1%} of the test set right")

# %%
# A hidden layer
# --------------
# Let 16 such linear models look at the point first, squeeze each one's answer through tanh, and give these 16 numbers
# to the logistic regression instead of the two coordinates. It still draws a line, but in their space; seen in ours it
# is bent. The gradient on paper is one step longer: with :math:`h = \tanh(a)` and :math:`a = W_1 x + b_1`, the error
# that arrived at z goes on to h by the second layer's weights, and through tanh by its slope, which is :math:`1 -
# h^2`:
#
# .. math::
#     \frac{\partial \ell}{\partial h} = (p - y) \, w_2, \qquad
#     \frac{\partial \ell}{\partial a} = \frac{\partial \ell}{\partial h} \odot (1 - h^2), \qquad
#     \frac{\partial \ell}{\partial W_1} = \frac{\partial \ell}{\partial a} \, x^\top .


def network(hidden):
    """Return a network with one hidden layer of that many nodes."""
    return nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 1))


torch.manual_seed(0)
small = network(16).double()
hidden = torch.tanh(small[0](x64)).detach()
error = ((torch.sigmoid(small(x64)) - y64) / len(x64)).detach()
at_sums = (error @ small[2].weight.detach()) * (1 - hidden**2)
by_hand = {
    "0.weight": at_sums.T @ x64,
    "0.bias": at_sums.sum(dim=0),
    "2.weight": error.T @ hidden,
    "2.bias": error.sum(dim=0),
}
table_network = compare_gradients(lambda: criterion(small(x64), y64), small.named_parameters(), by_hand)

bent = network(16)
losses_bent = fit(bent, lr=0.05, weight_decay=1e-3)
print(f"a network: loss {losses_bent[-1]:.3f} nats, {accuracy(bent, x_test, y_test):.1%} of the test set right")

figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for ax, model, title in zip(axes, (linear, bent), ("Logistic regression", "With 16 hidden nodes"), strict=True):
    share = accuracy(model, x_test, y_test)
    viz.plot_decision_surface(model, x, y, title=f"{title}: {share:.1%} on the test set", ax=ax)
viz.show(figure, "05_line_and_network")

# %%
# Weight decay
# ------------
# With 100 nodes in each of two hidden layers there are more than 10,000 parameters for 200 points, and the network can
# get every one of them right: the border winds around single points that noise has carried to the wrong side. On new
# points that is worse than not trying.
#
# A border can only wind where the function is steep, and it is steep where weights are large. So let large weights
# cost something: add λ/2 times the sum of their squares to the loss. The gradient of that is λ w, so each step also
# takes a part of every weight away, hence the name. ``weight_decay`` is λ:
#
# .. math:: L_\lambda = L + \frac{\lambda}{2} \lVert w \rVert^2, \qquad
#           \frac{\partial L_\lambda}{\partial w} = \frac{\partial L}{\partial w} + \lambda w .


def large():
    """Return a network that is too large for its data, the same at every call."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 1))


decays = [0.0, 0.003, 0.03, 0.1]
results = {}
print(f"{'weight decay':>12}{'size of weights':>17}{'training loss':>15}{'training':>10}{'test':>8}")
for decay in decays:
    model = large()
    losses = fit(model, steps=400, lr=0.01, weight_decay=decay)
    with torch.no_grad():
        size = sum(p.square().sum() for p in model.parameters()).sqrt().item()
        test_loss = criterion(model(x_test), y_test).item()
    shares = accuracy(model, x, y), accuracy(model, x_test, y_test)
    results[decay] = {"model": model, "size": size, "loss": losses[-1], "test loss": test_loss, "shares": shares}
    print(f"{decay:12}{size:17.2f}{losses[-1]:15.3f}{shares[0]:10.1%}{shares[1]:8.1%}")

figure, axes = plt.subplots(1, 4, figsize=(15, 4.2), layout="constrained", sharey=True)
for ax, (decay, result) in zip(axes, results.items(), strict=True):
    title = f"weight decay {decay:g}\ntraining {result['shares'][0]:.1%}, test {result['shares'][1]:.1%}"
    viz.plot_decision_surface(result["model"], x, y, title=title, colorbar=False, ax=ax)
    ax.label_outer()
figure.suptitle("From winding to straight: the same network with more and more weight decay")
viz.show(figure, "05_weight_decay")

# %%
# Without decay all is known for certain, and some of it is wrong: the loss on the test set, which is what certainty
# about wrong answers costs, is the highest on the left. A little decay leaves a smooth border and honest doubt beside
# it. Too much, and the weights are too small to bend anything: what is left is a line, and one that is ever less sure
# of itself.

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
places = range(len(decays))
ax.plot(places, [results[d]["loss"] for d in decays], "o-", color="#1f4e79", label="training set")
ax.plot(places, [results[d]["test loss"] for d in decays], "s--", color="#c2410c", label="test set")
ax.axhline(0.6931, color="0.5", linestyle=":", label="knowing nothing, log 2")
ax.set_xticks(places, [f"{d:g}" for d in decays])
ax.set_xlabel("weight decay λ")
ax.set_ylabel("cross-entropy (nats)")
ax.set_title("Too little, about right, too much")
ax.set_ylim(bottom=0)
ax.grid(color="0.88")
figure.legend(loc="outside lower center", ncols=3, frameon=False)
viz.show(figure, "05_losses")

# %%
# What we claimed, checked
# ------------------------

assert table_linear.passed, "the gradient of logistic regression on paper should be autograd's"
assert table_network.passed, "the gradient of the network on paper should be autograd's"
assert accuracy(linear, x_test, y_test) < 0.9, "no line should part the moons"
assert accuracy(bent, x_test, y_test) > 0.91, "sixteen hidden nodes should part the moons"
sizes = [results[d]["size"] for d in decays]
assert sizes == sorted(sizes, reverse=True), "more decay should leave smaller weights"
assert results[0.0]["shares"][0] > 0.99, "without decay the large network should know its samples by heart"
test_losses = [results[d]["test loss"] for d in decays]
assert min(test_losses[1:3]) < 0.7 * test_losses[0], "a moderate decay should be better on new points than none"
assert min(test_losses[1:3]) < 0.7 * test_losses[3], "and better than too much"
print("all as claimed")
