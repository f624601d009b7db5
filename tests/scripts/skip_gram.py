"""Word vectors from skip-grams with negative samples."""

import random
from collections import Counter

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(1)
np.random.seed(1)
random.seed(1)
corpus = (
    "the king rules the land and the queen rules the land with the king "
    "a man walks the dog and a woman walks the cat in the park of the king"
).split()
vocab = Counter(corpus)
idx2word = [w for w, _ in vocab.most_common()]
word2idx = {w: i for i, w in enumerate(idx2word)}
freqs = np.array([vocab[w] for w in idx2word], dtype=np.float32)
unigram = torch.from_numpy(freqs**0.75 / (freqs**0.75).sum())
print(unigram, unigram.dtype)


class SkipGram(Dataset):
    def __init__(self, words, window=2, k=5):
        self.ids = torch.Tensor([word2idx[w] for w in words]).long()
        self.window, self.k = window, k

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, idx):
        center = self.ids[idx]
        pos = list(range(idx - self.window, idx)) + list(range(idx + 1, idx + self.window + 1))
        pos = [i % len(self.ids) for i in pos]
        ctx = self.ids[pos]
        neg = torch.multinomial(unigram, self.k * ctx.shape[0], True)
        return center, ctx, neg


class EmbeddingModel(nn.Module):
    def __init__(self, v, d):
        super().__init__()
        initrange = 0.5 / d
        self.in_embed = nn.Embedding(v, d, sparse=False)
        self.in_embed.weight.data.uniform_(-initrange, initrange)
        self.out_embed = nn.Embedding(v, d)
        self.out_embed.weight.data.uniform_(-initrange, initrange)

    def forward(self, c, p, n):
        ie = self.in_embed(c)
        pe = self.out_embed(p)
        ne = self.out_embed(n)
        log_pos = torch.bmm(pe, ie.unsqueeze(2)).squeeze()
        log_neg = torch.bmm(ne, -ie.unsqueeze(2)).squeeze()
        log_pos = F.logsigmoid(log_pos).sum(1)
        log_neg = F.logsigmoid(log_neg).sum(1)
        return -(log_pos + log_neg)

    def input_embeddings(self):
        return self.in_embed.weight.data.cpu().numpy()


ds = SkipGram(corpus)
dl = DataLoader(ds, batch_size=8, shuffle=True)
m = EmbeddingModel(len(idx2word), 10)
print(sum(p.numel() for p in m.parameters() if p.requires_grad))
opt = optim.SGD(m.parameters(), lr=0.2)
for e in range(10):
    for i, (c, p, n) in enumerate(dl):
        c = c.long()
        p = p.long()
        n = n.long()
        opt.zero_grad()
        loss = m(c, p, n).mean()
        loss.backward()
        opt.step()
        if i % 5 == 0 and e % 3 == 0:
            print("epoch: {}, iteration: {}, loss: {}".format(e, i, round(loss.item(), 4)))
emb = m.input_embeddings()


def nearest(w):
    e = torch.tensor(emb[word2idx[w]])
    sims = F.cosine_similarity(e.unsqueeze(0), torch.as_tensor(emb))
    vals, ids = torch.sort(sims, descending=True)
    return [(idx2word[i], f"{v:.3f}") for v, i in zip(vals[:4].tolist(), ids[:4])]


for w in ["king", "dog"]:
    print(w, nearest(w))
