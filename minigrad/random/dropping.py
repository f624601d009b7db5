"""Dropping elements at random, which layers of several kinds do between their parts."""

from __future__ import annotations

from minigrad.ops.dropout import masked_scale
from minigrad.random.sampling import bernoulli_mask
from minigrad.tensor import Tensor


def dropped(input: Tensor, p: float) -> Tensor:
    """Return the input with each element set to zero with probability ``p``, the others divided by ``1 - p``."""
    return masked_scale(input, bernoulli_mask(input, 1 - p), scale_of_kept(input, p))


def scale_of_kept(input: Tensor, p: float) -> float:
    """Return ``1 / (1 - p)``, divided in the input's precision as PyTorch does."""
    kind = input.dtype.numpy.type
    return float(kind(1) / kind(1 - p)) if p < 1 else 0.0
