"""Saving and loading a state dict and a checkpoint."""

import os
import tempfile

import torch
import torch.nn as nn

torch.manual_seed(7)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
x = torch.randn(16, 4)
target = torch.randint(0, 2, (16,))
for _ in range(5):
    loss = nn.functional.cross_entropy(model(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

print("Model's state_dict:")
for param_tensor in model.state_dict():
    print(param_tensor, "\t", model.state_dict()[param_tensor].size())
print("Optimizer's state_dict:")
for var_name in optimizer.state_dict():
    if var_name == "param_groups":
        print(var_name, "\t", optimizer.state_dict()[var_name])
print(optimizer.state_dict()["state"][0]["step"], optimizer.state_dict()["state"].keys())

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.pth")
    torch.save(model.state_dict(), path)
    fresh = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 2))
    print(fresh.load_state_dict(torch.load(path, weights_only=True)))
    model.eval()
    fresh.eval()
    print(torch.equal(model(x), fresh(x)), model.training)

    path = os.path.join(folder, "checkpoint.tar")
    torch.save(
        {
            "epoch": 5,
            "model_state_dict": model.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
            "loss": loss,
        },
        path,
    )
    checkpoint = torch.load(path, map_location="cpu")
    fresh.load_state_dict(checkpoint["model_state_dict"])
    optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
    print(checkpoint["epoch"], checkpoint["loss"])

    tensors = {"a": torch.arange(3), "b": [torch.zeros(2, dtype=torch.float64), "text"]}
    torch.save(tensors, path)
    print(torch.load(path))

try:
    fresh.load_state_dict({"0.weight": torch.zeros(3, 3)})
except RuntimeError as error:
    print(error)
print(fresh.load_state_dict({}, strict=False))
