"""Small modules, and what must hold for any module."""

from __future__ import annotations

import minigrad as torch
from minigrad import nn


class Net(nn.Module):
    """Parameters, a buffer and modules, in an order that is not alphabetical."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 3))
        self.body = nn.Sequential(nn.Identity(), Leaf())
        self.register_buffer("mean", torch.zeros(3))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return x * self.weight + self.bias


class Leaf(nn.Module):
    """One parameter."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), 2.0))


def assert_consistent(module):
    """Check that registries and attributes say the same."""
    for child in module.modules():
        for kind in ("_parameters", "_buffers", "_modules"):
            for name, value in getattr(child, kind).items():
                assert child.__dict__[name] is value
                assert getattr(child, name) is value
