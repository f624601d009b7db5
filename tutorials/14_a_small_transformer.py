r"""
14. A small transformer that adds
=================================

Attention lets every place of a sequence look at every other. We write it by hand, compare it with the operation that
never holds the whole matrix of weights, build a transformer of it, and teach it to add numbers that it reads digit
by digit. It then adds pairs that it has never seen, and its attention maps show where it looks.
"""

import math

from matplotlib import pyplot as plt

import minigrad as torch
from minigrad import nn, viz
from minigrad.nn import functional as F

torch.manual_seed(0)

# %%
# Attention by hand
# -----------------
# Each place asks with a query :math:`q_i`, and offers a key :math:`k_j` and a value :math:`v_j`. What it gets is a mean
# of the values, with more weight where the key answers the query:
#
# .. math:: w_{ij} = \frac{e^{s_{ij}}}{\sum_l e^{s_{il}}} , \qquad s_{ij} = \frac{q_i \cdot k_j}{\sqrt d} ,
#    \qquad y_i = \sum_j w_{ij} v_j .
#
# A network that writes one sign after another must not look ahead. The causal mask sets :math:`s_{ij}` to
# :math:`-\infty` for :math:`j > i`, so that those weights are 0.


def attention_by_hand(q, k, v):
    """Return causal attention, and its weights; the last two dimensions are (length, size)."""
    length, size = q.shape[-2:]
    scores = q @ k.transpose(-2, -1) / math.sqrt(size)
    ahead = torch.ones(length, length, dtype=torch.bool).triu(1)
    weights = torch.softmax(scores.masked_fill(ahead, -math.inf), -1)
    return weights @ v, weights


q, k, v = (torch.randn(1, 2, 6, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
ours, weights = attention_by_hand(q, k, v)
theirs = F.scaled_dot_product_attention(q, k, v, is_causal=True)
our_gradients = torch.autograd.grad((ours**2).sum(), (q, k, v))
their_gradients = torch.autograd.grad((theirs**2).sum(), (q, k, v))
difference = (ours - theirs).abs().max().item()
gradient_difference = max((a - b).abs().max().item() for a, b in zip(our_gradients, their_gradients, strict=True))
print(f"each row of weights sums to 1: {torch.allclose(weights.sum(-1), torch.ones(1, 2, 6, dtype=torch.float64))}")
print(f"the operation differs by {difference:.1e}, its gradients by {gradient_difference:.1e}")

# %%
# By hand, the matrix of weights of 1,000 places has a million entries a head, and all are kept for the gradient. The
# operation works on 128 queries at a time and computes the weights again on the way back (Dao et al. 2022): it keeps
# one number a query.
#
# The task
# --------
# ``37+85=`` is to be continued by the sum, its digits in reverse: ``221``. Reversed, because that is how one adds on
# paper, ones first, with a carry. There are 10,000 such pairs of numbers; 2,000 are kept for the test.

SIGNS = "0123456789+="


def written(pairs):
    """Return pairs (n, 2) as rows of nine signs: two digits, +, two digits, =, three digits of the sum, reversed."""
    a, b = pairs[:, 0], pairs[:, 1]
    total, plus, equals = a + b, torch.full_like(a, 10), torch.full_like(a, 11)
    return torch.stack([a // 10, a % 10, plus, b // 10, b % 10, equals, total % 10, total // 10 % 10, total // 100], 1)


def text_of(signs):
    """Return a row of signs as text."""
    return "".join(SIGNS[sign] for sign in signs.tolist())


numbers = torch.cartesian_prod(torch.arange(100), torch.arange(100))
examples = written(numbers[torch.randperm(len(numbers))])
train, test = examples[:8000], examples[8000:]
QUESTION = 6  # signs up to =
print(len(train), "to learn from, such as", *(text_of(row) for row in train[:4]))

# %%
# The network
# -----------
# A block is attention, then a small network for each place on its own. Both are added to what was there, so that a
# block changes its input rather than replacing it, and both read it normalised. Several heads attend at once, each in
# its own few dimensions.


class Block(nn.Module):
    """Attention and a feed-forward network, each with a way around it."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.network = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def heads_of(self, x):
        """Return queries, keys and values, each (batch, heads, length, size)."""
        batch, length, width = x.shape
        parts = self.queries_keys_values(self.norm1(x)).chunk(3, -1)
        return [part.view(batch, length, self.heads, width // self.heads).transpose(1, 2) for part in parts]

    def forward(self, x):
        """Return x, shape (batch, length, width), with what attention and network add to it."""
        attended = F.scaled_dot_product_attention(*self.heads_of(x), is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(x.shape))
        return x + self.network(self.norm2(x))


class Adder(nn.Module):
    """A transformer that gives logits of the next digit at each place."""

    def __init__(self, width=64, heads=4, blocks=2, longest=8):
        super().__init__()
        self.signs, self.places = nn.Embedding(len(SIGNS), width), nn.Embedding(longest, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, signs):
        """Return logits, shape (batch, length, 10)."""
        x = self.signs(signs) + self.places(torch.arange(signs.shape[1]))
        return self.head(self.norm(self.blocks(x)))


model = Adder()
print(f"{sum(p.numel() for p in model.parameters()):,} parameters")

# %%
# Training
# --------
# At every place the network predicts the next sign, but only the three digits of the sum can be known: the loss is
# the cross-entropy there. Before it has learned anything it guesses one of ten digits, which costs log 10 = 2.3 nats.

STEPS = 700
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=STEPS)
losses = []
for step in range(STEPS):
    batch = train[torch.randint(0, len(train), (256,))]
    logits = model(batch[:, :-1])[:, QUESTION - 1 :]
    loss = F.cross_entropy(logits.flatten(0, 1), batch[:, QUESTION:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    losses.append(loss.item())
    if step % 100 == 99:
        print(f"step {step + 1:4}: loss {loss.item():.4f} nats")

_, ax = plt.subplots(layout="constrained")
ax.semilogy(losses)
ax.axhline(math.log(10), color="0.5", linestyle="--", label="guessing one of ten digits")
ax.set_xlabel("step")
ax.set_ylabel("cross-entropy of a digit (nats)")
ax.set_title("It finds out how to add")
ax.legend()
viz.show(ax.figure, "14_loss")

# %%
# The loss stands still for a while, then falls steeply: ones can be learned alone, the other digits need the carry.
#
# Sums never seen
# ---------------
# The network writes the three digits one after another, each with those before it in sight.


@torch.no_grad()
def answers(questions):
    """Return questions with three digits appended, the most probable ones."""
    for _ in range(3):
        digit = model(questions)[:, -1].argmax(-1, keepdim=True)
        questions = torch.cat([questions, digit], 1)
    return questions


right = (answers(test[:, :QUESTION]) == test).all(1)
accuracy = right.float().mean().item()
untrained = 1 / 1000
for row in answers(test[:4, :QUESTION]):
    print(text_of(row[:QUESTION]), text_of(row[QUESTION:].flip(0)))
print(f"{right.sum().item()} of {len(test)} sums never seen are right: {accuracy:.2%}")

# %%
# Where it looks
# --------------
# The weights of every head for one question and its answer: each row shows where the sign on the left looks. The last
# three rows write the sum. At ``=``, which has to write the ones, a head of the first block looks at the ones of one
# number and another head at those of the other; the rows below look at the tens, and at what the carry needs.

example = written(torch.tensor([[37, 85]]))[:, :-1]
maps = []
with torch.no_grad():
    x = model.signs(example) + model.places(torch.arange(example.shape[1]))
    for block in model.blocks:
        maps.append(attention_by_hand(*block.heads_of(x))[1][0])
        x = block(x)

names = list(text_of(example[0]))
fig, axes = plt.subplots(2, 4, figsize=(13, 8), layout="constrained")
for row, of_block in enumerate(maps):
    for column, of_head in enumerate(of_block):
        title = f"block {row + 1}, head {column + 1}"
        viz.plot_attention(of_head, names, title=title, ax=axes[row, column])
fig.suptitle("Attention of the network that adds, at 37+85=22(1)")
viz.show(fig, "14_attention")

# %%
# How much weight do the rows that write the answer give to the two numbers, on average over the test?


@torch.no_grad()
def looks(signs):
    """Return the mean weights of the first block's heads, shape (heads, length, length)."""
    x = model.signs(signs) + model.places(torch.arange(signs.shape[1]))
    return attention_by_hand(*model.blocks[0].heads_of(x))[1].mean(0)


means = looks(test[:, :-1])
ones, tens = means[:, 5, [1, 4]].sum(-1), means[:, 6, [0, 3]].sum(-1)
print("weight on the ones when the first digit is written, head by head:", [f"{w:.2f}" for w in ones.tolist()])
print("weight on the tens when the second is written:", [f"{w:.2f}" for w in tens.tolist()])

# %%
# Check
# -----

assert difference < 1e-12, "attention by hand should be the operation"
assert gradient_difference < 1e-12, "and so should its gradients"
assert losses[0] > 2, "it should not know how to add at the start"
assert accuracy >= 0.99, "at least 99 % of the sums never seen should be right"
assert accuracy > 100 * untrained, "which no guessing reaches"
assert ones.max().item() > 0.5, "some head should look at the ones first"
print("all as claimed")
