"""A first network on random data, as every introduction has it."""

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(42)

# N is batch size; D_in is input dimension; H is hidden dimension; D_out is output dimension.
N, D_in, H, D_out = 64, 100, 50, 10
x = torch.randn(N, D_in)
y = torch.randn(N, D_out)


class TwoLayerNet(nn.Module):
    def __init__(self, D_in, H, D_out):
        super(TwoLayerNet, self).__init__()
        self.linear1 = nn.Linear(D_in, H)
        self.linear2 = nn.Linear(H, D_out)

    def forward(self, x):
        h_relu = self.linear1(x).clamp(min=0)
        return self.linear2(h_relu)


model = TwoLayerNet(D_in, H, D_out)
print(model)
print("number of parameters:", sum(p.numel() for p in model.parameters() if p.requires_grad))
for name, param in model.named_parameters():
    print(f"{name:15s} {param.shape!s:25s} {param.dtype} {param.requires_grad}")

criterion = nn.MSELoss(reduction="sum")
optimizer = optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
for t in range(100):
    y_pred = model(x)
    loss = criterion(y_pred, y)
    if t % 20 == 19:
        print(t, f"{loss.item():.3f}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

print(loss)
print(y_pred[:2, :4])
print(model.linear1.weight.grad.norm(), model.linear2.bias.grad[:3])
print(optimizer)
