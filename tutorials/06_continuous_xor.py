r"""
6. A whole training script: continuous XOR
==========================================

This is how a real script is put together: a data set of our own, a module of our own, a function that trains for an
epoch and one that evaluates, and a file in which the result survives. The task is a small classic. *Exclusive or* is 1
when exactly one of two bits is 1. Put noise on the bits, and it becomes a question about points in the plane, with the
answer 1 in two opposite corners. It made history, for no single line answers it, and so no network without a hidden
layer.
"""

import tempfile
from pathlib import Path

from matplotlib import pyplot as plt

import minigrad as torch
from minigrad import nn, viz
from minigrad.utils.data import DataLoader, Dataset

# %%
# A data set of our own
# ---------------------
# A ``Dataset`` answers two questions: how many samples there are, ``len(data)``, and what the k-th one is,
# ``data[k]``. A loader asks for single samples and stacks them into batches. Real sets read their files in
# ``__getitem__``, a sample at a time, and need no more memory than that; ours fits into memory as a whole.


class NoisyXor(Dataset):
    """Pairs of bits with noise, and their exclusive or.

    Parameters
    ----------
    size : int
        Number of samples.
    noise : float
        Standard deviation of what is added to each bit.
    """

    def __init__(self, size, noise=0.2):
        bits = torch.randint(0, 2, (size, 2))
        self.points = bits.float() + noise * torch.randn(size, 2)
        self.labels = (bits[:, 0] != bits[:, 1]).float()

    def __len__(self):
        return len(self.points)

    def __getitem__(self, k):
        return self.points[k], self.labels[k]


torch.manual_seed(42)
train_set, test_set = NoisyXor(2500), NoisyXor(500)
print(len(train_set), "samples; the first:", train_set[0])

train_loader = DataLoader(train_set, batch_size=128, shuffle=True)
test_loader = DataLoader(test_set, batch_size=256)
inputs, labels = next(iter(train_loader))
print(len(train_loader), "batches an epoch; one of them:", tuple(inputs.shape), tuple(labels.shape))

# %%
# A module of our own
# -------------------
# A ``Module`` makes its layers in ``__init__`` and says in ``forward`` how a batch passes through them. Assigning a
# layer to ``self`` is enough for its parameters to be found by ``parameters()``, ``state_dict()``, ``to(device)`` and
# printing.
#
# Four hidden nodes and tanh. The output is one logit a sample; its last dimension, of size 1, is dropped so that
# shapes of outputs and labels agree.


class Classifier(nn.Module):
    """Two features to one logit by one hidden layer."""

    def __init__(self, hidden):
        super().__init__()
        self.hidden = nn.Linear(2, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, x):
        """Return the logits of a batch."""
        return self.output(torch.tanh(self.hidden(x))).squeeze(-1)


model = Classifier(hidden=4)
print(model)
for name, parameter in model.named_parameters():
    print(f"  {name:14} {tuple(parameter.shape)}")

# %%
# Why 4 nodes and not 1, on paper: the border of a node is a line. XOR needs a strip between two parallel lines, and 1
# inside: the points with :math:`1/2 < x_1 + x_2 < 3/2`. Two nodes do, with steep tanhs
# :math:`h_1 = \tanh(s (x_1 + x_2 - 1/2))` and :math:`h_2 = \tanh(s (x_1 + x_2 - 3/2))`, and the logit
# :math:`h_1 - h_2 - 1`: it is -1 on both sides and +1 in the strip. We can write these numbers into a network:

written = Classifier(hidden=2)
with torch.no_grad():
    written.hidden.weight.copy_(torch.tensor([[10.0, 10.0], [10.0, 10.0]]))
    written.hidden.bias.copy_(torch.tensor([-5.0, -15.0]))
    written.output.weight.copy_(torch.tensor([[1.0, -1.0]]))
    written.output.bias.fill_(-1.0)
corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
by_thought = written(corners)
print("logits at the corners 00, 01, 10, 11:", by_thought.detach())

# %%
# Finding such numbers from samples is harder than writing them down: started at random, two nodes often get stuck with
# both lines on the same side. With four there is nearly always a pair that comes right.

# %%
# Train and evaluate
# ------------------
# ``model.train()`` and ``model.eval()`` switch layers that behave differently in the two, such as dropout. Our model
# has none, but whoever adds one later will be glad that the calls are there. The loss of a batch is a mean, so it
# counts as often as the batch has samples: the last batch of an epoch is smaller.

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model.to(device)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def train_epoch(model, loader):
    """Take a step for every batch; return the mean loss and the share of right answers, as they were on the way."""
    model.train()
    return run_epoch(model, loader, learn=True)


def evaluate(model, loader):
    """Return the mean loss and the share of right answers."""
    model.eval()
    with torch.no_grad():
        return run_epoch(model, loader, learn=False)


def run_epoch(model, loader, learn):
    """Go once through a loader."""
    total_loss, right, seen = 0.0, 0, 0
    for inputs, labels in loader:
        inputs, labels = inputs.to(device), labels.to(device)
        logits = model(inputs)
        loss = criterion(logits, labels)
        if learn:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total_loss += loss.item() * len(labels)
        right += ((logits > 0) == (labels > 0.5)).sum().item()
        seen += len(labels)
    return total_loss / seen, right / seen


loss_before, accuracy_before = evaluate(model, test_loader)
history = {"loss (nats)": {"training": [], "test": []}, "accuracy (%)": {"training": [], "test": []}}
for epoch in range(1, 41):
    measured = {"training": train_epoch(model, train_loader), "test": evaluate(model, test_loader)}
    for name, (loss, accuracy) in measured.items():
        history["loss (nats)"][name].append(loss)
        history["accuracy (%)"][name].append(100 * accuracy)
    if epoch in (1, 2, 5, 10, 20, 40):
        loss, accuracy = measured["test"]
        print(f"epoch {epoch:3}  test loss {loss:.4f}  test accuracy {accuracy:.1%}")

figure = viz.plot_history(history)
viz.show(figure, "06_history")

# %%
# What it learned
# ---------------
# The border should run between the corners. With this noise some points lie beyond any sensible border: one bit in
# 160 is moved past the middle between 0 and 1 (by 2.5 standard deviations), so one answer in 80 is beyond anybody.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for ax, each, title in zip(axes, (written, model), ("Two nodes, thought out", "Four nodes, learned"), strict=True):
    viz.plot_decision_surface(
        each, test_set.points, test_set.labels, names=("XOR = 0", "XOR = 1"), xlabel="$x_1$ (first bit and noise)",
        ylabel="$x_2$ (second bit and noise)", title=title, ax=ax,
    )  # fmt: skip
viz.show(figure, "06_decision_surface")

# %%
# Save and load
# -------------
# What is worth keeping is the *state*: a dictionary from names to tensors. The code that makes the module is in this
# file; a fresh module takes the state and then is the old one, to the last bit. The optimizer has a state too (here
# the momenta), so that training can go on as if it had never stopped.

for name, tensor in model.state_dict().items():
    print(name, tensor, sep="\n")

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "xor.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 40}, path)
    print(path.name, "has", path.stat().st_size, "bytes")
    checkpoint = torch.load(path, weights_only=True)

restored = Classifier(hidden=4)
fresh = evaluate(restored, test_loader)
print(restored.load_state_dict(checkpoint["model"]))
print(f"fresh {fresh[1]:.1%}, restored {evaluate(restored, test_loader)[1]:.1%}")

# %%
# What we claimed, checked
# ------------------------

assert ((by_thought > 0) == torch.tensor([False, True, True, False])).all(), "two nodes should answer XOR"
final_loss, final_accuracy = evaluate(model, test_loader)
assert final_accuracy > 0.97, f"only {final_accuracy:.1%} of the test set is right"
assert final_loss < 0.2 * loss_before, "training should make the loss at least five times smaller"
assert evaluate(restored, test_loader) == (final_loss, final_accuracy), "the restored module should be the saved one"
assert all(torch.equal(a, b) for a, b in zip(model.parameters(), restored.parameters(), strict=True)), "to the bit"
line = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
optimizer = torch.optim.SGD(line.parameters(), lr=0.1, momentum=0.9)
for _ in range(5):
    train_epoch(line, train_loader)
assert evaluate(line, test_loader)[1] < 0.8, "a single line should not answer XOR"
print("all as claimed")
