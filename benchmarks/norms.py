"""Time normalisations, forward and with their gradients, against PyTorch.

Run it as ``python benchmarks/norms.py [PATTERN]``: it prints microseconds of processor time a call (the least of many,
the two libraries taking turns), on one thread, and PyTorch's time over minigrad's.
"""

from __future__ import annotations

import sys

import numpy as np
from side_by_side import compare

ROWS = [(16, 10), (512, 64), (4096, 64), (1024, 1024)]
IMAGES = [(4, 8, 7, 7), (64, 16, 28, 28), (32, 64, 16, 16)]
LAYERS = {
    "LayerNorm": (ROWS, lambda nn, shape: nn.LayerNorm(shape[-1])),
    "RMSNorm": (ROWS, lambda nn, shape: nn.RMSNorm(shape[-1])),
    "BatchNorm1d": ([(50, 20), (128, 512)], lambda nn, shape: nn.BatchNorm1d(shape[1])),
    "BatchNorm2d": (IMAGES, lambda nn, shape: nn.BatchNorm2d(shape[1])),
    "BatchNorm2d, eval": (IMAGES, lambda nn, shape: nn.BatchNorm2d(shape[1]).eval()),
    "GroupNorm": (IMAGES, lambda nn, shape: nn.GroupNorm(4, shape[1])),
    "InstanceNorm2d": (IMAGES, lambda nn, shape: nn.InstanceNorm2d(shape[1], affine=True)),
}


def norm(library, make, shape, backward):
    """Return a call of a layer, with or without its gradients."""
    layer = make(library.nn, shape)
    random = np.random.default_rng(0)
    x, grad = (library.tensor(random.standard_normal(shape).astype(np.float32)) for _ in range(2))
    leaves = [x.requires_grad_(), *layer.parameters()]

    def call():
        out = layer(x)
        if backward:
            library.autograd.grad(out, leaves, grad)

    return call


def main(pattern=""):
    """Print the table for the cases whose name matches the pattern."""
    cases = {}
    for name, (shapes, make) in LAYERS.items():
        for shape in shapes:
            for backward in (False, True):
                title = f"{name} {shape}{', with gradients' if backward else ''}"
                cases[title] = lambda library, a=(make, shape, backward): norm(library, *a)
    compare(cases, pattern)


if __name__ == "__main__":
    main(*sys.argv[1:])
