"""XOR with sigmoid units and binary cross-entropy."""

import torch
from torch import nn, optim

torch.manual_seed(1)

X = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float32)
Y = torch.tensor([[0], [1], [1], [0]], dtype=torch.float32)
print(X, Y, sep="\n")
print(X.shape, Y.size(), X.dtype)

model = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid())
criterion = nn.BCELoss()
optimizer = optim.Adam(model.parameters(), lr=0.1)

for epoch in range(501):
    out = model(X)
    loss = criterion(out, Y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 100 == 0:
        print("Epoch: {:4d}, loss: {:.4f}".format(epoch, loss.item()))

with torch.no_grad():
    predicted = model(X)
    print("Predicted:\n", predicted.round())
    accuracy = (predicted.round() == Y).float().mean()
    print("Accuracy:", accuracy, accuracy.item())
    for a, b in zip(X, predicted, strict=True):
        print(f"{a.tolist()} -> {b.item():.2f}  {int(b > 0.5)}")
print(model[0].weight.shape, model[0].bias.requires_grad, model[-1])
