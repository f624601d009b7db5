"""New autograd functions: an exponential, a clamped ReLU, a straight-through estimator, a Legendre polynomial."""

import math

import torch
from torch.autograd import Function, gradcheck


class Exp(Function):
    @staticmethod
    def forward(ctx, i):
        result = i.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, grad_output):
        (result,) = ctx.saved_tensors
        return grad_output * result


class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


class Threshold(Function):
    @staticmethod
    def forward(ctx, x, threshold):
        ctx.threshold = threshold
        return (x > threshold).float()

    @staticmethod
    def backward(ctx, grad):
        return grad, None


x = torch.tensor([-1.5, 0.0, 0.5, 2.0], requires_grad=True)
y = Exp.apply(x)
print(y)
y.sum().backward()
print(x.grad)

x.grad.zero_()
out = MyReLU.apply(x)
out.backward(torch.tensor([1.0, 2.0, 3.0, 4.0]))
print(out, x.grad)

x.grad = None
hard = Threshold.apply(x, 0.2)
print(hard, hard.grad_fn is not None, hard.requires_grad)
(hard * torch.arange(4.0)).sum().backward()
print(x.grad)

print(gradcheck(Exp.apply, (torch.randn(3, dtype=torch.double, requires_grad=True),)))


class LegendrePolynomial3(torch.autograd.Function):
    """P3(x) = 1/2 (5 x^3 - 3 x)."""

    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input**3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input**2 - 1)


dtype = torch.float
device = torch.device("cpu")
x = torch.linspace(-math.pi, math.pi, 2000, device=device, dtype=dtype)
y = torch.sin(x)
a = torch.full((), 0.0, device=device, dtype=dtype, requires_grad=True)
b = torch.full((), -1.0, device=device, dtype=dtype, requires_grad=True)
c = torch.full((), 0.0, device=device, dtype=dtype, requires_grad=True)
d = torch.full((), 0.3, device=device, dtype=dtype, requires_grad=True)
P3 = LegendrePolynomial3.apply
for t in range(400):
    y_pred = a + b * P3(c + d * x)
    loss = (y_pred - y).pow(2).sum()
    if t % 100 == 99:
        print(t, f"{loss.item():.2f}")
    loss.backward()
    with torch.no_grad():
        a -= 5e-6 * a.grad
        b -= 5e-6 * b.grad
        c -= 5e-6 * c.grad
        d -= 5e-6 * d.grad
        a.grad = None
        b.grad = None
        c.grad = None
        d.grad = None
print(f"Result: y = {a.item() + 1:.3f} + {b.item():.3f} * P3({c.item() + 1:.3f} + {d.item():.3f} x)")
