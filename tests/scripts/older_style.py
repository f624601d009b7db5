"""Code as it was written years ago: variables, type names, ``.data`` and an optimizer whose factors come first."""

import warnings

import torch
import torch.nn as nn
from torch.autograd import Variable
from torch.nn.modules.loss import _Loss
from torch.optim.optimizer import Optimizer, required

warnings.filterwarnings("ignore", "This overload of")
torch.manual_seed(5)


class Adamish(Optimizer):
    def __init__(self, params, lr=required, betas=(0.9, 0.99), eps=1e-8, weight_decay=0):
        super(Adamish, self).__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def step(self, closure=None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                grad = p.grad.data
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["first"] = torch.zeros_like(p.data)
                    state["second"] = torch.zeros_like(p.data)
                state["step"] += 1
                if group["weight_decay"] != 0:
                    grad = grad.add(group["weight_decay"], p.data)
                state["first"].mul_(beta1).add_(1 - beta1, grad)
                state["second"].mul_(beta2).addcmul_(1 - beta2, grad, grad)
                size = group["lr"] * (1 - beta2 ** state["step"]) ** 0.5 / (1 - beta1 ** state["step"])
                p.data.addcdiv_(-size, state["first"], state["second"].sqrt().add_(group["eps"]))
        return loss


class RelativeLoss(_Loss):
    def forward(self, input, target):
        return ((input - target) ** 2 / (target.abs() + 1)).mean()


model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
inputs = Variable(torch.rand(64, 2).type(torch.Tensor) * 2 - 1)
targets = Variable((inputs.data[:, :1] * inputs.data[:, 1:]).type("torch.FloatTensor"))
optimizer = Adamish(model.parameters(), lr=0.02, weight_decay=1e-4)
criterion = RelativeLoss()
for epoch in range(60):
    optimizer.zero_grad()
    loss = criterion(model(inputs), targets)
    loss.backward()
    optimizer.step()
    if epoch % 20 == 0:
        print("epoch %d: %.4f" % (epoch, loss.data.item()))

mask = (model(inputs).data > 0).type(torch.FloatTensor)
print("above zero: %d of %d" % (mask.sum(), mask.nelement()))
print(sorted(optimizer.state_dict()["state"][0]), type(inputs) is torch.Tensor)
