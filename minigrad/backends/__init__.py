"""Switches of the libraries behind PyTorch, at the paths where programs set and ask them.

minigrad computes with NumPy and Numba, the same way each time, so the switches are kept and have no effect.
"""

from __future__ import annotations

from minigrad.backends import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
