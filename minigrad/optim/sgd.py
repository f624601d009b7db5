"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from minigrad.ops.optim import sgd_
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate
from .optimizer import Optimizer, ParamsT, as_number

__all__ = ["SGD"]


def _nesterov(value: Any, options: Mapping[str, Any]) -> None:
    if value and (options["momentum"] <= 0 or options["dampening"] != 0):
        raise ValueError("Nesterov momentum requires a momentum and zero dampening")


class SGD(Optimizer):
    """Stochastic gradient descent with heavy-ball [1]_ or Nesterov momentum [2]_.

    ``v = momentum * v + (1 - dampening) * g`` and ``p = p - lr * v``, where ``g`` holds the weight decay, and the first
    ``v`` is ``g`` itself. With ``nesterov`` the step is along ``g + momentum * v``.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
        Learning rate.
    momentum, dampening : float
    weight_decay : float
        Coefficient of the penalty ``weight_decay / 2 * p ** 2``.
    nesterov : bool
        Needs momentum and no dampening.
    maximize : bool
        Climb instead of descending.
    foreach, fused : bool, optional
        Kept for PyTorch's interface; see the notes of :class:`Optimizer`.
    differentiable : bool
        Record the step in the graph.

    Notes
    -----
    The learning rate scales the velocity when it is applied, not when it is stored, so that a change of ``lr`` takes
    effect at once (as in PyTorch, unlike in [2]_).

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    .. [2] I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and momentum in deep
       learning", ICML 2013.
    """

    checks: ClassVar[Checks] = {
        "lr": learning_rate(),
        "momentum": at_least_zero("momentum value"),
        "weight_decay": at_least_zero("weight_decay value"),
        "nesterov": _nesterov,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        switches = {"maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused}
        super().__init__(params, {**options, "nesterov": nesterov, **switches})

    def update(
        self, p: Any, g: Any, state: Any, *, lr: Any, momentum: Any, dampening: Any, weight_decay: Any, nesterov: bool
    ) -> Any:
        """Return the next value of ``p``."""
        if weight_decay != 0:
            g = g + weight_decay * p
        if momentum != 0:
            v = state.get("momentum_buffer")
            v = g if v is None else momentum * v + (1 - dampening) * g
            state["momentum_buffer"] = v
            g = g + momentum * v if nesterov else v
        return p - lr * g

    def update_group(self, group: dict[str, Any]) -> None:
        """Update the parameters of one group, by the fused form of :meth:`update` where nothing is recorded."""
        if group["differentiable"]:
            return super().update_group(group)
        return sgd_(
            group["params"],
            self.state,
            lr=as_number(group["lr"]),
            momentum=group["momentum"],
            dampening=group["dampening"],
            weight_decay=as_number(group["weight_decay"]),
            nesterov=group["nesterov"],
            maximize=group["maximize"],
        )
