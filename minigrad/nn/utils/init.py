"""Modules whose parameters are not initialised."""

from __future__ import annotations

import inspect
from typing import Any

from minigrad.nn.module import Module
from minigrad.random import fork_rng

__all__ = ["skip_init"]


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """Return a module whose parameters are to be set by other means; no random numbers are used up.

    Parameters
    ----------
    module_cls : class of modules
        Whose constructor takes ``device``.
    *args, **kwargs
        For the constructor.

    Raises
    ------
    RuntimeError
        For a class that is no module's, or whose constructor takes no ``device``.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    with fork_rng():
        return module_cls(*args, **kwargs)
