"""Range checks of an optimizer's options, with PyTorch's messages.

Each function here makes a check: a callable of one option's value and of all options. An optimizer lists its checks in
a table, ``checks = {"lr": at_least_zero("learning rate"), ...}``, which the base class goes through in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from minigrad.tensor import Tensor

__all__ = ["Check", "Checks", "at_least_zero", "learning_rate", "two_betas"]

Check: TypeAlias = Callable[[Any, Mapping[str, Any]], None]
Checks: TypeAlias = dict[str, Check]


def at_least_zero(what: str, message: str = "Invalid {what}: {value}") -> Check:
    """Check for a number that may not be negative (nor nan)."""

    def check(value: Any, options: Mapping[str, Any]) -> None:
        if not value >= 0.0:
            raise ValueError(message.format(what=what, value=value))

    return check


def learning_rate(message: str = "Invalid learning rate: {value}") -> Check:
    """Check for a learning rate: a number or a one-element tensor, not negative."""
    in_range = at_least_zero("learning rate", message)

    def check(value: Any, options: Mapping[str, Any]) -> None:
        if isinstance(value, Tensor):
            if options.get("foreach") and options.get("capturable") is False:
                raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
            if value.numel() != 1:
                raise ValueError("Tensor lr must be 1-element")
        in_range(value, options)

    return check


def two_betas(value: Any, options: Mapping[str, Any]) -> None:
    """Check the decay rates of two moving averages: each at least 0 and below 1."""
    for index in range(2):
        if not 0.0 <= value[index] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {value[index]}")
