"""Asking a model for its outputs on points of our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.autograd.grad_mode import no_grad

__all__ = ["as_array", "outputs_of"]

Array = np.ndarray[Any, Any]


def as_array(values: Any) -> Array:
    """Return a tensor's values, or whatever else NumPy can read, as an array."""
    return np.asarray(values.detach() if hasattr(values, "detach") else values)


def outputs_of(model: Callable[[Any], Any], points: Array, like: Any) -> Array:
    """Return ``model(points)`` as a float64 array.

    The model gets what ``like`` is: a tensor of its dtype on its device, or an array. A module is put into evaluation
    mode meanwhile, so that dropout and batch normalisation hold still, and nothing is recorded for a backward pass.
    """
    given = like.new_tensor(points) if hasattr(like, "new_tensor") else points.astype(np.asarray(like).dtype)
    was_training = getattr(model, "training", False)
    if was_training:
        model.eval()  # type: ignore[attr-defined]
    try:
        with no_grad():
            outputs = model(given)
    finally:
        if was_training:
            model.train()  # type: ignore[attr-defined]
    if hasattr(outputs, "cpu"):
        outputs = outputs.detach().cpu()
    return np.asarray(outputs, np.float64)
