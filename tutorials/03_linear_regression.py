r"""
3. Linear regression, four ways
===============================

The smallest model that learns: a plane through a cloud of points. We fit it four times, each time leaving a bit more
of the work to the framework, and get the same plane each time:

1. NumPy, one sample at a time, with a gradient from paper;
2. NumPy, all samples at once, with the same gradient in matrix form;
3. tensors, with the gradient from autograd;
4. a layer, a loss and an optimizer, as one writes it from now on.

Least squares in closed form, from scikit-learn, says what the right answer is.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.linear_model import LinearRegression

import minigrad as torch
from minigrad import nn, viz

# %%
# A plane that we know
# --------------------
# Each sample has two features, and its target is :math:`y = 2 x_1 - 3 x_2 + 1` plus a little noise. So the weights
# w = (2, -3) and the bias b = 1 are what there is to be found, and the noise limits how well.

samples, noise = 300, 0.4
torch.manual_seed(1)
true_w, true_b = torch.tensor([2.0, -3.0]), 1.0
x = torch.randn(samples, 2)
y = x @ true_w + true_b + noise * torch.randn(samples)

exact = LinearRegression().fit(x.numpy(), y.numpy())
best_w, best_b = exact.coef_, exact.intercept_
best_loss = float(np.mean((exact.predict(x.numpy()) - y.numpy()) ** 2))
print(f"least squares: w = ({best_w[0]:.4f}, {best_w[1]:.4f}), b = {best_b:.4f}, mean squared error {best_loss:.4f}")

# %%
# One sample on paper
# -------------------
# The model predicts :math:`\hat y = w_1 x_1 + w_2 x_2 + b`, and its loss on one sample is the squared error
# :math:`\ell = (\hat y - y)^2`. From the outside inwards, by the chain rule,
#
# .. math::
#     \frac{\partial \ell}{\partial \hat y} = 2 (\hat y - y), \qquad
#     \frac{\partial \ell}{\partial w_k} = 2 (\hat y - y) \, x_k, \qquad
#     \frac{\partial \ell}{\partial b} = 2 (\hat y - y) .
#
# *Stochastic gradient descent* takes one sample after the other, in random order, and goes a short step down this
# slope. A sample speaks for itself only, noise included, so the weights never come to rest unless the steps get
# shorter and shorter. Here they shrink like one over the number of epochs (an *epoch* is once through all samples).

x_array, y_array = x.numpy().astype(np.float64), y.numpy().astype(np.float64)
order = np.random.default_rng(0)
w, b = np.zeros(2), 0.0
losses = {"1. NumPy, by sample": []}
for epoch in range(30):
    rate = 0.02 / (1 + epoch)
    for k in order.permutation(samples):
        error = x_array[k] @ w + b - y_array[k]
        w -= rate * 2 * error * x_array[k]
        b -= rate * 2 * error
    losses["1. NumPy, by sample"].append(np.mean((x_array @ w + b - y_array) ** 2))
found = {"1. NumPy, by sample": (w, b)}

# %%
# All samples at once
# -------------------
# The loss of all n samples is the mean of theirs, so its gradient is the mean of their gradients. With the samples as
# the rows of a matrix X and the errors as a vector :math:`e = X w + b - y`, the sums over samples become products:
#
# .. math::
#     L = \frac{1}{n} \sum_i e_i^2, \qquad
#     \frac{\partial L}{\partial w} = \frac{2}{n} X^\top e, \qquad
#     \frac{\partial L}{\partial b} = \frac{2}{n} \sum_i e_i .
#
# Check the shapes: X is (n, 2), so its transpose times a vector of n is a vector of 2, like w. There is no noise
# between one step and the next now, and a constant step goes all the way down.

w, b = np.zeros(2), 0.0
losses["2. NumPy, all at once"] = []
for _ in range(100):
    error = x_array @ w + b - y_array
    losses["2. NumPy, all at once"].append(np.mean(error**2))
    w -= 0.1 * 2 / samples * x_array.T @ error
    b -= 0.1 * 2 / samples * error.sum()
found["2. NumPy, all at once"] = w, b

# %%
# Autograd
# --------
# The same steps, but nobody derives anything: the loss is written down, and ``backward`` finds the slopes. Only the
# step itself must not be recorded, and the gradients have to be cleared.

w, b = torch.zeros(2, requires_grad=True), torch.zeros((), requires_grad=True)
losses["3. autograd"] = []
for _ in range(100):
    loss = (x @ w + b - y).square().mean()
    loss.backward()
    losses["3. autograd"].append(loss.item())
    with torch.no_grad():
        for parameter in (w, b):
            parameter -= 0.1 * parameter.grad
            parameter.grad = None
found["3. autograd"] = w.detach().numpy(), b.item()

# %%
# Layer, loss, optimizer
# ----------------------
# What every model needs has a name: ``nn.Linear`` holds w and b (and starts them at random), ``nn.MSELoss`` is the
# mean of squares, ``optim.SGD`` makes the step and clears the gradients. These four lines in the loop stay the same
# for any network. Note the shape of the output, (n, 1), and so of the target: tutorial 1 shows what happens otherwise.

model = nn.Linear(2, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
print(model)
losses["4. nn and optim"] = []
for _ in range(100):
    optimizer.zero_grad()
    loss = criterion(model(x), y[:, None])
    loss.backward()
    optimizer.step()
    losses["4. nn and optim"].append(loss.item())
found["4. nn and optim"] = model.weight.detach().numpy()[0], model.bias.item()

# %%
# Four times the same plane
# -------------------------

print(f"{'':24}{'w1':>9}{'w2':>9}{'b':>9}{'loss':>9}")
for name, (w, b) in found.items():
    print(f"{name:24}{w[0]:9.4f}{w[1]:9.4f}{b:9.4f}{np.mean((x_array @ w + b - y_array) ** 2):9.4f}")
print(f"{'least squares':24}{best_w[0]:9.4f}{best_w[1]:9.4f}{best_b:9.4f}{best_loss:9.4f}")
print(f"{'what we started from':24}{true_w[0]:9.4f}{true_w[1]:9.4f}{true_b:9.4f}")

# %%
# All four come down to the same loss, that of least squares. One epoch by sample is 300 little steps, so its curve is
# down after one; the second and third are the same computation and lie on each other; the fourth starts elsewhere.

figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
looks = ({"ls": "-", "marker": "o"}, {"ls": "-"}, {"ls": "none", "marker": "x"}, {"ls": "--"})
colors = ("#c2410c", "#1f4e79", "black", "#3f7f3f")
for (name, values), look, color in zip(losses.items(), looks, colors, strict=True):
    every = 1 if name[0] == "1" else 4
    ax.semilogy(range(1, len(values) + 1), values, markevery=every, markersize=4, color=color, label=name, **look)
ax.axhline(best_loss, color="0.5", linestyle=":", label="least squares")
ax.set_xlim(0, 60)
ax.set_xlabel("epoch (once through all samples)")
ax.set_ylabel("mean squared error")
ax.set_title("Four ways down to the same error")
ax.grid(color="0.88")
ax.legend(loc="upper right", frameon=False)
viz.show(figure, "03_losses")

# %%
# And this is the plane. Each stick is the error of one sample; least squares makes the sum of their squares smallest.

figure = plt.figure(figsize=(6.4, 5.2), layout="constrained")
ax = figure.add_subplot(projection="3d")
viz.plot_regression(
    model, x[:100], y[:100], label="plane found by nn and optim", title="100 of the samples, and the plane", ax=ax
)
ax.view_init(elev=20, azim=25)
viz.show(figure, "03_plane")

# %%
# What we claimed, checked
# ------------------------
# Three of the ways reach least squares to the digits of their type, the noisy one nearly; and that is w = (2, -3), b =
# 1 within what noise of 0.4 on 300 samples allows (about 0.4 / √300 = 0.02, and three times that to be safe).

for name, (w, b) in found.items():
    allowed = 0.02 if name[0] == "1" else 1e-4
    off = max(abs(w - best_w).max(), abs(b - best_b))
    assert off < allowed, f"{name} is {off:.1e} away from least squares"
    off = max(abs(w - true_w.numpy()).max(), abs(b - true_b))
    assert off < 0.07, f"{name} is {off:.3f} away from w = (2, -3), b = 1"
differences = np.subtract(losses["2. NumPy, all at once"], losses["3. autograd"])
assert abs(differences).max() < 1e-4, "the gradient by hand and the one by autograd should take the same way down"
print("all as claimed")
