"""Averages of a model's parameters over its training: stochastic weight averaging and moving averages."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

from minigrad.autograd import no_grad
from minigrad.creation import tensor
from minigrad.dtypes import int64
from minigrad.nn.batchnorm import PlainBatchNorm
from minigrad.nn.module import Module
from minigrad.tensor import Tensor

from .lr_scheduler.scheduler import LRScheduler, per_group
from .optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[list[Tensor], list[Tensor], Any], None]


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """Return a function that moves averages towards the present values, in place: ``decay`` of them stays.

    Parameters
    ----------
    decay : float
        From 0 to 1.
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param_list: list[Tensor], current_param_list: list[Tensor], _: Any) -> None:
        for average, current in zip(ema_param_list, current_param_list, strict=True):
            if average.is_floating_point():
                average.lerp_(current, 1 - decay)
            else:
                average.copy_(average * decay + current * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> MultiAverage:
    """Return a function that updates means, in place, with the present values."""

    @no_grad()
    def swa_update(averaged_param_list: list[Tensor], current_param_list: list[Tensor], num_averaged: Any) -> None:
        for average, current in zip(averaged_param_list, current_param_list, strict=True):
            if average.is_floating_point():
                average.lerp_(current, float(1 / (num_averaged + 1)))
            else:
                average.copy_(average + (current - average) / (num_averaged + 1))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return a function that gives a moving average: ``decay`` of the old and the rest of the present value.

    Parameters
    ----------
    decay : float
        From 0 to 1.
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """Return a function that gives the mean of ``num_averaged`` values, whose mean it gets, and the present one."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's over the updates [1]_.

    Parameters
    ----------
    model : Module
    device : device, optional
        Where the copy is kept.
    avg_fn : callable, optional
        ``avg_fn(average, current, num_averaged)`` returns the new average of one parameter.
    multi_avg_fn : callable, optional
        ``multi_avg_fn(averages, currents, num_averaged)`` updates all averages in place. Without either, the mean.
    use_buffers : bool
        Whether buffers are averaged, too; else they are copied.

    Attributes
    ----------
    module : Module
    n_averaged : Tensor
        How many updates there were.

    References
    ----------
    .. [1] Izmailov et al. Averaging Weights Leads to Wider Optima and Better Generalization. 2018. arXiv:1803.05407
    """

    n_averaged: Tensor
    module: Any

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the averaged model returns."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of a model into the averages; the first time they are copied."""
        pairs = list(zip(self._averaged(self.module), self._averaged(model), strict=False))
        averages = [average.detach() for average, _ in pairs]
        currents = [current.detach().to(average.device) for average, current in pairs]
        if self.n_averaged == 0:
            for average, current in zip(averages, currents, strict=True):
                average.copy_(current)
        elif self.avg_fn is None:
            for indices in _by_kind(averages):
                update = self.multi_avg_fn or get_swa_multi_avg_fn()
                update([averages[k] for k in indices], [currents[k] for k in indices], self.n_averaged)
        else:
            for average, current in zip(averages, currents, strict=True):
                average.copy_(self.avg_fn(average, current, self.n_averaged))
        if not self.use_buffers:
            for own, given in zip(self.module.buffers(), model.buffers(), strict=True):
                own.detach().copy_(given.detach().to(own.device))
        self.n_averaged += 1

    def _averaged(self, module: Module) -> Iterable[Tensor]:
        return itertools.chain(module.parameters(), module.buffers() if self.use_buffers else ())


def _by_kind(tensors: list[Tensor]) -> list[list[int]]:
    """Return the numbers of the tensors, those of one device and dtype together."""
    found: dict[Any, list[int]] = {}
    for k, each in enumerate(tensors):
        found.setdefault((str(each.device), each.dtype), []).append(k)
    return list(found.values())


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running averages of a model's batch normalisations anew, over a whole data set.

    Parameters
    ----------
    loader : iterable
        Of batches: tensors, or lists or tuples of which the first entry is the input.
    model : Module
    device : device, optional
        Where the inputs are brought.
    """
    momenta = {}
    for module in model.modules():
        if isinstance(module, PlainBatchNorm):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.momentum = None
    for batch in loader:
        input = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(input if device is None else input.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Anneal the rate of each group to a fixed one, at which parameters are then averaged.

    Parameters
    ----------
    optimizer : Optimizer
    swa_lr : float or list of float
        The rate at the end, for all groups or for each.
    anneal_epochs : int
        How many epochs it takes.
    anneal_strategy : {"cos", "linear"}
    last_epoch : int
        The epoch after which to go on; -1 starts anew.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float,
        anneal_epochs: Any = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for rate, group in zip(per_group("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """Return how much of the way to the last rate is done after a step."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        """Return the learning rates of epoch ``last_epoch``, one a group."""
        self._warn_if_called_by_user()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            last, rate = group["swa_lr"], group["lr"]
            first = last if before == 1 else (rate - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates
