"""Which classes and functions of the user's own a file may refer to when only weights are loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["add_safe_globals", "allowed_by_name", "clear_safe_globals", "get_safe_globals", "safe_globals"]

_safe: list[Any] = []


def add_safe_globals(safe_globals: Iterable[Any]) -> None:
    """Allow functions and classes in files that are loaded with ``weights_only=True``.

    Parameters
    ----------
    safe_globals : iterable
        Functions and classes, or pairs of one and the full name under which files know it.
    """
    _safe.extend(each for each in list(safe_globals) if each not in _safe)


def get_safe_globals() -> list[Any]:
    """Return what the user has allowed."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Allow nothing any more beyond what is always allowed."""
    _safe.clear()


class safe_globals:
    """Allow functions and classes within a ``with`` block.

    Parameters
    ----------
    safe_globals : iterable
        As for `add_safe_globals`.
    """

    def __init__(self, safe_globals: Iterable[Any]) -> None:
        self._given = list(safe_globals)
        self._before: list[Any] = []

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self._given)

    def __exit__(self, *error: Any) -> None:
        _safe[:] = self._before


def allowed_by_name() -> dict[str, Any]:
    """Return what the user has allowed, by the full name under which files know it."""
    allowed = {}
    for each in _safe:
        if isinstance(each, tuple):
            allowed[each[1]] = each[0]
        else:
            allowed[f"{each.__module__}.{each.__qualname__}"] = each
    return allowed
