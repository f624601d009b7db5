"""Which kernels compute on an array."""

from __future__ import annotations

import importlib
from typing import Any

_loaded: dict[str, Any] = {}


def kernels_of(array: Any) -> Any:
    """Return the kernels for the device that holds an array; they are imported when first asked for."""
    try:
        return _loaded["cpu"]
    except KeyError:
        _loaded["cpu"] = importlib.import_module("minigrad_kernels.cpu")
        return _loaded["cpu"]
