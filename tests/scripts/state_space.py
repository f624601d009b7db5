"""A Kalman filter, a hidden Markov model and a Gaussian process, by their likelihoods."""

import math

import torch

torch.manual_seed(123)
# Kalman filter
F_ = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
H = torch.tensor([[1.0, 0.0]])
Q = torch.eye(2) * 0.01
R = torch.tensor([[0.5]], requires_grad=True)
m, P = torch.zeros(2, 1), torch.eye(2)
ll = torch.zeros(())
for z in torch.arange(10.0) + torch.randn(10) * 0.7:
    m = F_ @ m
    P = F_ @ P @ F_.T + Q
    y = z - H @ m
    S = H @ P @ H.t() + R
    K = P @ H.mT @ torch.linalg.inv(S)
    m = m + K @ y
    P = (torch.eye(2) - K @ H) @ P
    ll = ll - 0.5 * (y.T @ torch.inverse(S) @ y + torch.logdet(2 * math.pi * S)).squeeze()
ll.backward()
print(m, P, ll, R.grad)
# HMM forward
torch.manual_seed(1)
K, V, N = 4, 6, 12
A, B, pi = (
    torch.randn(K, K, requires_grad=True),
    torch.randn(K, V, requires_grad=True),
    torch.randn(K, requires_grad=True),
)
obs = torch.randint(V, (3, N))
la, lB, lpi = torch.log_softmax(A, 1), B.log_softmax(1), pi.log_softmax(0)
alpha = lpi + lB[:, obs[:, 0]].T
for n in range(1, N):
    alpha = torch.logsumexp(alpha.unsqueeze(2) + la.unsqueeze(0), 1) + lB[:, obs[:, n]].t()
lp = alpha.logsumexp(dim=1)
(-lp.mean()).backward()
print(lp, A.grad[0], pi.grad)
delta, ptr = lpi + lB[:, obs[:, 0]].T, []
for n in range(1, N):
    mx, ix = (delta[:, :, None] + la[None]).max(dim=1)
    delta = mx + lB.index_select(1, obs[:, n]).t()
    ptr.append(ix)
path = [delta.argmax(-1)]
for p in reversed(ptr):
    path.append(p.gather(1, path[-1][:, None])[:, 0])
print(torch.stack(path[::-1], 1))
# GP regression
X = torch.linspace(0, 1, 12)[:, None]
Y = torch.sin(X * 6)[:, 0] + 0.1 * torch.randn(12)
ls, noise, var = (torch.tensor(v, requires_grad=True) for v in (-1.0, -2.0, 0.0))
opt = torch.optim.Adam([ls, noise, var], lr=0.1)


def kern(a, b):
    return var.exp() * torch.exp(-0.5 * torch.cdist(a, b) ** 2 / ls.exp() ** 2)


for i in range(20):
    opt.zero_grad()
    Kxx = kern(X, X) + noise.exp() ** 2 * torch.eye(12)
    L = torch.linalg.cholesky(Kxx)
    al = torch.cholesky_solve(Y[:, None], L)
    nll = 0.5 * Y @ al[:, 0] + torch.log(torch.diagonal(L)).sum() + 0.5 * len(Y) * math.log(2 * math.pi)
    nll.backward()
    opt.step()
print(nll, ls, noise.grad)
with torch.no_grad():
    Xs = torch.tensor([[0.25], [1.5]])
    Ks = kern(Xs, X)
    v = torch.linalg.solve_triangular(L, Ks.T, upper=False)
    print(Ks @ al, (kern(Xs, Xs) - v.T @ v).diag().clamp_min(0).sqrt())
