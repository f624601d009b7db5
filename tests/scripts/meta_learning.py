"""Gradients of gradients: a gradient penalty, a Hessian, MAML on sine waves, Newton's method."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)


def net(x, params):
    x = F.linear(x, params[0], params[1])
    x = torch.tanh(x)
    return F.linear(x, params[2], params[3])


params = [
    torch.Tensor(20, 1).uniform_(-1.0, 1.0).requires_grad_(),
    torch.Tensor(20).zero_().requires_grad_(),
    torch.Tensor(1, 20).uniform_(-0.3, 0.3).requires_grad_(),
    torch.Tensor(1).zero_().requires_grad_(),
]
opt = torch.optim.Adam(params, lr=1e-2)
for it in range(31):
    loss2 = 0.0
    opt.zero_grad()
    for _ in range(3):
        A, phase = torch.rand(1) * 4.5 + 0.5, torch.rand(1) * math.pi
        x = torch.rand(8, 1) * 4 * math.pi - 2 * math.pi
        y = torch.sin(x + phase) * A
        v_x = torch.rand(8, 1) * 4 * math.pi - 2 * math.pi
        v_y = torch.sin(v_x + phase) * A
        loss = ((net(x, params) - y) ** 2).sum() / 8
        grads = torch.autograd.grad(loss, params, create_graph=True)
        new_params = [(params[i] - 0.01 * grads[i]) for i in range(len(params))]
        loss2 = loss2 + F.mse_loss(net(v_x, new_params), v_y)
    loss2.backward()
    opt.step()
    if it % 10 == 0:
        print(f"Iteration {it} -- Outer loss: {loss2.item() / 3:.4f}")

critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
real, fake = torch.randn(6, 2), torch.randn(6, 2) + 1
alpha = torch.rand(6, 1)
interpolates = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
d = critic(interpolates)
g = torch.autograd.grad(
    outputs=d,
    inputs=interpolates,
    grad_outputs=torch.ones_like(d),
    create_graph=True,
    retain_graph=True,
    only_inputs=True,
)[0]
gp = ((g.norm(2, dim=1) - 1) ** 2).mean()
gp.backward()
print(gp, critic[0].weight.grad)


def rosenbrock(v):
    return (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2


v = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
for i in range(6):
    f = rosenbrock(v)
    (g,) = torch.autograd.grad(f, v, create_graph=True)
    H = torch.stack([torch.autograd.grad(g[k], v, retain_graph=True)[0] for k in range(2)])
    det = H[0, 0] * H[1, 1] - H[0, 1] * H[1, 0]
    inv = torch.stack([torch.stack([H[1, 1], -H[0, 1]]), torch.stack([-H[1, 0], H[0, 0]])]) / det
    with torch.no_grad():
        v -= inv @ g
    print(i, f"{f.item():.6f}", v)
print(H)
x = torch.tensor(0.5, requires_grad=True)
y = torch.sin(x)
for order in range(1, 5):
    (y,) = torch.autograd.grad(y, x, create_graph=True)
    print(order, y)
