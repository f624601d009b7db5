"""What was timed, and the times."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Measurement", "TaskSpec", "select_unit", "unit_to_english"]

_SPREAD, _WIDE_SPREAD = 0.1, 0.25
_SCALES = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def select_unit(t: float) -> tuple[str, float]:
    """Return the unit in which a time in seconds has one to three digits before the point, and the unit in seconds."""
    power = math.floor(math.log10(t) / 3) if t > 0 else -3
    unit = {-3: "ns", -2: "us", -1: "ms"}.get(power, "s" if power >= 0 else "ns")
    return unit, _SCALES[unit]


def unit_to_english(u: str) -> str:
    """Return the whole name of a unit."""
    return {"ns": "nanosecond", "us": "microsecond", "ms": "millisecond", "s": "second"}[u]


@dataclass(init=True, repr=False, eq=True, frozen=True)
class TaskSpec:
    """A snippet and what it is called."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label with its second part, or the snippet."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        if "\n" not in self.stmt:
            return self.stmt + (f": {self.sub_label}" if self.sub_label else "")
        return f"stmt:{f' ({self.sub_label})' if self.sub_label else ''}\n{textwrap.indent(self.stmt, '  ')}"

    def setup_str(self) -> str:
        """Return the setup as it is shown: nothing where there is none."""
        if self.setup == "pass" or not self.setup:
            return ""
        return f"setup:\n{textwrap.indent(self.setup, '  ')}" if "\n" in self.setup else f"setup: {self.setup}"

    def summarize(self) -> str:
        """Return title, description and setup, a line each."""
        sections = [self.title, self.description or "", self.setup_str()]
        return "\n".join(f"{section}\n" if "\n" in section else section for section in sections if section)


@dataclass(init=True, repr=False)
class Measurement:
    """The times of one snippet.

    Attributes
    ----------
    number_per_run : int
        How often it ran for each of the times.
    raw_times : list of float
        In seconds.
    task_spec : TaskSpec
    metadata : dict, optional
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = field(default=None)

    def __getattr__(self, name: str) -> Any:
        """Return what the task is called by."""
        if name.startswith("_") or not hasattr(TaskSpec, "__dataclass_fields__") or name == "task_spec":
            raise AttributeError(name)
        if name in TaskSpec.__dataclass_fields__:
            return getattr(self.task_spec, name)
        raise AttributeError(f"'Measurement' object has no attribute '{name}'")

    @property
    def times(self) -> list[float]:
        """The time of one run each."""
        return [each / self.number_per_run for each in self.raw_times]

    @property
    def median(self) -> float:
        """The median time of a run."""
        return float(np.median(self.times))

    @property
    def mean(self) -> float:
        """The mean time of a run."""
        return float(np.mean(self.times))

    def _quartiles(self) -> tuple[float, float]:
        low, high = np.quantile(self.times, [0.25, 0.75])
        return float(low), float(high)

    @property
    def iqr(self) -> float:
        """The distance between the quartiles."""
        low, high = self._quartiles()
        return high - low

    @property
    def has_warnings(self) -> bool:
        """Whether the times spread too much to be trusted."""
        return not self.meets_confidence()

    def meets_confidence(self, threshold: float = _SPREAD) -> bool:
        """Whether the distance between the quartiles is less than a share of the median."""
        return self.iqr / self.median < threshold

    @property
    def title(self) -> str:
        """What the snippet is called."""
        return self.task_spec.title

    @property
    def as_row_name(self) -> str:
        """The second part of the label, or the snippet."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self) -> str:
        unit, scale = select_unit(self.median)
        count, several = len(self.raw_times), len(self.raw_times) > 1
        lines = [object.__repr__(self), self.task_spec.summarize()]
        lines.append(f"  {'Median: ' if several else ''}{self.median / scale:.2f} {unit}")
        if count >= 4:
            low, high = (each / scale for each in self._quartiles())
            lines.append(f"  IQR:    {high - low:.2f} {unit} ({low:.2f} to {high:.2f})")
        threads = self.task_spec.num_threads
        lines.append(
            f"  {count} measurement{'s' if several else ''}, {self.number_per_run} runs "
            f"{'per measurement,' if several else ','} {threads} thread{'s' if threads > 1 else ''}"
        )
        if self.has_warnings:
            wide = not self.meets_confidence(_WIDE_SPREAD)
            cause = "suggests significant environmental influence" if wide else "could indicate system fluctuation"
            lines.append(
                f"  WARNING: Interquartile range is {self.iqr / self.median * 100:.1f}% of the median measurement.\n"
                f"           This {cause}."
            )
        return "\n".join(lines)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """Return one measurement a task, with the times of all of it."""
        grouped: dict[TaskSpec, list[Measurement]] = {}
        for each in measurements:
            grouped.setdefault(each.task_spec, []).append(each)
        return [
            Measurement(1, [time for each in group for time in each.times], task) for task, group in grouped.items()
        ]
