"""PyTorch's switches of the libraries for CUDA."""

from __future__ import annotations

from types import SimpleNamespace

from minigrad.cuda import is_available

__all__ = ["is_built", "matmul"]

matmul = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
)
"""How exactly products are computed; kept and without effect."""


def is_built() -> bool:
    """Whether this installation can use CUDA."""
    return is_available()
