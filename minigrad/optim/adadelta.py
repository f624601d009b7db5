"""Adadelta: steps in the parameter's own units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from minigrad.creation import tensor, zeros_like
from minigrad.dtypes import float32
from minigrad.ops.exponential import sqrt
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate
from .optimizer import Optimizer, ParamsT

__all__ = ["Adadelta"]


def _rho(value: Any, options: Mapping[str, Any]) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"Invalid rho value: {value}")


class Adadelta(Optimizer):
    """Gradient descent scaled by the ratio of recent steps to recent gradients [1]_.

    ``s = rho * s + (1 - rho) * g ** 2``, ``delta = sqrt(d + eps) / sqrt(s + eps) * g``,
    ``d = rho * d + (1 - rho) * delta ** 2``, ``p = p - lr * delta``.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
        Scale of the step; 1 in the paper.
    rho : float
        Decay rate of both averages.
    eps : float
        In units of ``g`` squared.
    weight_decay : float
        Coefficient of the penalty ``weight_decay / 2 * p ** 2``.
    foreach, capturable, maximize, differentiable : bool, optional
        As for :class:`Adam`.

    References
    ----------
    .. [1] M. D. Zeiler, "ADADELTA: An adaptive learning rate method", 2012, arXiv:1212.5701.
    """

    kernel = "adadelta"
    kernel_arrays = ("square_avg", "acc_delta")
    checks: ClassVar[Checks] = {
        "lr": learning_rate(),
        "rho": _rho,
        "eps": at_least_zero("epsilon value"),
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        switches = {
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, {**options, **switches})

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps and the averages, all zero."""
        return {"step": tensor(0.0, dtype=float32), "square_avg": zeros_like(p), "acc_delta": zeros_like(p)}

    def update(self, p: Any, g: Any, state: Any, *, lr: Any, rho: Any, eps: Any, weight_decay: Any) -> Any:
        """Return the next value of ``p``."""
        if weight_decay != 0:
            g = g + weight_decay * p
        s = state["square_avg"] = rho * state["square_avg"] + (1 - rho) * g * g
        delta = sqrt(state["acc_delta"] + eps) / sqrt(s + eps) * g
        state["acc_delta"] = rho * state["acc_delta"] + (1 - rho) * delta * delta
        return p - lr * delta

    def kernel_options(self, state: Any, **options: Any) -> dict[str, Any]:
        """Return the keywords of the kernel."""
        return options
