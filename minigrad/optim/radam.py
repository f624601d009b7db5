"""RAdam: Adam that waits until it knows the gradient's variance."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.creation import tensor, zeros_like
from minigrad.dtypes import float32
from minigrad.ops.exponential import sqrt
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate, two_betas
from ._lerp import lerp
from .optimizer import Optimizer, ParamsT

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Adam with a rectified step: plain momentum while the average of squares is unreliable, then scaled [1]_.

    ``rho``, the length of the average of squares, decides: above 5 the step is Adam's times
    ``sqrt((rho - 4)(rho - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho))``.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
    betas : (float, float)
        Decay rates of the averages of ``g`` and of ``g ** 2``.
    eps : float
        In units of ``g``.
    weight_decay : float
        Coefficient of the penalty ``weight_decay / 2 * p ** 2``.
    decoupled_weight_decay : bool
        Shrink ``p`` itself instead of adding to the gradient.
    foreach, maximize, capturable, differentiable : bool, optional
        As for :class:`Adam`.

    References
    ----------
    .. [1] L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han, "On the variance of the adaptive learning rate and
       beyond", ICLR 2020, arXiv:1908.03265.
    """

    kernel = "radam"
    kernel_arrays = ("exp_avg", "exp_avg_sq")
    checks: ClassVar[Checks] = {
        "lr": learning_rate(),
        "eps": at_least_zero("epsilon value"),
        "betas": two_betas,
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        switches = {
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, {**options, **switches})

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps and the averages, all zero."""
        return {"step": tensor(0.0, dtype=float32), "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}

    def update(
        self,
        p: Any,
        g: Any,
        state: Any,
        *,
        lr: Any,
        betas: Any,
        eps: Any,
        weight_decay: Any,
        decoupled_weight_decay: bool,
    ) -> Any:
        """Return the next value of ``p``."""
        beta1, beta2 = betas
        t = state["step"]
        if weight_decay != 0:
            if decoupled_weight_decay:
                p = p * (1 - lr * weight_decay)
            else:
                g = g + weight_decay * p
        m = state["exp_avg"] = lerp(state["exp_avg"], g, 1 - beta1)
        v = state["exp_avg_sq"] = beta2 * state["exp_avg_sq"] + (1 - beta2) * g * g
        m = m / (1 - beta1**t)
        rectified = _rectification(t, beta2)
        return p - m * lr if rectified is None else p - m * lr * (rectified / (sqrt(v) + eps))

    def kernel_options(
        self,
        state: Any,
        *,
        lr: Any,
        betas: Any,
        eps: Any,
        weight_decay: Any,
        decoupled_weight_decay: bool,
        maximize: bool,
    ) -> dict[str, Any]:
        """Return the keywords of the kernel."""
        beta1, beta2 = betas
        rectified = _rectification(state["step"], beta2)
        return {
            "rate": lr / (1 - beta1 ** state["step"]) * (1.0 if rectified is None else rectified),
            "is_rectified": rectified is not None,
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "weight_decay": 0.0 if decoupled_weight_decay else weight_decay,
            "shrink": 1 - lr * weight_decay if decoupled_weight_decay else 1.0,
            "maximize": maximize,
        }


def _rectification(t: float, beta2: Any) -> float | None:
    """Return the factor of the adaptive step, bias correction included, or None while its variance is too large."""
    remaining = 1 - beta2**t
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / remaining
    if rho <= 5:
        return None
    return math.sqrt(remaining * (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
