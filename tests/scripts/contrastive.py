"""Siamese, triplet and contrastive losses, distillation, mixing of images, moving averages of weights."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(7)
np.random.seed(7)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(10, 16), nn.PReLU(), nn.Linear(16, 4))

    def forward_once(self, x):
        return self.fc(x)

    def forward(self, a, b):
        return self.forward_once(a), self.forward_once(b)


class ContrastiveLoss(torch.nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, o1, o2, label):
        d = F.pairwise_distance(o1, o2, keepdim=True)
        return torch.mean((1 - label) * torch.pow(d, 2) + label * torch.pow(torch.clamp(self.margin - d, min=0.0), 2))


net = Siamese()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
crit = ContrastiveLoss()
for i in range(10):
    a, b, l = torch.randn(16, 10), torch.randn(16, 10), torch.randint(0, 2, (16, 1)).float()
    opt.zero_grad()
    loss = crit(*net(a, b), l)
    loss.backward()
    opt.step()
    if not i % 3:
        print("Epoch number {}\n Current loss {:.4f}\n".format(i, loss.item()))
trip = nn.TripletMarginLoss(margin=1.0, p=2, eps=1e-7)
x = torch.randn(5, 8, requires_grad=True)
l = trip(x, torch.randn(5, 8), torch.randn(5, 8))
l.backward()
print(l, x.grad.norm())
td = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: 1.0 - F.cosine_similarity(x, y))
print(
    td(x, x + 1, x - 1),
    nn.CosineEmbeddingLoss(0.2)(x, -x, torch.tensor([1, -1, 1, -1, 1])),
    nn.HingeEmbeddingLoss()(x[:, 0], torch.ones(5)),
    nn.MarginRankingLoss(0.1)(x[:, 0], x[:, 1], torch.ones(5)),
)


def nt_xent(z1, z2, t=0.5):
    z = F.normalize(torch.cat([z1, z2], dim=0), dim=1)
    n = z.size(0)
    sim = torch.mm(z, z.T) / t
    sim.masked_fill_(torch.eye(n, dtype=torch.bool), float("-inf"))
    lab = torch.cat([torch.arange(n // 2) + n // 2, torch.arange(n // 2)])
    return F.cross_entropy(sim, lab)


def info_nce_loss(features, bs=6, temp=0.07):
    labels = torch.cat([torch.arange(bs) for i in range(2)], dim=0)
    labels = (labels.unsqueeze(0) == labels.unsqueeze(1)).float()
    features = F.normalize(features, dim=1)
    sm = torch.matmul(features, features.T)
    mask = torch.eye(labels.shape[0], dtype=torch.bool)
    labels = labels[~mask].view(labels.shape[0], -1)
    sm = sm[~mask].view(sm.shape[0], -1)
    pos = sm[labels.bool()].view(labels.shape[0], -1)
    neg = sm[~labels.bool()].view(sm.shape[0], -1)
    logits = torch.cat([pos, neg], dim=1)
    return logits / temp, torch.zeros(logits.shape[0], dtype=torch.long)


f = torch.randn(12, 6, requires_grad=True)
print(nt_xent(f[:6], f[6:]))
lg, lb = info_nce_loss(f)
l = nn.CrossEntropyLoss()(lg, lb)
l.backward()
print(l, f.grad[0])
# distillation
teacher = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 3)).eval().requires_grad_(False)
student = nn.Linear(10, 3)
T, alpha = 4.0, 0.3
opt = torch.optim.SGD(student.parameters(), lr=0.5, momentum=0.9)
X = torch.randn(128, 10)
Y = teacher(X).argmax(1)
for i in range(10):
    with torch.no_grad():
        tl = teacher(X)
    sl = student(X)
    kd = nn.KLDivLoss(reduction="batchmean")(F.log_softmax(sl / T, dim=1), F.softmax(tl / T, dim=1)) * T * T
    loss = alpha * kd + (1 - alpha) * F.cross_entropy(sl, Y)
    opt.zero_grad()
    loss.backward()
    opt.step()
print("KD", f"{loss:.4f} {kd:.4f}".replace("nan", "?"), (student(X).argmax(1) == Y).float().mean().item())


class LabelSmoothing(nn.Module):
    def __init__(self, size, padding_idx, smoothing=0.0):
        super().__init__()
        self.criterion = nn.KLDivLoss(reduction="sum")
        self.padding_idx, self.confidence, self.smoothing, self.size, self.true_dist = (
            padding_idx,
            1.0 - smoothing,
            smoothing,
            size,
            None,
        )

    def forward(self, x, target):
        assert x.size(1) == self.size
        true_dist = x.data.clone()
        true_dist.fill_(self.smoothing / (self.size - 2))
        true_dist.scatter_(1, target.data.unsqueeze(1), self.confidence)
        true_dist[:, self.padding_idx] = 0
        mask = torch.nonzero(target.data == self.padding_idx)
        if mask.dim() > 0:
            true_dist.index_fill_(0, mask.squeeze(), 0.0)
        self.true_dist = true_dist
        return self.criterion(x, true_dist.clone().detach())


crit = LabelSmoothing(5, 0, 0.4)
predict = torch.FloatTensor([[0, 0.2, 0.7, 0.1, 0], [0, 0.2, 0.7, 0.1, 0], [0, 0.2, 0.7, 0.1, 0]])
print(crit(predict.add(1e-9).log(), torch.LongTensor([2, 1, 0])))
print(crit.true_dist)


def mixup_data(x, y, alpha=1.0):
    lam = np.random.beta(alpha, alpha) if alpha > 0 else 1
    index = torch.randperm(x.size()[0])
    return lam * x + (1 - lam) * x[index, :], y, y[index], lam


mx, ya, yb, lam = mixup_data(X, Y)
mixed = lam * F.cross_entropy(student(mx), ya) + (1 - lam) * F.cross_entropy(student(mx), yb)
print(round(mixed.item(), 5))


def cutmix(x, lam):
    W, H = x.size(2), x.size(3)
    cut = np.sqrt(1.0 - lam)
    cw, ch = int(W * cut), int(H * cut)
    cx, cy = np.random.randint(W), np.random.randint(H)
    a, b, c, d = (
        np.clip(cx - cw // 2, 0, W),
        np.clip(cy - ch // 2, 0, H),
        np.clip(cx + cw // 2, 0, W),
        np.clip(cy + ch // 2, 0, H),
    )
    r = torch.randperm(x.size(0))
    x = x.clone()
    x[:, :, a:c, b:d] = x[r, :, a:c, b:d]
    return x, 1 - ((c - a) * (d - b) / (W * H))


im = torch.arange(2 * 36.0).view(2, 1, 6, 6)
print(cutmix(im, 0.5))


class EMA:
    def __init__(self, model, decay):
        self.decay, self.shadow, self.backup = (
            decay,
            {n: p.data.clone() for n, p in model.named_parameters() if p.requires_grad},
            {},
        )

    def update(self, model):
        for n, p in model.named_parameters():
            if p.requires_grad:
                assert n in self.shadow
                self.shadow[n] = ((1.0 - self.decay) * p.data + self.decay * self.shadow[n]).clone()

    def apply_shadow(self, model):
        for n, p in model.named_parameters():
            self.backup[n] = p.data
            p.data = self.shadow[n]

    def restore(self, model):
        for n, p in model.named_parameters():
            p.data = self.backup[n]


ema = EMA(student, 0.9)
swa = torch.optim.swa_utils.AveragedModel(student)
e2 = torch.optim.swa_utils.AveragedModel(student, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
sch = torch.optim.swa_utils.SWALR(opt, swa_lr=0.05, anneal_epochs=3)
for _ in range(5):
    opt.zero_grad()
    F.cross_entropy(student(X), Y).backward()
    opt.step()
    ema.update(student)
    swa.update_parameters(student)
    e2.update_parameters(student)
    sch.step()
ema.apply_shadow(student)
print(student.weight[0, :3])
ema.restore(student)
print(
    student.weight[0, :3], swa.module.weight[0, :3], e2.module.weight[0, :3], swa.n_averaged, opt.param_groups[0]["lr"]
)
torch.optim.swa_utils.update_bn([X], swa)
# MoCo
q, k = nn.Linear(10, 4), nn.Linear(10, 4)
k.load_state_dict(q.state_dict())
for p in k.parameters():
    p.requires_grad = False
queue = F.normalize(torch.randn(4, 24), dim=0)
ptr = torch.zeros(1, dtype=torch.long)
for i in range(3):
    qq = F.normalize(q(X[:8]), dim=1)
    with torch.no_grad():
        for pq, pk in zip(q.parameters(), k.parameters()):
            pk.data = pk.data * 0.99 + pq.data * (1.0 - 0.99)
        kk = F.normalize(k(X[:8] + 0.1), dim=1)
    lpos = torch.einsum("nc,nc->n", [qq, kk]).unsqueeze(-1)
    lneg = torch.einsum("nc,ck->nk", [qq, queue.clone().detach()])
    logits = torch.cat([lpos, lneg], dim=1) / 0.07
    loss = F.cross_entropy(logits, torch.zeros(8, dtype=torch.long))
    loss.backward()
    p = int(ptr)
    queue[:, p : p + 8] = kk.T
    ptr[0] = (p + 8) % 24
    print(loss, ptr)
# BYOL / Barlow
z1, z2 = torch.randn(16, 4), torch.randn(16, 4)
bn = nn.BatchNorm1d(4, affine=False)
c = bn(z1).T @ bn(z2)
c.div_(16)
on = torch.diagonal(c).add_(-1).pow_(2).sum()
n, m = c.shape
off = c.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten().pow_(2).sum()
print(on, off)
