"""Schedulers whose rule is a function given by the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..optimizer import Optimizer
from .scheduler import LRScheduler, callable_state, group_values

__all__ = ["LambdaLR", "MultiplicativeLR"]

Rule: TypeAlias = Callable[[int], float]


class _ByFunction(LRScheduler):
    def __init__(self, optimizer: Optimizer, lr_lambda: Rule | list[Rule], last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        groups = len(optimizer.param_groups)
        if isinstance(lr_lambda, (list, tuple)):
            if len(lr_lambda) != groups:
                raise ValueError(f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}")
            self.lr_lambdas = list(lr_lambda)
        else:
            self.lr_lambdas = [lr_lambda] * groups
        self._check()
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        """Raise if a rule cannot be used."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that this scheduler remembers, except the optimizer and the rules.

        Of a rule that is a callable object, its attributes are kept; of a function or lambda, nothing.
        """
        state = super().state_dict()
        del state["lr_lambdas"]
        return {**state, "lr_lambdas": [callable_state(rule) for rule in self.lr_lambdas]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for rule, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if attributes is not None:
                rule.__dict__.update(attributes)


class LambdaLR(_ByFunction):
    """Set the rate to the base rate times ``lr_lambda(epoch)``.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable or list of callable
        From the number of the epoch to a factor; one for all groups or one each.
    last_epoch : int
        The epoch after which to go on; -1 starts anew.
    """

    def get_lr(self) -> list[Any]:
        """Return the learning rates of epoch ``last_epoch``, one a group."""
        self._warn_if_called_by_user()
        return [base_lr * rule(self.last_epoch) for rule, base_lr in zip(self.lr_lambdas, self.base_lrs, strict=True)]


class MultiplicativeLR(_ByFunction):
    """Multiply the rate by ``lr_lambda(epoch)``.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable or list of callable
        From the number of the epoch to a factor; one for all groups or one each.
    last_epoch : int
        The epoch after which to go on; -1 starts anew.
    """

    def _check(self) -> None:
        for rule in self.lr_lambdas:
            if not callable(rule):
                raise TypeError(f"lr_lambda should be a function, but got {type(rule).__name__}")

    def get_lr(self) -> list[Any]:
        """Return the learning rates of epoch ``last_epoch``, one a group."""
        self._warn_if_called_by_user()
        rates = group_values(self.optimizer, "lr")
        if self._is_initial:
            return rates
        return [rate * rule(self.last_epoch) for rule, rate in zip(self.lr_lambdas, rates, strict=True)]
