"""Forward hooks for activations, tensor hooks, retain_grad, backward hooks."""

import torch
import torch.nn as nn

torch.manual_seed(11)
activation = {}


def get_activation(name):
    def hook(model, input, output):
        activation[name] = output.detach()

    return hook


model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
handle = model[0].register_forward_hook(get_activation("fc1"))
model[1].register_forward_hook(get_activation("tanh"))
x = torch.randn(2, 3, requires_grad=True)
out = model(x)
for k, v in activation.items():
    print(k, v.shape, v)
handle.remove()
model[2].register_full_backward_hook(
    lambda m, gi, go: print("backward of", m, [g.shape for g in gi], [g.shape for g in go])
)
model[2].register_forward_pre_hook(lambda m, inputs: (inputs[0] * 2,))

h = model[0](x)
h.retain_grad()
h.register_hook(lambda grad: print("grad of h:", grad))
loss = model[2](model[1](h)).pow(2).mean()
loss.backward()
print(loss, h.grad.shape, x.grad)

a = torch.tensor(2.0, requires_grad=True)
b = a * 3
b.register_hook(lambda g: g * 10)
c = b**2
print(c, c.grad_fn.name(), c.grad_fn.next_functions[0][0].name())
c.backward()
print(a.grad)
print(a.is_leaf, b.is_leaf, b.requires_grad, b.detach().requires_grad)
try:
    c.backward()
except RuntimeError as error:
    print(str(error)[:80])
