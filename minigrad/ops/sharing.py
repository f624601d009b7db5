"""Views: results that share the memory of an input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.state import INHERITED, mode


def share_if_same(result: Any, source: Any, call: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Make ``result`` a view of ``source`` if their arrays share memory (a reshape may have copied)."""
    view, array = result._array, source._array
    base = view.base
    if base is array or view is array or (base is not None and base is array.base) or np.may_share_memory(view, array):
        share_memory(result, source, call, args[1:])


def share_memory(view: Any, source: Any, call: Callable[..., Any], rest: tuple[Any, ...]) -> None:
    """Give a view its source's version counter, and the call ``call(source, *rest)`` to record it again."""
    view._writes = version = source._writes
    if mode.enabled:
        view._base = source if source._base is None else source._base
        view._view_of = source
        view._view_call = (call, rest)
        view._view_version = version[0]
    elif source._requires_grad or source._base is not None:
        view._base = source if source._base is None else source._base  # without a call: recorded writes are refused
        view._view_of = source
        view._view_version = version[0]
        view._requires_grad = view._base._requires_grad and INHERITED
