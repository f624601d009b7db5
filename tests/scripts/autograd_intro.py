"""Autograd, step by step."""

import torch

x = torch.ones(2, 2, requires_grad=True)
print(x)
y = x + 2
print(y, y.grad_fn.name())
z = y * y * 3
out = z.mean()
print(z, out)
out.backward()
print(x.grad)
a = torch.tensor([[0.5, -1.0], [2.0, 0.1]])
a = (a * 3) / (a - 1)
print(a.requires_grad)
a.requires_grad_(True)
b = (a * a).sum()
print(b.grad_fn.name(), b)

a = torch.tensor([2.0, 3.0], requires_grad=True)
b = torch.tensor([6.0, 4.0], requires_grad=True)
Q = 3 * a**3 - b**2
Q.backward(gradient=torch.tensor([1.0, 1.0]))
print(9 * a**2 == a.grad, -2 * b == b.grad, a.grad, b.grad)

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x * 2
n = 0
while y.data.norm() < 1000:
    y = y * 2
    n += 1
print(n, y)
v = torch.tensor([0.1, 1.0, 0.0001], dtype=torch.float)
y.backward(v)
print(x.grad)
print(x.requires_grad, (x**2).requires_grad)
with torch.no_grad():
    print((x**2).requires_grad)
print(x.detach().eq(x).all(), x.data, x.detach())

w = torch.tensor(1.0, requires_grad=True)
for _ in range(3):
    loss = (w * 2 - 3) ** 2
    loss.backward()
    print(w.grad)
w.grad.zero_()
print(w.grad)

inp = torch.eye(4, 5, requires_grad=True)
out = (inp + 1).pow(2).t()
out.backward(torch.ones_like(out), retain_graph=True)
print(f"First call\n{inp.grad}")
out.backward(torch.ones_like(out), retain_graph=True)
print(f"\nSecond call\n{inp.grad}")
inp.grad.zero_()
out.backward(torch.ones_like(out))
print(f"\nCall after zeroing gradients\n{inp.grad}")
try:
    out.backward(torch.ones_like(out))
except RuntimeError as error:
    print(str(error).split(".")[0])

x = torch.ones(5)
y = torch.zeros(3)
torch.manual_seed(0)
w = torch.randn(5, 3, requires_grad=True)
b = torch.randn(3, requires_grad=True)
z = torch.matmul(x, w) + b
loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
print(f"Gradient function for z = {z.grad_fn.name()}")
print(f"Gradient function for loss = {loss.grad_fn.name()}")
loss.backward()
print(w.grad)
print(b.grad)
print(z, loss)
for make in (
    lambda t: t.exp(), lambda t: t.relu(), lambda t: t.sigmoid(), lambda t: t.sum(), lambda t: t[0], lambda t: t.view(-1),
    lambda t: t.reshape(3, 5), lambda t: t.t(), lambda t: t @ t.t(), lambda t: t / 2, lambda t: 2 / t, lambda t: t - 1,
    lambda t: 1 - t, lambda t: -t, lambda t: t.max(), lambda t: t.max(1)[0], lambda t: t.softmax(1), lambda t: t.log_softmax(1),
    lambda t: t.abs(), lambda t: t.norm(), lambda t: t.std(), lambda t: t.clamp(0, 1), lambda t: torch.cat([t, t]),
    lambda t: torch.stack([t, t]), lambda t: t.unsqueeze(0), lambda t: t.squeeze(), lambda t: t.clone(), lambda t: t**0.5,
    lambda t: torch.where(t > 0, t, t * 2), lambda t: t.tanh(), lambda t: t.expand(2, 5, 3), lambda t: t.permute(1, 0),
    lambda t: t.to(torch.float64), lambda t: t.mean(0), lambda t: t.logsumexp(0), lambda t: t[t > 0], lambda t: t.cumsum(0),
    lambda t: torch.nn.functional.mse_loss(t, t.detach()), lambda t: t.flatten(), lambda t: t.repeat(2, 1), lambda t: t[:, 1:],
    lambda t: t.gather(0, torch.zeros(1, 3, dtype=torch.long)), lambda t: t.masked_fill(t > 0, 0), lambda t: t.prod(),
    lambda t: torch.nn.functional.linear(t, t), lambda t: torch.nn.functional.gelu(t), lambda t: t.sqrt(), lambda t: t.log(),
    lambda t: torch.einsum("ij,kj->ik", t, t), lambda t: t.chunk(2)[0], lambda t: t.sort()[0], lambda t: t.topk(2)[0],
    lambda t: torch.nn.functional.dropout(t), lambda t: t.var(), lambda t: t.min(), lambda t: t.split(2)[1], lambda t: t.sin(),
):  # fmt: skip
    print(make(w).grad_fn.name(), end=" ")
print()
x = torch.tensor([0.5, 1.0], requires_grad=True)
try:
    x[0] = 3.0
except RuntimeError as error:
    print(error)
try:
    (x * 2).backward()
except RuntimeError as error:
    print(error)
try:
    torch.ones(2).sum().backward()
except RuntimeError as error:
    print(error)
y = x.exp()
y.add_(1)
try:
    y.sum().backward()
except RuntimeError as error:
    print(str(error)[:70])
print(torch.autograd.grad((x**3).sum(), x, create_graph=True))
with torch.set_grad_enabled(False):
    print((x * 2).requires_grad, torch.is_grad_enabled())
