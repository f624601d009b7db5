"""The base of all schedulers: when the learning rate changes, what the state is, and PyTorch's warnings."""

from __future__ import annotations

import functools
import types
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from minigrad.autograd import no_grad
from minigrad.tensor import Tensor

from ..optimizer import Optimizer

__all__ = ["LRScheduler", "Multiplying"]

_ORDER_URL = "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed "
    "form is used instead of the new chainable form, where available. Please open an issue if you are unable to "
    "replicate your use case: https://github.com/pytorch/pytorch/issues/new/choose."
)


class LRScheduler:
    """Base class of schedulers: a rule that changes the learning rates of an optimizer, epoch by epoch.

    A subclass overrides :meth:`get_lr`, which sees the rates of the last epoch in ``optimizer.param_groups``, the first
    rates in ``base_lrs`` and the number of the new epoch in ``last_epoch``.

    Parameters
    ----------
    optimizer : Optimizer
    last_epoch : int
        The epoch after which to go on; -1 starts anew.

    Notes
    -----
    Creating a scheduler sets the rates of epoch 0. Call :meth:`step` after the optimizer's steps of an epoch.
    """

    _get_lr_called_within_step: bool = False
    _is_initial: bool = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{number}] when resuming scheduler with "
                    "last_epoch >= 0.\nThis typically happens when:\n1. You're trying to resume training from a "
                    "checkpoint but haven't properly loaded the optimizer state\n2. You're using last_epoch >= 0 for "
                    "a fresh training run (not recommended)"
                )
        self.base_lrs = group_values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _count_steps(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Return all that this scheduler remembers, except the optimizer."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """Return the learning rates that the last :meth:`step` set, one a group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Return the learning rates of epoch ``last_epoch``, one a group."""
        raise NotImplementedError(f"{type(self).__name__} has no rule: override get_lr")

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch and set its learning rates.

        Parameters
        ----------
        epoch : int, optional
            Go to this epoch instead (deprecated in PyTorch).
        """
        if self._step_count == 1:
            self._warn_of_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _warn_of_order(self) -> None:
        if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. "
                "Please, make sure to call `optimizer.step()` before `lr_scheduler.step()`. See more details at "
                f"{_ORDER_URL}",
                UserWarning,
                stacklevel=3,
            )
        elif not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you "
                "should call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to "
                "do this will result in PyTorch skipping the first value of the learning rate schedule. See more "
                f"details at {_ORDER_URL}",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                rates = getattr(self, "_get_closed_form_lr", self.get_lr)()
        finally:
            self._get_lr_called_within_step = False
        self._set_rates(rates)

    def _set_rates(self, rates: Sequence[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_group_value(group, "lr", rate)
        self._last_lr = group_values(self.optimizer, "lr")

    def _warn_if_called_by_user(self) -> None:
        """Warn that ``get_lr`` is for ``step`` to call."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )


class Multiplying(LRScheduler):
    """A scheduler that multiplies all rates by one factor an epoch, so that several can act on one optimizer.

    A subclass gives the factor in ``_factor`` and, for ``step(epoch)``, the product of all factors in ``_share``.
    """

    def _factor(self) -> float | None:
        """Return what the rates of the last epoch are multiplied by, or None to leave them."""
        raise NotImplementedError

    def _share(self) -> float:
        """Return the part of the base rate that is left at ``last_epoch``."""
        raise NotImplementedError

    def get_lr(self) -> list[Any]:
        """Return the learning rates of epoch ``last_epoch``, one a group."""
        self._warn_if_called_by_user()
        factor = self._factor()
        rates = group_values(self.optimizer, "lr")
        return rates if factor is None else [rate * factor for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        share = self._share()
        return [base_lr * share for base_lr in self.base_lrs]


def check_optimizer(optimizer: Any) -> None:
    """Raise unless given an optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def _copied(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def group_values(optimizer: Optimizer, name: str) -> list[Any]:
    """Return one option of every group; tensors are copied."""
    return [_copied(group[name]) for group in optimizer.param_groups]


def set_group_value(group: dict[str, Any], name: str, value: Any) -> None:
    """Set an option of a group; a tensor is filled, so that whoever holds it sees the change."""
    if isinstance(group[name], Tensor):
        with no_grad():
            group[name].fill_(float(value))
    else:
        group[name] = value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return one value a group from what the user gave: one for all, or a list of as many."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        value = [value] * groups
    elif len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
            f"param_groups has {groups}."
        )
    return [_copied(each) for each in value]


def _count_steps(optimizer: Optimizer) -> None:
    """Make the optimizer note that its ``step`` was called, so that a wrong order of calls can be told."""
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    step: Callable[..., Any] = optimizer.step.__func__  # type: ignore[attr-defined]
    held = weakref.ref(optimizer)

    @functools.wraps(step)
    def counted(*args: Any, **kwargs: Any) -> Any:
        owner = held()
        owner._opt_called = True  # type: ignore[union-attr]
        return step(owner, *args, **kwargs)

    counted._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = counted  # type: ignore[method-assign]


def callable_state(function: Any) -> dict[str, Any] | None:
    """Return what a checkpoint can keep of a user's function: a callable object's attributes, nothing of a function."""
    return None if isinstance(function, types.FunctionType) else function.__dict__.copy()
