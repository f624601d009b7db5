"""Linear regression in NumPy, in tensors, with autograd, with nn; and everyday odds and ends around it."""

import argparse
import time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--lr", default=0.01, type=float)
parser.add_argument("--no-cuda", action="store_true", default=False)
args = parser.parse_args()
use_cuda = not args.no_cuda and torch.cuda.is_available()
device = torch.device("cuda" if use_cuda else "cpu")
kwargs = {"num_workers": 0, "pin_memory": True} if use_cuda else {}
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False
torch.manual_seed(0)
torch.cuda.manual_seed_all(0)
np.random.seed(0)
print(args, device, device.type, kwargs)

X = np.array([1, 2, 3, 4], dtype=np.float32)
Y = np.array([2, 4, 6, 8], dtype=np.float32)
w = 0.0
for epoch in range(args.epochs):
    y_pred = w * X
    dw = np.dot(2 * X, y_pred - Y).mean()
    w -= 0.01 * dw
print(f"Prediction after training: f(5) = {w * 5:.3f}")

X = torch.tensor([1, 2, 3, 4], dtype=torch.float32)
Y = torch.tensor([2, 4, 6, 8], dtype=torch.float32)
w = torch.tensor(0.0, dtype=torch.float32, requires_grad=True)


def forward(x: Tensor) -> Tensor:
    return w * x


def loss_fn(y, y_predicted):
    return ((y_predicted - y) ** 2).mean()


for epoch in range(args.epochs):
    loss = loss_fn(Y, forward(X))
    loss.backward()
    with torch.no_grad():
        w -= args.lr * w.grad
    w.grad.zero_()
    if epoch % 5 == 0:
        print(f"epoch {epoch + 1}: w = {w:.3f}, loss = {loss:.6f}", w.grad)
print(f"f(5) = {forward(5):.3f}", w)

X = torch.tensor([[1], [2], [3], [4]], dtype=torch.float32)
Y = 2 * X
model = nn.Linear(X.shape[1], 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)
start = time.time()
for epoch in range(args.epochs):
    loss = nn.MSELoss()(model(X), Y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
[w, b] = model.parameters()
print("epoch ", epoch + 1, ": w = ", w[0][0].item(), " loss = ", loss)
print(w, b, time.time() - start < 100)


def synthetic_data(w, b, num_examples):
    X = torch.normal(0, 1, (num_examples, len(w)))
    y = torch.matmul(X, w) + b
    y += torch.normal(0, 0.01, y.shape)
    return X, y.reshape((-1, 1))


true_w, true_b = torch.tensor([2, -3.4]), 4.2
features, labels = synthetic_data(true_w, true_b, 1000)
print("features:", features[0], "\nlabel:", labels[0])


def data_iter(batch_size, features, labels):
    indices = torch.randperm(len(features)).tolist()
    for i in range(0, len(features), batch_size):
        batch_indices = torch.tensor(indices[i : min(i + batch_size, len(features))])
        yield features[batch_indices], labels[batch_indices]


w = torch.normal(0, 0.01, size=(2, 1), requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for epoch in range(3):
    for X, y in data_iter(10, features, labels):
        loss = ((X @ w + b) - y.reshape((X @ w).shape)) ** 2 / 2
        loss.sum().backward()
        with torch.no_grad():
            for param in [w, b]:
                param -= 0.03 * param.grad / 10
                param.grad.zero_()
    with torch.no_grad():
        train_l = ((features @ w + b - labels) ** 2 / 2).mean()
        print(f"epoch {epoch + 1}, loss {float(train_l):f}")
print("error in estimating w below 0.01:", (true_w - w.reshape(true_w.shape)).abs().max().item() < 0.01)


def softmax(X):
    X_exp = torch.exp(X)
    partition = X_exp.sum(1, keepdim=True)
    return X_exp / partition


X = torch.normal(0, 1, (2, 5))
P = softmax(X)
print(P, P.shape, torch.allclose(P, F.softmax(X, dim=1)))
y = torch.tensor([0, 2])
y_hat = torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
print(y_hat[[0, 1], y], -torch.log(y_hat[range(len(y_hat)), y]), F.nll_loss(y_hat.log(), y))
cmp = y_hat.argmax(axis=1).type(y.dtype) == y
print(float(cmp.type(y.dtype).sum()) / len(y), cmp)
total = 0
for i, t in enumerate(torch.ones(3)):
    total += t
print(
    total, i, sum(torch.arange(4)), max(torch.tensor([1.0, 3.0])), sorted(torch.tensor([3, 1, 2])), [*torch.arange(2)]
)
print("%.3f %d %s" % (torch.tensor(1.23456), torch.tensor(3), torch.tensor(2.5)))
print(
    f"{torch.tensor(0.123456):.2%} {torch.tensor(12):>5d} {torch.tensor([1.0, 2.0])} {torch.tensor(1e-7)}",
    str(torch.tensor(2)),
)
print(
    torch.tensor([1.0, 2.0]).numpy().tolist(),
    np.sqrt(np.array([4.0])),
    torch.tensor([[1.0]]).squeeze(),
    torch.tensor([4.0]).sqrt_(),
)
print({"loss": torch.tensor(0.5), "n": torch.tensor([1])}, [torch.tensor(1.0)], (torch.ones(1),))
