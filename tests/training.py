"""Whole training scripts as a user writes them; `torch` is whichever library runs them.

Each returns the losses, one a step.
"""

from __future__ import annotations

from typing import Any


def regression(torch: Any, steps: int = 120) -> list[float]:
    """Fit a sine with a 1-20-20-1 network: sigmoid, MSE, SGD with momentum and weight decay."""
    nn = torch.nn
    torch.manual_seed(0)
    x = torch.linspace(-3, 3, 50).unsqueeze(1)
    y = torch.sin(x) + 0.1 * torch.randn(50, 1)
    model = nn.Sequential(nn.Linear(1, 20), nn.Sigmoid(), nn.Linear(20, 20), nn.Sigmoid(), nn.Linear(20, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    loss_function = nn.MSELoss()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def exclusive_or(torch: Any, steps: int = 200) -> list[float]:
    """Learn XOR with a module class, BCE with logits and Adam."""
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(2, 8)
            self.out = nn.Linear(8, 1)

        def forward(self, x):
            return self.out(torch.tanh(self.hidden(x)))

    torch.manual_seed(1)
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    loss_function = nn.BCEWithLogitsLoss()
    losses = []
    for _ in range(steps):
        loss = loss_function(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def classification(torch: Any, epochs: int = 8) -> list[float]:
    """Classify images of 8 by 8 drawn around ten prototypes, in shuffled batches, with a held-out split."""
    nn, data = torch.nn, torch.utils.data
    torch.manual_seed(42)
    prototypes = torch.rand(10, 64)
    labels = torch.randint(0, 10, (640,))
    images = prototypes[labels] + 0.3 * torch.randn(640, 64)
    train, test = data.random_split(data.TensorDataset(images, labels), [512, 128])
    loader = data.DataLoader(train, batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5)
    loss_function = nn.CrossEntropyLoss()
    losses = []
    for _ in range(epochs):
        model.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = loss_function(model(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
        model.eval()
        with torch.no_grad():
            right = sum(
                (model(inputs).argmax(1) == targets).sum().item() for inputs, targets in data.DataLoader(test, 64)
            )
        losses.append(right / 128)
    return losses


def dropout(torch: Any, steps: int = 120) -> list[float]:
    """Train with dropout and layer normalisation, AdamW, clipped gradients and label smoothing."""
    nn, functional = torch.nn, torch.nn.functional
    torch.manual_seed(7)
    x = torch.randn(64, 10)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model = nn.Sequential(nn.Linear(10, 32), nn.LayerNorm(32), nn.GELU(), nn.Dropout(0.2), nn.Linear(32, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.01)
    losses = []
    for _ in range(steps):
        loss = functional.cross_entropy(model(x), y, label_smoothing=0.1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def by_hand(torch: Any, steps: int = 120) -> list[float]:
    """Fit a plane without modules: tensors that require grad, updated in place under `no_grad`."""
    torch.manual_seed(3)
    x = torch.randn(100, 3)
    y = x @ torch.tensor([1.0, -2.0, 0.5]) + 0.7 + 0.05 * torch.randn(100)
    w = torch.randn(3, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    losses = []
    for _ in range(steps):
        rows = torch.randperm(100)[:20]
        loss = ((x[rows] @ w + b - y[rows]) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            for each in (w, b):
                each -= 0.05 * each.grad
                each.grad.zero_()
        losses.append(loss.item())
    return losses


SCRIPTS = {each.__name__: each for each in (regression, exclusive_or, classification, dropout, by_hand)}
