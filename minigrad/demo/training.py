"""The network of the demo and its training loop, as one writes them in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from minigrad import nn
from minigrad.autograd import no_grad
from minigrad.demo.digits import Digits
from minigrad.optim import SGD
from minigrad.optim.lr_scheduler import CosineAnnealingLR
from minigrad.tensor import Tensor
from minigrad.utils.data import DataLoader, TensorDataset

__all__ = ["History", "evaluate", "make_network", "train"]

BATCH_SIZE = 32
LEARNING_RATE = 0.1
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-3
LABEL_SMOOTHING = 0.1


@dataclass
class History:
    """What was measured after each epoch, on the images trained on and on those held out.

    Attributes
    ----------
    train_loss, test_loss : list of float
        Mean cross-entropy, in nats (without label smoothing, so that 0 is perfect).
    train_accuracy, test_accuracy : list of float
        Between 0 and 1.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)


def make_network() -> nn.Sequential:
    """Return the network 64-128-64-10, freshly initialised."""
    return nn.Sequential(
        nn.Linear(64, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def train(model: nn.Module, data: Digits, epochs: int, report: Callable[[int, History], None]) -> History:
    """Train a network by mini-batch gradient descent; call ``report(epoch, history)`` after each epoch."""
    images_and_labels = TensorDataset(data.train_images, data.train_labels)
    loader: DataLoader[Any] = DataLoader(images_and_labels, batch_size=BATCH_SIZE, shuffle=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=LABEL_SMOOTHING)
    optimizer = SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    scheduler = CosineAnnealingLR(optimizer, T_max=epochs)
    history = History()
    for epoch in range(1, epochs + 1):
        model.train()
        for images, labels in loader:
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()

        loss_now, accuracy = evaluate(model, data.train_images, data.train_labels)
        history.train_loss.append(loss_now)
        history.train_accuracy.append(accuracy)
        loss_now, accuracy = evaluate(model, data.test_images, data.test_labels)
        history.test_loss.append(loss_now)
        history.test_accuracy.append(accuracy)
        report(epoch, history)
    return history


@no_grad()
def evaluate(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy of a network on some images."""
    model.eval()
    logits = model(images)
    loss = nn.functional.cross_entropy(logits, labels)
    accuracy = (logits.argmax(dim=1) == labels).float().mean()
    return loss.item(), accuracy.item()
