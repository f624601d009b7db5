"""The optimizers, and parameters for them to step."""

from __future__ import annotations

import minigrad
from minigrad import optim

EVERY = [
    optim.SGD, optim.Adam, optim.AdamW, optim.Adamax, optim.NAdam, optim.RAdam, optim.Adagrad, optim.Adadelta,
    optim.RMSprop, optim.Rprop, optim.ASGD, optim.Adafactor, optim.Muon,
]  # fmt: skip
FUSED = [
    (optim.SGD, {}), (optim.SGD, {"momentum": 0.9}), (optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (optim.SGD, {"momentum": 0.9, "dampening": 0.5}), (optim.Adam, {}), (optim.AdamW, {"amsgrad": True}),
]  # fmt: skip


def parameter(*shape, value=1.0, dtype=None):
    """Return a parameter of one value."""
    return minigrad.full(shape, value, dtype=dtype or minigrad.float32, requires_grad=True)


def with_gradient(*shape, value=1.0, dtype=None):
    """Return a parameter whose gradient is 0.5."""
    p = parameter(*shape, value=value, dtype=dtype)
    p.grad = minigrad.full(shape, 0.5, dtype=p.dtype)
    return p
