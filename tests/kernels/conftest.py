"""What the kernels' tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _fixed_seeds() -> None:
    """Seed nothing: kernels draw no numbers, and their tests do not need the framework above them."""
