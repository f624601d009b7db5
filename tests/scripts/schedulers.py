"""Learning rates over time, parameter groups, gradient clipping."""

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, ReduceLROnPlateau, StepLR

torch.manual_seed(3)
x = torch.linspace(-1, 1, 50).unsqueeze(1)
y = x**3 - 0.5 * x + 0.1 * torch.randn(50, 1)

net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(
    [{"params": net[0].parameters()}, {"params": net[2].parameters(), "lr": 0.05}],
    lr=0.1,
    momentum=0.9,
    weight_decay=1e-4,
)
scheduler = StepLR(optimizer, step_size=10, gamma=0.5)
for epoch in range(30):
    loss = nn.functional.mse_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    total = torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm=0.5)
    optimizer.step()
    scheduler.step()
    if (epoch + 1) % 5 == 0:
        print(
            f"epoch {epoch + 1:2d} | loss {loss:.5f} | grad norm {total:.4f} | lr {optimizer.param_groups[0]['lr']:.4g}"
            f" {scheduler.get_last_lr()}"
        )

p = nn.Parameter(torch.zeros(1))
for make in (
    lambda o: CosineAnnealingLR(o, T_max=8, eta_min=0.001),
    lambda o: LambdaLR(o, lr_lambda=lambda epoch: 0.95**epoch),
    lambda o: torch.optim.lr_scheduler.ExponentialLR(o, gamma=0.9),
    lambda o: torch.optim.lr_scheduler.MultiStepLR(o, milestones=[2, 5], gamma=0.1),
    lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=8),
):
    optimizer = torch.optim.SGD([p], lr=0.1)
    scheduler = make(optimizer)
    rates = []
    for _ in range(7):
        optimizer.step()
        scheduler.step()
        rates.append(round(optimizer.param_groups[0]["lr"], 6))
    print(type(scheduler).__name__, rates)

optimizer = torch.optim.Adam([p], lr=0.1)
scheduler = ReduceLROnPlateau(optimizer, mode="min", factor=0.1, patience=2)
for value in [1.0, 0.9, 0.95, 0.95, 0.95, 0.95, 0.95]:
    scheduler.step(value)
    print(optimizer.param_groups[0]["lr"], end=" ")
print()
print(optimizer)
