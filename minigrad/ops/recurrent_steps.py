"""The order in which a recurrence takes the rows of a batch of sequences.

All sequences lie step by step in one matrix, the longest first, as in a packed sequence: step ``t`` holds the ``t``-th
elements of the ``sizes[t]`` sequences that are long enough. Equal sizes are a batch of sequences of one length.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad.ops.join import cat
from minigrad.ops.op import op
from minigrad.ops.shape import reshape

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


class Step(NamedTuple):
    """The rows of one step, and where the states that they start from are.

    Attributes
    ----------
    start, rows : int
        The step's rows in the matrix.
    before, known : int
        Row ``i`` follows row ``before + i`` where ``i < known``, and starts from the initial state elsewhere.
    """

    start: int
    rows: int
    before: int
    known: int


@functools.lru_cache(maxsize=256)
def steps_of(sizes: tuple[int, ...], reverse: bool) -> tuple[Step, ...]:
    """Return the steps in the order in which they are taken; a reverse recurrence starts at the sequences' ends."""
    starts = list(itertools.accumulate(sizes, initial=0))[:-1]
    spans = list(zip(starts, sizes, strict=True))
    if reverse:
        spans.reverse()
    steps = []
    before, known = 0, 0
    for start, rows in spans:
        steps.append(Step(start, rows, before, min(known, rows)))
        before, known = start, rows
    return tuple(steps)


@functools.lru_cache(maxsize=256)
def _sources(sizes: tuple[int, ...], reverse: bool) -> tuple[tuple[bool, int, int], ...]:
    """Return the runs of rows, of the initial state or of the later ones, that make up the states before all rows."""
    runs: list[tuple[bool, int, int]] = []
    for step in sorted(steps_of(sizes, reverse)):
        for run in ((False, step.before, step.before + step.known), (True, step.known, step.rows)):
            if run[1] == run[2]:
                continue
            if runs and runs[-1][0] == run[0] and runs[-1][2] == run[1]:
                run = (run[0], runs.pop()[1], run[2])
            runs.append(run)
    return tuple(runs)


def previous(states: Any, initial: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """Return, for every row, the state that it starts from.

    Parameters
    ----------
    states : shape (n, k)
        The state that each row leads to.
    initial : shape (b, k)
    """
    parts = [(initial if first else states)[start:stop] for first, start, stop in _sources(sizes, reverse)]
    if not parts:  # an empty batch
        return initial
    return parts[0] if len(parts) == 1 else cat(parts)


def carried(values: Any, rest: Any) -> Any:
    """Return values of the first rows of a batch, followed by the other rows of ``rest``."""
    rows = values.shape[0]
    return values if rows == rest.shape[0] else cat([values, rest[rows:]])


def in_order(parts: dict[int, Any]) -> Any:
    """Return the matrix whose rows from ``start`` on are ``parts[start]``."""
    return cat([parts[start] for start in sorted(parts)])


@op(namespace=None, variant=lambda input, shape: "CatBackward0" if len(shape) == 2 else "StackBackward0")
def as_steps(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Rows as steps of a batch, in memory of their own: the results of a layer may be written to, what it saved not."""
    return input.reshape(shape).copy()


@as_steps.gradient
def _(grad, input_shape):
    return reshape(grad, input_shape)


@as_steps.samples
def _(make):
    yield make.sample(make(6, 2), (3, 2, 2))
    yield make.sample(make(4, 3), (4, 3))
