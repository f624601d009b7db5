"""The version of minigrad, and of the libraries that it was built for: as PyTorch's ``torch.version``."""

from __future__ import annotations

__version__ = "0.1.0"

pytorch = "2.13.0"
"""The version of PyTorch whose interface this is."""

cuda: str | None = None
hip: str | None = None
git_version = "unknown"
debug = False
