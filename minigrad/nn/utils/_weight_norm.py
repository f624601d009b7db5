"""A weight as a direction times a length."""

from __future__ import annotations

from minigrad.tensor import Tensor


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """Return the norms of the slices of ``v`` along ``dim``, with as many dimensions as it; of all of it for -1."""
    if dim == -1:
        return v.norm(pow)
    return v.norm(pow, [k for k in range(v.dim()) if k != dim], keepdim=True) if v.dim() > 1 else v.abs()


def scaled_to_length(v: Tensor, g: Tensor, dim: int) -> Tensor:
    """Return ``g * v / |v|``, the norm taken as in `norm_except_dim`."""
    return v * (g / norm_except_dim(v, 2, dim))
