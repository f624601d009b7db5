"""Timing snippets: often enough, with one thread, and with the spread of the times."""

from __future__ import annotations

from minigrad.utils.benchmark.measurement import Measurement, TaskSpec, select_unit, unit_to_english
from minigrad.utils.benchmark.timer import Timer

__all__ = ["Measurement", "TaskSpec", "Timer", "select_unit", "unit_to_english"]
