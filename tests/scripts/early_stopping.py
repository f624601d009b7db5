"""Logistic regression on scikit-learn's data; early stopping, regularisation, deepcopy, LBFGS, manual updates."""

import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer, make_moons
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

bc = load_breast_cancer()
X, y = bc.data, bc.target
n_samples, n_features = X.shape
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=1234)
sc = StandardScaler()
X_train = sc.fit_transform(X_train)
X_test = sc.transform(X_test)
X_train = torch.from_numpy(X_train.astype(np.float32))
X_test = torch.from_numpy(X_test.astype(np.float32))
y_train = torch.from_numpy(y_train.astype(np.float32)).view(-1, 1)
y_test = torch.from_numpy(y_test.astype(np.float32)).view(y_test.shape[0], 1)


class LogisticRegression(nn.Module):
    def __init__(self, n_input_features):
        super().__init__()
        self.linear = nn.Linear(n_input_features, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


torch.manual_seed(0)
model = LogisticRegression(n_features)
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for epoch in range(100):
    y_pred = model(X_train)
    loss = criterion(y_pred, y_train)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if (epoch + 1) % 25 == 0:
        print(f"epoch: {epoch + 1}, loss = {loss.item():.4f}")
with torch.no_grad():
    y_predicted_cls = model(X_test).round()
    acc = y_predicted_cls.eq(y_test).sum() / float(y_test.shape[0])
    print(f"accuracy: {acc.item():.4f} {acc:.3f}", accuracy_score(y_test, y_predicted_cls))

X, y = make_moons(200, noise=0.2, random_state=0)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
Xt, Xv, yt, yv = X[:150], X[150:], y[:150], y[150:]
loader = DataLoader(TensorDataset(Xt, yt), batch_size=50, shuffle=True, drop_last=True)
net = nn.Sequential(nn.Linear(2, 32), nn.ELU(), nn.Linear(32, 2))
opt = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=0.01)
best_loss, best_state, patience = float("inf"), None, 0
for epoch in range(60):
    net.train()
    for xb, yb in loader:
        l1 = sum(p.abs().sum() for p in net.parameters())
        loss = nn.CrossEntropyLoss(label_smoothing=0.05)(net(xb), yb) + 1e-4 * l1
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.inference_mode():
        val = nn.functional.cross_entropy(net(Xv), yv)
        accuracy = (net(Xv).argmax(1) == yv).float().mean()
    if val < best_loss - 1e-3:
        best_loss, best_state, patience = val.item(), copy.deepcopy(net.state_dict()), 0
    else:
        patience += 1
    if epoch % 10 == 0:
        print(f"{epoch:3d} train {loss.item():.4f} val {val.item():.4f} acc {accuracy:.2%}")
    if patience >= 8:
        print("early stop at", epoch, f"{best_loss:.4f}")
        break
net.load_state_dict(best_state)
print(torch.stack([yv[:8], net(Xv[:8]).argmax(1)]))

torch.manual_seed(9)
lin = nn.Linear(1, 1)
x = torch.linspace(0, 1, 20).reshape(-1, 1)
t = 3 * x + 2
opt = torch.optim.LBFGS(lin.parameters(), lr=0.5, max_iter=5)


def closure():
    opt.zero_grad()
    loss = ((lin(x) - t) ** 2).mean()
    loss.backward()
    return loss


for i in range(4):
    print(i, f"{opt.step(closure).item():.4f}")
lin.reset_parameters()
for _ in range(100):
    loss = ((lin(x) - t) ** 2).mean()
    lin.zero_grad()
    loss.backward()
    with torch.no_grad():
        for p in lin.parameters():
            p -= 0.5 * p.grad
print(lin.weight, lin.bias.data, lin.state_dict())
