"""N-gram language modelling, bags of words and matrix factorisation with embeddings."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(1)
word_to_ix = {"hello": 0, "world": 1}
embeds = nn.Embedding(2, 5)
lookup_tensor = torch.tensor([word_to_ix["hello"]], dtype=torch.long)
print(embeds(lookup_tensor))

CONTEXT_SIZE, EMBEDDING_DIM = 2, 10
corpus = [
    "the",
    "sun",
    "rises",
    "and",
    "the",
    "moon",
    "sets",
    "and",
    "the",
    "tide",
    "comes",
    "in",
    "and",
    "the",
    "tide",
    "goes",
    "out",
    "while",
    "the",
    "old",
    "man",
    "looks",
    "at",
    "the",
    "sea",
    "and",
    "thinks",
    "of",
    "the",
    "fish",
    "and",
    "of",
    "the",
    "boat",
]
ngrams = [([corpus[i - j - 1] for j in range(CONTEXT_SIZE)], corpus[i]) for i in range(CONTEXT_SIZE, len(corpus))]
print(ngrams[:3])
vocab = sorted(set(corpus))
word_to_ix = {word: i for i, word in enumerate(vocab)}


class NGramLanguageModeler(nn.Module):
    def __init__(self, vocab_size, embedding_dim, context_size):
        super().__init__()
        self.embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.linear1 = nn.Linear(context_size * embedding_dim, 32)
        self.linear2 = nn.Linear(32, vocab_size)

    def forward(self, inputs):
        embeds = self.embeddings(inputs).view((1, -1))
        out = F.relu(self.linear1(embeds))
        out = self.linear2(out)
        return F.log_softmax(out, dim=1)


losses = []
loss_function = nn.NLLLoss()
model = NGramLanguageModeler(len(vocab), EMBEDDING_DIM, CONTEXT_SIZE)
optimizer = optim.SGD(model.parameters(), lr=0.05)
for _ in range(6):
    total_loss = 0
    for context, target in ngrams:
        context_idxs = torch.tensor([word_to_ix[w] for w in context], dtype=torch.long)
        model.zero_grad()
        log_probs = model(context_idxs)
        loss = loss_function(log_probs, torch.tensor([word_to_ix[target]], dtype=torch.long))
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
    losses.append(round(total_loss, 3))
print(losses)
print(model.embeddings.weight[word_to_ix["sea"]])
emb = nn.Embedding(6, 3, padding_idx=0)
print(emb.weight, emb, emb(torch.tensor([[0, 2], [5, 0]])))
pre = nn.Embedding.from_pretrained(torch.tensor([[1.0, 2.3, 3.0], [4.0, 5.1, 6.3]]))
print(pre(torch.LongTensor([1])), pre.weight.requires_grad)
cos = nn.CosineSimilarity(dim=1)
print(cos(emb.weight[1:3], emb.weight[3:5]), F.cosine_similarity(emb.weight[1], emb.weight[2], dim=0))
print(F.normalize(emb.weight[1:3], dim=1))


class MatrixFactorization(nn.Module):
    def __init__(self, users, items, factors=3):
        super().__init__()
        self.u = nn.Embedding(users, factors)
        self.v = nn.Embedding(items, factors)
        self.u.weight.data.uniform_(0, 0.05)
        self.v.weight.data.uniform_(0, 0.05)

    def forward(self, u, v):
        return (self.u(u) * self.v(v)).sum(1)


ratings = torch.FloatTensor([5, 3, 4, 1, 2, 5])
users, items = torch.LongTensor([0, 0, 1, 1, 2, 2]), torch.LongTensor([0, 1, 0, 2, 1, 3])
mf = MatrixFactorization(3, 4)
opt = optim.Adam(mf.parameters(), lr=0.1, weight_decay=1e-5)
for i in range(31):
    loss = F.mse_loss(mf(users, items), ratings)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 10 == 0:
        print(i, f"{loss.item():.4f}")
print(mf(users, items))
