"""Comparing tensors in tests, and making random ones: ``torch.testing``."""

from __future__ import annotations

from minigrad.testing._comparison import assert_close
from minigrad.testing._creation import make_tensor

__all__ = ["assert_close", "make_tensor"]
