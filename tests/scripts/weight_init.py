"""Initialising weights with a function passed to model.apply."""

import torch
import torch.nn as nn
import torch.nn.init as init

torch.manual_seed(123)


def init_weights(m):
    if isinstance(m, nn.Linear):
        torch.nn.init.xavier_uniform_(m.weight)
        m.bias.data.fill_(0.01)
    elif type(m) is nn.Embedding:
        m.weight.data.normal_(0, 0.02)


net = nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(8, 4), nn.ReLU(inplace=True), nn.Linear(4, 2))
net.apply(init_weights)
for name, param in net.named_parameters():
    print(name, param.data)
print(net[2].bias)

w = torch.empty(3, 5)
print(init.uniform_(w))
print(init.normal_(w, mean=1.0, std=0.5))
print(init.constant_(w, 0.3))
print(init.eye_(w))
print(init.kaiming_uniform_(w, mode="fan_in", nonlinearity="relu"))
print(init.kaiming_normal_(w, a=0.2, mode="fan_out", nonlinearity="leaky_relu"))
print(init.xavier_normal_(w, gain=init.calculate_gain("tanh")))
print(init.trunc_normal_(w, std=0.02))
q = init.orthogonal_(torch.empty(3, 3))
print(torch.allclose(q @ q.T, torch.eye(3), atol=1e-5))
print(list(net.children())[0], [type(m).__name__ for m in net.modules()])
net.requires_grad_(False)
print(any(p.requires_grad for p in net.parameters()))
print(sum(p.numel() for p in net.parameters()), net(torch.tensor([[1, 2], [3, 4]])))
