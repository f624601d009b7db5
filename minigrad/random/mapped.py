"""Random functions inside ``vmap``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from minigrad.ops.state import Upper, mode

__all__ = ["vmappable"]

F = TypeVar("F", bound=Callable[..., Any])


def vmappable(function: F) -> F:
    """Let a random function do what ``vmap(randomness=...)`` says: raise, or draw the same or different numbers."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if mode.mapped:
            return Upper.drawn(function, args, kwargs)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]
