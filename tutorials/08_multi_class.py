r"""
8. More than two classes
========================

With k classes a network has k outputs, and softmax makes probabilities of them. We write softmax and its cross-entropy
by hand, first so that it breaks and then so that it does not; write Adam in five lines and compare it with the one of
``optim``; and draw the regions that a network gives to four classes.
"""

import math

import numpy as np
from matplotlib import pyplot as plt

import minigrad as torch
from minigrad import nn, viz
from minigrad.nn import functional as F
from minigrad.utils.data import DataLoader, TensorDataset

# %%
# Four spiral arms
# ----------------
# 150 points to an arm for training, 100 for testing. No line parts any two arms.


def spirals(samples, arms, noise, seed):
    """Return points of shape (arms * samples, 2) and labels 0 ... arms - 1."""
    random = np.random.default_rng(seed)
    radius = random.uniform(0.1, 1.0, (arms, samples))
    angle = 4.0 * radius + 2 * np.pi * np.arange(arms)[:, None] / arms + noise * random.standard_normal((arms, samples))
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).reshape(-1, 2)
    return torch.tensor(points, dtype=torch.float32), torch.arange(arms).repeat_interleave(samples)


x, y = spirals(150, 4, 0.3, seed=0)
x_test, y_test = spirals(100, 4, 0.3, seed=1)
print(tuple(x.shape), tuple(y.shape), "samples of each class:", torch.bincount(y).tolist())

# %%
# Softmax by hand
# ---------------
# .. math:: p_k = \frac{e^{z_k}}{\sum_l e^{z_l}} , \qquad \ell = - \log p_y .
#
# Adding the same number to all logits changes nothing, since it cancels. That is a freedom, and we need it: written as
# above, softmax overflows as soon as one logit exceeds 88, where :math:`e^z` leaves float32.


def naive_softmax(z):
    """Return the formula as it stands."""
    powers = torch.exp(z)
    return powers / powers.sum(1, keepdim=True)


def cross_entropy_by_hand(z, labels):
    """Return the mean of -log p_y, by way of a log-sum-exp from which the largest logit was taken out."""
    shifted = z - z.max(1, keepdim=True).values
    log_p = shifted - shifted.exp().sum(1, keepdim=True).log()
    return -log_p[torch.arange(len(labels)), labels].mean()


small, large = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[101.0, 102.0, 103.0]])
print("naive, small logits:", naive_softmax(small))
print("naive, the same with 100 added:", naive_softmax(large))
print("softmax of minigrad:", torch.softmax(large, 1))

# %%
# ``CrossEntropyLoss`` takes logits and class numbers, and does all that at once. Value and gradient agree with ours.

torch.manual_seed(0)
logits = (5 * torch.randn(8, 4, dtype=torch.float64)).requires_grad_()
labels = torch.randint(0, 4, (8,))
ours, theirs = cross_entropy_by_hand(logits, labels), nn.CrossEntropyLoss()(logits, labels)
(our_gradient,) = torch.autograd.grad(ours, logits)
(their_gradient,) = torch.autograd.grad(theirs, logits)
on_paper = (torch.softmax(logits, 1).detach() - F.one_hot(labels, 4)) / 8
print(f"loss by hand {ours.item():.12f}, CrossEntropyLoss {theirs.item():.12f} nats")
print(f"gradients differ by {(our_gradient - their_gradient).abs().max().item():.1e}")
print(f"and from (p - one_hot) / n by {(their_gradient - on_paper).abs().max().item():.1e}")

# %%
# Adam by hand
# ------------
# Gradient descent takes one rate for all parameters. Adam divides each parameter's step by the usual size of its
# gradient: with m the running mean of the gradient g and v that of its square,
#
# .. math::
#     m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
#     w \leftarrow w - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon} .
#
# Both means begin at zero; the two divisors make up for that in the first steps.

w = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.Adam([w], lr=0.1)
by_hand, m, v = w.detach().clone(), torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
scales = torch.tensor([1.0, 100.0], dtype=torch.float64)
for t in range(1, 31):
    optimizer.zero_grad()
    (scales * w**2).sum().backward()
    optimizer.step()
    g = 2 * scales * by_hand
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    by_hand = by_hand - 0.1 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
adam_error = (by_hand - w.detach()).abs().max().item()
print("after 30 steps:", w.detach(), f"by hand it differs by {adam_error:.1e}")

# %%
# Training
# --------
# Two hidden layers, trained by SGD and by Adam from the same start.


def train(make_optimizer, epochs=60):
    """Return a trained network and its loss and accuracy on test samples after every epoch."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = make_optimizer(model.parameters())
    loader = DataLoader(TensorDataset(x, y), batch_size=60, shuffle=True)
    losses, accuracies = [], []
    for _ in range(epochs):
        for inputs, labels in loader:
            loss = F.cross_entropy(model(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            outputs = model(x_test)
            losses.append(F.cross_entropy(outputs, y_test).item())
            accuracies.append(100 * (outputs.argmax(1) == y_test).float().mean().item())
    return model, losses, accuracies


model, adam_losses, adam_accuracies = train(lambda p: torch.optim.Adam(p, lr=0.01))
_, sgd_losses, sgd_accuracies = train(lambda p: torch.optim.SGD(p, lr=0.1))
history = {
    "test loss (nats)": {"Adam": adam_losses, "SGD": sgd_losses},
    "test accuracy (%)": {"Adam": adam_accuracies, "SGD": sgd_accuracies},
}
viz.show(viz.plot_history(history), "08_history")
print(f"before training a loss of log 4 = {math.log(4):.3f} nats is to be expected")
for name, losses, accuracies in (("Adam", adam_losses, adam_accuracies), ("SGD", sgd_losses, sgd_accuracies)):
    print(f"{name:4} after training: {losses[-1]:.3f} nats, {accuracies[-1]:.1f} %")

# %%
# Decision regions
# ----------------
# Each point of the plane belongs to the class of its largest logit. On the right, how sure the network is: the largest
# of its four probabilities. It is unsure on the borders, and near the centre, where all arms meet. Far from all samples
# it is sure too, with no right to be.

figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
viz.plot_decision_surface(
    model, x_test, y_test, names=("arm 0", "arm 1", "arm 2", "arm 3"), title="Regions, and test samples", ax=axes[0]
)
side = torch.linspace(-1.3, 1.3, 150)
rows, columns = torch.meshgrid(side, side, indexing="ij")
with torch.no_grad():
    sure = model(torch.stack([columns.ravel(), rows.ravel()], 1)).softmax(1).max(1).values.view(150, 150)
picture = axes[1].pcolormesh(side, side, sure, cmap="gray", vmin=0.25, vmax=1.0, shading="nearest")
figure.colorbar(picture, ax=axes[1], label="probability of the likeliest class (1)")
axes[1].set(xlabel="$x_1$", ylabel="$x_2$", title="How sure the network is", aspect="equal")
viz.show(figure, "08_regions")

# %%
# Which arms are taken for which:

with torch.no_grad():
    predictions = model(x_test).argmax(1)
viz.show(viz.plot_confusion(y_test, predictions).figure, "08_confusion")

# %%
# Check
# -----

assert torch.isnan(naive_softmax(large)).any(), "the naive softmax should have broken"
assert torch.allclose(torch.softmax(large, 1), naive_softmax(small)), "the other one should not care about +100"
assert abs(ours.item() - theirs.item()) < 1e-12, "both losses should agree"
assert torch.allclose(our_gradient, their_gradient, atol=1e-12), "and their gradients"
assert torch.allclose(their_gradient, on_paper, atol=1e-12), "and the formula on paper"
assert adam_error < 1e-12, "Adam by hand should be Adam"
assert adam_accuracies[-1] > 90, "the network should tell the arms apart"
print("all as claimed")
