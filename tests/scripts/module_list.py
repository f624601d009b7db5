"""ModuleList, ModuleDict, ParameterList, buffers, freezing layers, named_children."""

import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, width, activation="relu"):
        super().__init__()
        self.activations = nn.ModuleDict([["relu", nn.ReLU()], ["lrelu", nn.LeakyReLU(0.1)]])
        self.norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, width, bias=False)
        self.which = activation

    def forward(self, x):
        return x + self.activations[self.which](self.fc(self.norm(x)))


class Net(nn.Module):
    def __init__(self, width=6, depth=3):
        super().__init__()
        self.layers = nn.ModuleList([Block(width) for _ in range(depth)])
        self.layers.append(Block(width, "lrelu"))
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(1) * i) for i in range(2)])
        self.register_buffer("steps", torch.zeros(1, dtype=torch.long))
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        self.steps += 1
        for i, layer in enumerate(self.layers):
            x = layer(x) * (self.scales[i % 2] + 1)
        return self.head(x)

    def extra_repr(self):
        return f"steps={self.steps.item()}"


torch.manual_seed(5)
net = Net()
print(net)
x = torch.randn(4, 6)
out = net(x)
print(out)
out.mean().backward()
print({name: tuple(p.grad.shape) for name, p in net.named_parameters() if p.grad is not None})
print(list(net.state_dict().keys()))
for name, child in net.named_children():
    print(name, type(child).__name__)
for p in net.layers.parameters():
    p.requires_grad = False
trainable = [n for n, p in net.named_parameters() if p.requires_grad]
print(trainable, len(net.layers), net.steps)
print(net.layers[0].fc.weight.grad[0])
print(net.head.bias.grad, net.scales[1].grad)
net.zero_grad()
print(net.head.bias.grad)
print(dict(net.named_buffers()))
try:
    net.head2
except AttributeError as error:
    print(str(error).split(". Did")[0])
try:
    net(torch.randn(4, 5))
except RuntimeError as error:
    print(str(error).split("\n")[0])
