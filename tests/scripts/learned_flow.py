"""A flow whose transforms are modules too, a model that watches its own parameters, and averages of lists of tensors."""

import torch
from torch import nn
from torch.distributions import Independent, Normal, Transform, TransformedDistribution, constraints

torch.manual_seed(2)


class Planar(Transform, nn.Module):
    domain = constraints.independent(constraints.real, 1)
    codomain = constraints.independent(constraints.real, 1)
    bijective = True

    def __init__(self, size):
        super().__init__(cache_size=1)
        self.scale = nn.Parameter(torch.zeros(size))
        self.shift = nn.Parameter(torch.zeros(size))

    def __hash__(self):
        return nn.Module.__hash__(self)

    def _call(self, x):
        return x * self.scale.exp() + self.shift

    def _inverse(self, y):
        return (y - self.shift) * (-self.scale).exp()

    def log_abs_det_jacobian(self, x, y):
        return self.scale.sum().expand(x.shape[:-1])


class Watched(nn.Module):
    def __init__(self):
        super().__init__()
        self.flow = Planar(2)
        self.offset = nn.Parameter(torch.ones(1))
        self.register_buffer("asked", torch.zeros(1, dtype=torch.long))

    def __getattr__(self, name):
        if name == "offset":
            self.asked.add_(1)
        return super().__getattr__(name)

    def forward(self, x):
        base = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
        return TransformedDistribution(base, [self.flow]).log_prob(x - self.offset)


data = torch.randn(200, 2) * torch.tensor([2.0, 0.5]) + torch.tensor([3.0, -1.0])
model = Watched()
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
averages = [p.detach().clone() for p in model.parameters()]
for step in range(120):
    optimizer.zero_grad()
    loss = -model(data).mean()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        torch._foreach_lerp_(averages, list(model.parameters()), 0.1)
    if step % 40 == 0:
        print(f"{step:3d} {loss.item():.4f}")

print([name for name, _ in model.named_parameters()])
print("asked for the offset:", int(model.asked) >= 120)
print("scales:", [round(v, 1) for v in model.flow.scale.exp().tolist()])
print("averages:", [[round(v, 1) for v in each.tolist()] for each in averages])

covariance = torch.randn(3, 3)
covariance = covariance @ covariance.t()
covariance.view(-1)[:: 3 + 1] += 0.5
factor = torch.linalg.cholesky(covariance)
print(
    "masks:",
    torch.ones(2, 3, 3, dtype=torch.bool).tril(-1).sum().item(),
    torch.dist(factor @ factor.t(), covariance).item() < 1e-5,
)
