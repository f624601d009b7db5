"""The numerical test of every operation of the table, for the test suite and for ``python -m minigrad gradcheck``."""

from __future__ import annotations

from minigrad.opcheck.cases import Case, all_cases
from minigrad.opcheck.gradients import as_function, is_differentiable

__all__ = ["Case", "all_cases", "as_function", "is_differentiable"]
