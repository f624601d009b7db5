"""The warning that an older name gives."""

from __future__ import annotations

import warnings


def warn(name: str) -> None:
    """Say by which name ``torch.cuda.amp.<name>`` goes now, at the line that called the caller."""
    warnings.warn(
        f"`torch.cuda.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}('cuda', args...)` instead.",
        FutureWarning,
        stacklevel=3,
    )
