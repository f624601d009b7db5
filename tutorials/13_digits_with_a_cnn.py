r"""
13. Digits with a convolutional network
=======================================

A linear layer does not know that two pixels are neighbours: shuffle the pixels of all images in the same way, and it
learns as well as before. A *convolution* does know. It slides a small filter over the image and writes down, at each
place, how well the filter fits there:

.. math:: y_{k}(i, j) = b_k + \sum_{c, u, v} w_{k c}(u, v)\, x_c(i + u, j + v) .

The same nine weights look at every place, so what they learn about a stroke in one corner holds in every other. Here a
network of two such layers reads the handwritten digits that come with scikit-learn, 1,797 images of 8 by 8 pixels; and
we look at what its filters look for.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import nn, viz
from minigrad.utils.data import DataLoader, TensorDataset

# %%
# A convolution by hand
# ---------------------
# In words: lay the filter on each place, multiply, add up. Around the image lies a frame of zeros (``padding=1``), so
# that the result is as large as the image. This filter asks for dark on the left and bright on the right.

torch.manual_seed(0)
images, labels = load_digits(return_X_y=True)
images = torch.tensor(images / 16.0, dtype=torch.float32).reshape(-1, 1, 8, 8)
labels = torch.tensor(labels)

one = images[0, 0]
edge = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
framed = F.pad(one, (1, 1, 1, 1))
by_hand = torch.zeros(8, 8)
for i in range(8):
    for j in range(8):
        by_hand[i, j] = (framed[i : i + 3, j : j + 3] * edge).sum()
by_layer = F.conv2d(one.reshape(1, 1, 8, 8), edge.reshape(1, 1, 3, 3), padding=1)[0, 0]
largest_difference = (by_hand - by_layer).abs().max().item()
print(f"by hand and by conv2d: the largest difference is {largest_difference:.1e}")


def show_values(ax, values, title):
    """Draw a matrix in shades of grey, zero in the middle, its numbers on it where they are few."""
    values = values.detach().numpy()
    top = abs(values).max()
    ax.imshow(values, cmap="gray", vmin=-top, vmax=top)
    if values.size < 16:
        for (i, j), value in np.ndenumerate(values):
            ax.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=8, color="k" if value > -top / 3 else "w")
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=10)


figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.7), layout="constrained")
show_values(axes[0], one, "image: a zero")
show_values(axes[1], edge, "filter")
show_values(axes[2], by_layer, "left edges bright, right dark")
viz.show(figure, "13_convolution")

# %%
# The network
# -----------
# Two convolutions, of 8 and of 16 filters, each followed by a ReLU and a *pooling* that keeps the largest of each 2 by
# 2 numbers: that the stroke is there matters more than on which pixel. From 8 by 8 the pictures shrink to 4 by 4 and
# 2 by 2; a linear layer reads the 64 numbers that are left.

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(64, 10),
)
print(viz.summary(model, (1, 1, 8, 8)))

# %%
# Training
# --------

train, test = train_test_split(np.arange(len(labels)), test_size=360, random_state=0, stratify=labels.numpy())
train_images, train_labels, test_images, test_labels = images[train], labels[train], images[test], labels[test]
loader = DataLoader(TensorDataset(train_images, train_labels), batch_size=32, shuffle=True)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=25)


def evaluate(inputs, targets):
    """Return the mean loss and the share of images read rightly."""
    model.eval()
    with torch.no_grad():
        scores = model(inputs)
    model.train()
    return F.cross_entropy(scores, targets).item(), (scores.argmax(1) == targets).float().mean().item()


quantities = ("cross-entropy (nats)", "read rightly (%)")
history = {quantity: {"training": [], "test": []} for quantity in quantities}
for epoch in range(25):
    for batch, targets in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(batch), targets).backward()
        optimizer.step()
    scheduler.step()
    for part, inputs, targets in (("training", train_images, train_labels), ("test", test_images, test_labels)):
        loss, accuracy = evaluate(inputs, targets)
        history[quantities[0]][part].append(loss)
        history[quantities[1]][part].append(100 * accuracy)
    if epoch % 5 == 4:
        losses, shares = (history[quantity] for quantity in quantities)
        print(f"epoch {epoch + 1:2}: loss {losses['training'][-1]:.4f}, test {losses['test'][-1]:.4f}", end=", ")
        print(f"read rightly {shares['training'][-1]:.1f} %, test {shares['test'][-1]:.1f} %")

viz.show(viz.plot_history(history), "13_training")

# %%
# What the filters look for
# -------------------------
# The eight filters of the first layer, 3 by 3 weights each. Many have become detectors of edges in one direction, much
# like the one that we wrote down ourselves.

figure, axes = plt.subplots(1, 8, figsize=(10.4, 1.7), layout="constrained")
for k, ax in enumerate(axes):
    show_values(ax, model[0].weight[k, 0], f"filter {k + 1}")
viz.show(figure, "13_filters")

# %%
# And what they find: the *feature maps*, one a filter, of one test image of each of three digits. A map is bright where
# its filter fits.

shown = [int((test_labels == digit).nonzero()[0]) for digit in (1, 4, 8)]
with torch.no_grad():
    maps = model[1](model[0](test_images[shown]))
figure, axes = plt.subplots(3, 9, figsize=(9.6, 3.6), layout="constrained")
for row, image, found in zip(axes, test_images[shown], maps, strict=True):
    for k, ax in enumerate(row):
        ax.imshow(image[0].numpy() if k == 0 else found[k - 1].numpy(), cmap="gray")
        ax.set(xticks=[], yticks=[])
for k, ax in enumerate(axes[0]):
    ax.set_title("image" if k == 0 else f"filter {k}", fontsize=9)
viz.show(figure, "13_feature_maps")

# %%
# A shifted image
# ---------------
# Because every place is looked at by the same filters, a shift of the image shifts the maps, and nothing else. Exactly
# so where nothing falls off the edge:

blank = torch.zeros(1, 1, 12, 12)
here, there = blank.clone(), blank.clone()
here[..., 1:9, 1:9], there[..., 3:11, 2:10] = test_images[shown[0]], test_images[shown[0]]
with torch.no_grad():
    map_here, map_there = model[0](here), model[0](there)
shift_difference = (map_here[..., 1:9, 1:9] - map_there[..., 3:11, 2:10]).abs().max().item()
print(f"the maps of the shifted image are the shifted maps: difference {shift_difference:.1e}")

# %%
# The same weights at every place also make for few weights:

convolutions = sum(p.numel() for layer in (model[0], model[3]) for p in layer.parameters())
print(f"{convolutions:,} weights in the two convolutions; a linear layer from 8x8 to 8x4x4 alone has {64 * 128:,}")

# %%
# Check
# -----

assert largest_difference < 1e-5, "conv2d should be what we did by hand"
assert shift_difference < 1e-5, "a convolution should not care where something is"
assert history[quantities[1]]["test"][-1] > 97, "the network should read at least 97 % of images that it never saw"
print("all as claimed")
