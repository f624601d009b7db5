"""Versions that compare with texts and tuples as numbers do, as ``torch.__version__`` is one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["TorchVersion"]

_FORM = re.compile(r"v?(\d+(?:\.\d+)*)(?:[._-]?(dev|a|b|rc)(\d*))?(?:\+([a-z0-9.]+))?", re.IGNORECASE)
_STAGES = {"dev": 0, "a": 1, "b": 2, "rc": 3, None: 4}


class TorchVersion(str):
    """A version: ``TorchVersion("2.13.0+cpu") >= (2, 2)``, and ``> "2.9"``, where a text would be smaller.

    What is no version compares as text.
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def __lt__(self, other: Any) -> bool:
        ours, theirs = _comparable(self, other)
        return bool(ours < theirs)

    def __le__(self, other: Any) -> bool:
        ours, theirs = _comparable(self, other)
        return bool(ours <= theirs)

    def __gt__(self, other: Any) -> bool:
        ours, theirs = _comparable(self, other)
        return bool(ours > theirs)

    def __ge__(self, other: Any) -> bool:
        ours, theirs = _comparable(self, other)
        return bool(ours >= theirs)

    def __eq__(self, other: object) -> bool:
        ours, theirs = _comparable(self, other)
        return bool(ours == theirs)


def _comparable(one: TorchVersion, other: Any) -> tuple[Any, Any]:
    """Return what to compare of two versions: their numbers, or the texts where either has none."""
    if not isinstance(other, str) and isinstance(other, Iterable):
        other = ".".join(map(str, other))
    texts = str.__str__(one), str(other)
    ours, theirs = map(_numbers, texts)
    return texts if ours is None or theirs is None else (ours, theirs)


def _numbers(text: str) -> tuple[Any, ...] | None:
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    release, stage, count, local = found.groups()
    numbers = [int(each) for each in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers, _STAGES[stage and stage.lower()], int(count or 0), local or ""
