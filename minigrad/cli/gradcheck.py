"""``python -m minigrad gradcheck``: the gradients of every operation against differences."""

from __future__ import annotations

import argparse
import fnmatch
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minigrad.opcheck.cases import Case

HELP = "test the gradients of the operations numerically"
DESCRIPTION = (
    "Compare first and second derivatives of every operation, on each of its samples, with central differences along a "
    "random direction, in double precision. The error is the largest difference of the two slopes, relative to those "
    "above 1. The exit status is 1 if any operation fails."
)


@dataclass
class Outcome:
    """What became of one operation.

    Attributes
    ----------
    key : str
        Of the operation in the table.
    samples : int
        How many were checked; others have no gradient.
    worst : float
        Largest error, over both derivatives.
    failure : str
        What differs, in the first sample where something does; empty if nothing does.
    """

    key: str
    samples: int = 0
    worst: float = 0.0
    failure: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument(
        "pattern",
        nargs="?",
        default="*",
        metavar="PATTERN",
        help="only operations of this name; * and ? stand for any letters, as in 'log*' or 'functional.*'",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the operations that match, and print a line for each."""
    from tqdm import tqdm

    from minigrad.opcheck.cases import ENTRIES, all_cases
    from minigrad.opcheck.gradients import is_differentiable

    cases = [case for case in all_cases() if fnmatch.fnmatchcase(case.key, arguments.pattern)]
    if not cases:
        print(f"no operation matches '{arguments.pattern}'; {_similar(arguments.pattern, ENTRIES)}", file=sys.stderr)
        return 1
    cases = [case for case in cases if is_differentiable(case)]
    if not cases:
        print(f"no operation that matches '{arguments.pattern}' has a gradient", file=sys.stderr)
        return 1
    width = max(len(case.key) for case in cases)
    print(f"{'operation':{width}}  samples  worst error  result")
    outcomes = []
    with tqdm(total=len(cases), unit="sample", leave=False, disable=not sys.stderr.isatty()) as bar:
        for key, group in groupby(cases, lambda case: case.key):
            bar.set_description(key, refresh=False)
            outcome = check(key, group, bar.update)
            result = "FAILED" if outcome.failure else "ok"
            bar.write(f"{key:{width}}{outcome.samples:9}{outcome.worst:13.1e}  {result}")
            outcomes.append(outcome)
    failed = [each for each in outcomes if each.failure]
    for each in failed:
        print(f"\n{each.key}\n{'-' * len(each.key)}\n{each.failure}")
    samples = sum(each.samples for each in outcomes)
    print(f"\n{len(outcomes)} operations on {samples:,} samples: {len(failed) or 'none'} failed")
    return 1 if failed else 0


def _similar(pattern: str, keys: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(pattern.strip("*"), list(keys), 5)
    return f"similar names are: {', '.join(near)}" if near else "try a shorter pattern, with * around it"


def check(key: str, cases: Iterable[Case], report: Any) -> Outcome:
    """Check one operation on its samples, the rest of them also where one fails; call ``report()`` after each."""
    from minigrad.autograd.gradcheck import worst_error
    from minigrad.opcheck.gradients import TOLERANCES, as_function

    outcome = Outcome(key)
    for case in cases:
        for order in (1, 2):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    function, inputs = as_function(case)
                    error = worst_error(function, inputs, order=order, **TOLERANCES) if inputs else 0.0
            except Exception as problem:  # an operation that breaks is a failed one, and others are still to be checked
                outcome.worst = float("inf")
                outcome.failure = (
                    outcome.failure or f"{case.name}, derivative {order}: {type(problem).__name__}: {problem}"
                )
                break
            outcome.worst = max(outcome.worst, error)
        outcome.samples += 1
        report()
    return outcome
