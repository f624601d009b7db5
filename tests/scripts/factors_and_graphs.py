"""Matrix factorisation, graph networks, mixture density networks and mixtures by expectation maximisation."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim

torch.manual_seed(2023)
np.random.seed(2023)


# matrix factorisation with bias
class MF(nn.Module):
    def __init__(self, u, i, k=8):
        super().__init__()
        self.U, self.I, self.ub, self.ib = (
            nn.Embedding(u, k),
            nn.Embedding(i, k),
            nn.Embedding(u, 1),
            nn.Embedding(i, 1),
        )
        [nn.init.normal_(e.weight, std=0.1) for e in (self.U, self.I)]
        [e.weight.data.zero_() for e in (self.ub, self.ib)]
        self.mu = nn.Parameter(torch.zeros(1))

    def forward(self, u, i):
        return (self.U(u) * self.I(i)).sum(-1) + self.ub(u).squeeze(-1) + self.ib(i)[:, 0] + self.mu


us, it, r = torch.randint(0, 20, (300,)), torch.randint(0, 30, (300,)), torch.randint(1, 6, (300,)).float()
mf = MF(20, 30)
opt = optim.Adagrad(mf.parameters(), lr=0.1, weight_decay=1e-4)
for ep in range(5):
    perm = torch.randperm(300)
    tot = 0.0
    for b in perm.split(64):
        opt.zero_grad()
        l = F.mse_loss(mf(us[b], it[b]), r[b])
        l.backward()
        opt.step()
        tot += l.item() * len(b)
    print(f"epoch {ep} rmse {math.sqrt(tot / 300):.4f}")


# GCN
def normalize_adj(A):
    A = A + torch.eye(A.size(0))
    d = A.sum(1)
    D = torch.diag(d.pow(-0.5))
    return D @ A @ D


class GraphConvolution(nn.Module):
    def __init__(self, i, o, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.FloatTensor(i, o))
        self.bias = nn.Parameter(torch.FloatTensor(o)) if bias else None
        stdv = 1.0 / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        self.bias.data.uniform_(-stdv, stdv)

    def forward(self, x, adj):
        s = torch.mm(x, self.weight)
        o = torch.spmm(adj, s) if False else adj @ s
        return o + self.bias

    def __repr__(self):
        return self.__class__.__name__ + " (" + str(self.weight.shape[0]) + " -> " + str(self.weight.shape[1]) + ")"


A = (torch.rand(12, 12) > 0.7).float()
A = torch.maximum(A, A.T)
A.fill_diagonal_(0)
adj = normalize_adj(A)
X = torch.eye(12)
y = (A.sum(1) > A.sum(1).median()).long()
g1, g2 = GraphConvolution(12, 8), GraphConvolution(8, 2)
opt = optim.Adam([*g1.parameters(), *g2.parameters()], lr=0.05)
idx = torch.tensor([0, 3, 5, 7])
for e in range(20):
    opt.zero_grad()
    out = F.log_softmax(g2(F.dropout(F.relu(g1(X, adj)), 0.5), adj), dim=1)
    l = F.nll_loss(out[idx], y[idx])
    l.backward()
    opt.step()
print(g1, g2, f"{l:.4f}" if not l.requires_grad else f"{l.item():.4f}")


class GAT(nn.Module):
    def __init__(self, i, o, a=0.2):
        super().__init__()
        self.W = nn.Parameter(torch.empty(i, o))
        self.a = nn.Parameter(torch.empty(2 * o, 1))
        nn.init.xavier_uniform_(self.W.data, gain=1.414)
        nn.init.xavier_uniform_(self.a.data, gain=1.414)
        self.l = nn.LeakyReLU(a)
        self.o = o

    def forward(self, h, adj):
        Wh = torch.mm(h, self.W)
        e = self.l(torch.matmul(Wh, self.a[: self.o, :]) + torch.matmul(Wh, self.a[self.o :, :]).T)
        att = torch.where(adj > 0, e, -9e15 * torch.ones_like(e))
        return F.elu(torch.matmul(F.softmax(att, dim=1), Wh))


o = GAT(12, 4)(X, A + torch.eye(12))
o.sum().backward()
print(o[0], o.shape)
# message passing by scatter
ei = A.nonzero().t()
msg = torch.zeros(12, 4).index_add_(0, ei[1], o.detach()[ei[0]])
print(
    msg[0],
    ei.shape,
    torch.zeros(12).scatter_add_(0, ei[1], torch.ones(ei.size(1)))[:5],
    torch.zeros(12, 4).scatter_reduce(
        0, ei[1][:, None].expand(-1, 4), o.detach()[ei[0]], reduce="amax", include_self=False
    )[1],
)


# MDN
class MDN(nn.Module):
    def __init__(self, h=16, k=5):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, h), nn.Tanh())
        self.pi, self.s, self.mu = nn.Linear(h, k), nn.Linear(h, k), nn.Linear(h, k)

    def forward(self, x):
        z = self.z_h(x)
        return F.softmax(self.pi(z), -1), torch.exp(self.s(z)), self.mu(z)


yd = torch.linspace(-7, 7, 60).unsqueeze(1)
xd = torch.sin(0.75 * yd) * 7.0 + yd * 0.5 + torch.randn(60, 1)
mdn = MDN()
opt = optim.Adam(mdn.parameters(), lr=0.01)
for i in range(30):
    pi, s, mu = mdn(xd)
    m = torch.distributions.Normal(loc=mu, scale=s)
    loss = torch.exp(m.log_prob(yd.expand_as(mu)))
    loss = torch.mean(-torch.log(torch.sum(loss * pi, dim=1)))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 10 == 0:
        print(i, loss.data.tolist() > 0, f"{loss.item():.4f}")
k = torch.multinomial(pi, 1).view(-1)
print(torch.normal(mu, s)[torch.arange(60), k].data[:4])
gmm = torch.distributions.MixtureSameFamily(
    torch.distributions.Categorical(logits=torch.zeros(3)),
    torch.distributions.Independent(torch.distributions.Normal(torch.arange(6.0).view(3, 2), torch.ones(3, 2)), 1),
)
print(gmm.log_prob(torch.zeros(2)), gmm.sample((2,)).shape, gmm.mean)
# EM
X2 = torch.cat([torch.randn(40, 2) + 3, torch.randn(40, 2) - 3])
mu, S, w = X2[[0, 50]].clone(), torch.eye(2).repeat(2, 1, 1), torch.full((2,), 0.5)
for _ in range(5):
    lp = torch.stack([torch.distributions.MultivariateNormal(mu[k], S[k]).log_prob(X2) for k in range(2)], 1) + w.log()
    R = lp.softmax(1)
    Nk = R.sum(0)
    mu = (R.T @ X2) / Nk[:, None]
    d = X2[:, None] - mu
    S = torch.einsum("nk,nki,nkj->kij", R, d, d) / Nk[:, None, None]
    w = Nk / len(X2)
print(mu, S, w, f"{lp.logsumexp(1).sum():.1f}")
