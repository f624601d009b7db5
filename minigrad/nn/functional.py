"""Layers' mathematics as functions: PyTorch's ``torch.nn.functional``.

The operations themselves are in `minigrad.ops`; here they only get the names and signatures of this namespace.
"""

from __future__ import annotations

from minigrad.ops.matmul import linear

__all__ = ["linear"]
