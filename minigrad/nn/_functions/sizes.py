"""One number a spatial dimension."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def per_dim(value: Any, rank: int) -> tuple[Any, ...]:
    """Return a sequence as a tuple, and one number ``rank`` times."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * rank
