"""The table that `compare_gradients` returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Difference", "GradientRow", "GradientTable"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Difference:
    """How far two gradients of one tensor are apart.

    Attributes
    ----------
    absolute : float
        Largest ``|a - b|``.
    relative : float
        Largest ``|a - b| / max(|a|, |b|, floor)``; infinite where either is nan.
    passed : bool
        Whether that is within the tolerance.
    """

    absolute: float
    relative: float
    passed: bool

    @classmethod
    def between(cls, a: Array, b: Array, floor: float | Array, rtol: float, skip: Array | None = None) -> Difference:
        """Return the difference of two arrays of one shape, but for the entries marked in ``skip``."""
        with np.errstate(invalid="ignore", over="ignore"):
            absolute = np.abs(a - b)
            relative = absolute / np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)
        counted = True if skip is None else ~skip
        farthest, largest = (
            float(np.where(np.isnan(each), np.inf, each).max(initial=0, where=counted)) for each in (absolute, relative)
        )
        return cls(farthest, largest, largest <= rtol)


@dataclass(frozen=True)
class GradientRow:
    """The gradients of one parameter and how they differ.

    Attributes
    ----------
    name : str
    by_hand : array or None
        As it was given.
    autograd, numerical : array
    hand_to_autograd : Difference or None
    autograd_to_numerical : Difference
    measured_again : int
        Entries whose first step crossed a kink.
    at_kink : int
        Those of them that sit on one, and so have no derivative to compare with: left out.
    """

    name: str
    by_hand: Array | None
    autograd: Array
    numerical: Array
    hand_to_autograd: Difference | None
    autograd_to_numerical: Difference
    measured_again: int
    at_kink: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the parameter."""
        return self.autograd.shape

    @property
    def passed(self) -> bool:
        """Whether all that was computed agrees."""
        return self.autograd_to_numerical.passed and (self.hand_to_autograd is None or self.hand_to_autograd.passed)


class GradientTable(Sequence[GradientRow]):
    """The rows of a comparison, one a parameter, and the verdict; prints as a table.

    Parameters
    ----------
    rows : sequence of GradientRow
    loss : float
        The function's value.
    eps, rtol, rtol_by_hand : float
        As given to `compare_gradients`.

    Attributes
    ----------
    rows : tuple of GradientRow
    """

    def __init__(
        self, rows: Sequence[GradientRow], *, loss: float, eps: float, rtol: float, rtol_by_hand: float
    ) -> None:
        self.rows = tuple(rows)
        self.loss = loss
        self.eps = eps
        self.rtol = rtol
        self.rtol_by_hand = rtol_by_hand

    def __getitem__(self, key: Any) -> Any:
        """Return a row by the parameter's name or by its place."""
        if not isinstance(key, str):
            return self.rows[key]
        for row in self.rows:
            if row.name == key:
                return row
        raise KeyError(f"no parameter '{key}'; there are {[row.name for row in self.rows]}")

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[GradientRow]:
        return iter(self.rows)

    @property
    def passed(self) -> bool:
        """Whether all rows agree."""
        return all(row.passed for row in self.rows)

    @property
    def entries(self) -> int:
        """How many numbers were compared, over all parameters."""
        return sum(row.autograd.size for row in self.rows)

    @property
    def measured_again(self) -> int:
        """Entries whose first step crossed a kink, over all parameters."""
        return sum(row.measured_again for row in self.rows)

    @property
    def at_kink(self) -> int:
        """Entries left out because they sit on a kink, over all parameters."""
        return sum(row.at_kink for row in self.rows)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        has_hand = any(row.by_hand is not None for row in self.rows)
        cells = [self._cells(row, has_hand) for row in self.rows]
        heads = ["parameter", "shape", "entries", *["absolute", "relative"] * (1 + has_hand), "verdict"]
        widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
        rule = "-" * (sum(widths) + 2 * len(widths) - 2)
        body = [_line(row, widths) for row in cells]
        groups = ["by hand - autograd"] * has_hand + ["autograd - numerical"]
        before = sum(widths[:3]) + 6
        above = " " * before + "  ".join(
            group.rjust(widths[3 + 2 * k] + widths[4 + 2 * k] + 2) for k, group in enumerate(groups)
        )
        return "\n".join([above, _line(heads, widths), rule, *body, rule, *self._summary(has_hand)])

    def _cells(self, row: GradientRow, has_hand: bool) -> list[str]:
        cells = [row.name, str(row.shape), f"{row.autograd.size:,}"]
        for difference in (row.hand_to_autograd, row.autograd_to_numerical)[not has_hand :]:
            cells += ["", ""] if difference is None else [f"{difference.absolute:.1e}", f"{difference.relative:.1e}"]
        verdict = "agrees" if row.passed else "DIFFERS"
        return [*cells, f"{verdict} but for {row.at_kink:,} at kinks" if row.at_kink else verdict]

    def _summary(self, has_hand: bool) -> list[str]:
        limits = "relative differences at most " + f"{self.rtol_by_hand:.0e} and " * has_hand + f"{self.rtol:.0e}"
        wrong = [row.name for row in self.rows if not row.passed]
        verdict = f"the gradients DIFFER in {', '.join(wrong)}" if wrong else "the gradients agree"
        lines = [f"{self.entries:,} entries: {verdict} ({limits})"]
        if self.measured_again:
            lines.append(
                f"{self.measured_again:,} measured again with a smaller step, since the first stepped over a kink; "
                f"{self.at_kink:,} left out, since they sit on one"
            )
        return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return cells as one line: the name, shape and verdict to the left, numbers to the right."""
    last = len(cells) - 1
    placed = [
        cell.ljust(width) if k in (0, 1, last) else cell.rjust(width)
        for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(placed).rstrip()
