"""PyTorch's switches of the libraries for CUDA."""

from __future__ import annotations

from types import SimpleNamespace

from minigrad.cuda import is_available
from minigrad.ops.matmul import Blas

__all__ = ["is_built", "matmul", "preferred_blas_library"]

matmul = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
)
"""How exactly products are computed; kept and without effect."""


def preferred_blas_library(backend: str | None = None) -> str:
    """Say who multiplies matrices on a GPU, and return who does.

    Parameters
    ----------
    backend : {"default", "cublas", "minigrad"}, optional
        NVIDIA's cuBLAS, the default, or the tiled kernel of `minigrad_kernels.cuda.products`. None changes nothing.

    Raises
    ------
    RuntimeError
        For another name.
    """
    if backend is not None:
        if backend not in ("default", "cublas", "minigrad"):
            raise RuntimeError(f"Unknown input value. Choose from: default, cublas, minigrad; got {backend!r}")
        Blas.chosen = "cublas" if backend == "default" else backend
    return Blas.chosen


def is_built() -> bool:
    """Whether this installation can use CUDA."""
    return is_available()
