"""Time attention and a step of a transformer layer against PyTorch.

Run it as ``python benchmarks/attention.py [PATTERN]``: it prints microseconds of processor time a call (the least of
many, the two libraries taking turns), on one thread, and PyTorch's time over minigrad's.
"""

from __future__ import annotations

import sys

import numpy as np
from side_by_side import compare

# batch, heads, length, size of a head
ATTENTIONS = [
    (1, 1, 8, 8),
    (16, 4, 32, 16),
    (8, 4, 64, 32),
    (4, 8, 128, 64),
    (1, 8, 512, 64),
    (2, 8, 1024, 64),
]

# batch, length, width, heads, units of the feed-forward network, dropout
LAYERS = [
    (16, 32, 64, 4, 256, 0.0),
    (16, 32, 64, 4, 256, 0.1),
    (16, 32, 64, 4, 2048, 0.0),
    (16, 32, 64, 4, 2048, 0.1),
    (4, 128, 256, 8, 1024, 0.1),
]


def numbers(library, *shapes, grad=True):
    """Return normal numbers, the same for both libraries."""
    random = np.random.default_rng(0)
    return [library.tensor(random.standard_normal(shape).astype(np.float32), requires_grad=grad) for shape in shapes]


def attention(library, shape, causal, backward):
    """Return a call of `scaled_dot_product_attention` on transposed heads, with or without its gradients."""
    batch, heads, length, size = shape
    leaves = numbers(library, *[(batch, length, heads, size)] * 3, grad=backward)
    (grad,) = numbers(library, (batch, heads, length, size), grad=False)
    attend = library.nn.functional.scaled_dot_product_attention

    def call():
        out = attend(*(each.transpose(1, 2) for each in leaves), is_causal=causal)
        if backward:
            library.autograd.grad(out, leaves, grad)

    return call


def layer_step(library, batch, length, width, heads, units, dropout):
    """Return a training step of a transformer's layer: forward, backward, Adam."""
    library.manual_seed(0)
    layer = library.nn.TransformerEncoderLayer(width, heads, units, dropout, batch_first=True)
    optimizer = library.optim.Adam(layer.parameters(), lr=1e-3)
    x, target = numbers(library, *[(batch, length, width)] * 2, grad=False)

    def step():
        optimizer.zero_grad()
        library.nn.functional.mse_loss(layer(x), target).backward()
        optimizer.step()

    return step


def main(pattern=""):
    """Print the table for the cases whose name matches the pattern."""
    cases = {}
    for shape in ATTENTIONS:
        for causal in (False, True):
            for backward in (False, True):
                name = f"attention {shape}{' causal' if causal else ''}{', with gradients' if backward else ''}"
                cases[name] = lambda library, a=(shape, causal, backward): attention(library, *a)
    for sizes in LAYERS:
        name = "layer, batch {} length {} width {} heads {} units {} dropout {}".format(*sizes)
        cases[name] = lambda library, sizes=sizes: layer_step(library, *sizes)
    compare(cases, pattern)


if __name__ == "__main__":
    main(*sys.argv[1:])
