"""k-means and principal components on tensors."""

import torch

torch.manual_seed(0)
centers = torch.tensor([[0.0, 0.0], [5.0, 5.0], [0.0, 6.0]])
X = torch.cat([c + torch.randn(40, 2) for c in centers])
labels = torch.arange(3).repeat_interleave(40)
perm = torch.randperm(X.size(0))
X, labels = X[perm], labels[perm]
print(X.mean(dim=0), X.std(0), X.min(0), X.max(dim=0).values, sep="\n")


def kmeans(X, k, iters=20):
    C = X[:k].clone()
    for i in range(iters):
        dist = torch.cdist(X, C)
        a = dist.argmin(dim=1)
        new = torch.stack([X[a == j].mean(0) for j in range(k)])
        shift = (new - C).norm(dim=1).max()
        C = new
        if shift < 1e-4:
            print(f"converged after {i + 1} iterations")
            break
    return C, a


C, a = kmeans(X, 3)
order = C[:, 0].argsort()
print(C[order])
print(torch.bincount(a), a.unique(return_counts=True))
d2 = ((X[:, None, :] - C[None, :, :]) ** 2).sum(-1)
print(d2.shape, d2[:3].round(decimals=1), d2.min(1).values.sum())
inertia = torch.gather(d2, 1, a.unsqueeze(1)).squeeze().sum()
print(f"inertia = {inertia:.3f}")

table = torch.zeros(3, 3, dtype=torch.int64)
for t, p in zip(labels, a, strict=True):
    table[t, p] += 1
print(table)
values, indices = torch.topk(d2.min(1)[0], 3)
print(values, indices)
print(torch.sort(X[:5, 0], descending=True))
one_hot = torch.nn.functional.one_hot(a, num_classes=3)
print(one_hot[:4], one_hot.sum(0), one_hot.dtype)
print((one_hot.T.float() @ X) / one_hot.sum(0).unsqueeze(1))
