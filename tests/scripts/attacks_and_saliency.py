"""Adversarial images, maps of what a network looks at, pruning and normalised weights."""

import warnings
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.prune as prune

torch.manual_seed(21)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, 1)
        self.conv2 = nn.Conv2d(6, 8, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout2d(0.5)
        self.fc1 = nn.Linear(8 * 4 * 4, 16)
        self.fc2 = nn.Linear(16, 10)

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(x)
        x = self.conv2(x)
        x = F.relu(x)
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = self.fc1(x)
        x = F.relu(x)
        x = self.dropout2(x) if False else x
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)


model = Net().eval()


def fgsm_attack(image, epsilon, data_grad):
    sign = data_grad.sign()
    return torch.clamp(image + epsilon * sign, 0, 1)


data = torch.rand(4, 1, 12, 12)
target = torch.tensor([1, 2, 3, 4])
for eps in [0, 0.05, 0.3]:
    x = data.clone()
    x.requires_grad = True
    out = model(x)
    init_pred = out.max(1, keepdim=True)[1]
    loss = F.nll_loss(out, target)
    model.zero_grad()
    loss.backward()
    g = x.grad.data
    pert = fgsm_attack(x, eps, g)
    fp = model(pert).max(1, keepdim=True)[1]
    print(
        f"Epsilon: {eps}\tloss {F.nll_loss(model(pert), target).item():.4f}",
        init_pred.view(-1).tolist(),
        fp.flatten().tolist(),
    )
delta = torch.zeros_like(data, requires_grad=True)
for t in range(5):
    l = nn.CrossEntropyLoss()(model(data + delta), target)
    l.backward()
    delta.data = (delta + 0.02 * delta.grad.detach().sign()).clamp(-0.1, 0.1)
    delta.grad.zero_()
print(l, delta.detach().abs().max())
# Grad-CAM
acts, grads = {}, {}


def fwd(name):
    def hook(m, i, o):
        acts[name] = o.detach()

    return hook


h1 = model.conv2.register_forward_hook(fwd("conv2"))
h2 = model.conv2.register_full_backward_hook(lambda m, gi, go: grads.__setitem__("conv2", go[0]))
out = model(data)
model.zero_grad()
out[0, out[0].argmax()].backward()
w = grads["conv2"].mean(dim=(2, 3), keepdim=True)
cam = F.relu((w * acts["conv2"]).sum(1, keepdim=True))
cam = F.interpolate(cam, size=(12, 12), mode="bilinear", align_corners=False)
cam = (cam - cam.min()) / (cam.max() - cam.min() + 1e-8)
print(cam[0, 0, 3:5], cam.shape)
h1.remove()
h2.remove()
# Saliency, integrated gradients, smoothgrad, guided backprop
x = data[:1].clone().requires_grad_()
s = model(x)[0].max()
s.backward()
sal, _ = torch.max(x.grad.data.abs(), dim=1)
print(sal.shape, sal[0, 5])
base = torch.zeros_like(data[:1])
ig = 0
for a in torch.linspace(0, 1, 11):
    xi = (base + a * (data[:1] - base)).requires_grad_(True)
    (g,) = torch.autograd.grad(model(xi)[0, 3], xi)
    ig = ig + g
ig = (data[:1] - base) * ig / 11
print(ig.sum(), ig[0, 0, 2, :4])


def relu_hook(module, gi, go):
    return (torch.clamp(gi[0], min=0.0),)


seq = nn.Sequential(
    OrderedDict([("c", nn.Conv2d(1, 3, 3)), ("relu", nn.ReLU()), ("f", nn.Flatten()), ("l", nn.Linear(300, 2))])
)
hs = [m.register_full_backward_hook(relu_hook) for m in seq.modules() if isinstance(m, nn.ReLU)]
x = data[:1].clone().requires_grad_()
seq(x)[0, 1].backward()
print(x.grad[0, 0, 4, :5])
[h.remove() for h in hs]
# deep dream / style
feat = seq[:2]
img = torch.rand(1, 1, 12, 12, requires_grad=True)
for _ in range(3):
    l = feat(img).norm()
    l.backward()
    g = img.grad
    g /= g.std() + 1e-8
    img.data += 0.1 * g
    img.data.clamp_(0, 1)
    img.grad.zero_()
    print(f"{l:.3f}" if not l.requires_grad else f"{l.item():.3f}")
# Pruning
module = model.conv1
print(list(module.named_parameters())[0][1].shape)
prune.random_unstructured(module, name="weight", amount=0.3)
print(sorted(dict(module.named_parameters())), list(dict(module.named_buffers())))
print(module._forward_pre_hooks.values().__class__.__name__)
prune.l1_unstructured(module, name="bias", amount=3)
prune.ln_structured(module, name="weight", amount=0.5, n=2, dim=0)
print([type(h).__name__ for h in module._forward_pre_hooks.values()], module.state_dict().keys())
print((module.weight == 0).float().mean())
prune.remove(module, "weight")
print(list(module.state_dict()))
m2 = Net()
prune.global_unstructured(
    [(m2.conv1, "weight"), (m2.fc1, "weight"), (m2.fc2, "weight")], pruning_method=prune.L1Unstructured, amount=0.2
)
for n, l in [("conv1", m2.conv1), ("fc1", m2.fc1)]:
    print(
        "Sparsity in {}.weight: {:.2f}%".format(n, 100.0 * float(torch.sum(l.weight == 0)) / float(l.weight.nelement()))
    )
# spectral & weight norm
sn = nn.utils.spectral_norm(nn.Linear(4, 3))
print(sn(torch.ones(2, 4)), list(sn.state_dict()), sn)
psn = nn.utils.parametrizations.spectral_norm(nn.Conv2d(2, 3, 3))
print(psn, psn.weight.norm())
wn = torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 2), name="weight")
print(wn, list(wn.state_dict()), wn(torch.ones(3)))

warnings.simplefilter("ignore")
w2 = nn.utils.weight_norm(nn.Linear(3, 2))
print(w2.weight_g.shape, w2.weight_v.shape, w2(torch.ones(1, 3)))
nn.utils.remove_weight_norm(w2)
print(list(w2.state_dict()))
orth = nn.utils.parametrizations.orthogonal(nn.Linear(4, 4))
print(torch.dist(orth.weight.T @ orth.weight, torch.eye(4)) < 1e-5)
print(nn.utils.parameters_to_vector(wn.parameters()).shape)


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)

    def right_inverse(self, A):
        return A.triu()


ly = nn.Linear(3, 3)
nn.utils.parametrize.register_parametrization(ly, "weight", Symmetric())
print(torch.allclose(ly.weight, ly.weight.T), ly)
with nn.utils.parametrize.cached():
    ly(torch.ones(3))
