"""NAdam: Adam with Nesterov momentum."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.creation import tensor, zeros_like
from minigrad.dtypes import float32
from minigrad.ops.exponential import sqrt
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate, two_betas
from ._lerp import lerp
from .optimizer import Optimizer, ParamsT

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam that looks ahead along its momentum, which grows with the steps [1]_.

    The momentum of step ``t`` is ``mu = beta1 * (1 - 0.96 ** (t * momentum_decay) / 2)``; the step mixes the gradient
    and the average of the past, both divided by ``sqrt(v) + eps``.

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
    momentum_decay : float
    decoupled_weight_decay : bool
        Shrink ``p`` itself instead of adding to the gradient.
    foreach, maximize, capturable, differentiable : bool, optional
        As for :class:`Adam`.

    References
    ----------
    .. [1] T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.
    """

    scalar_state = ("step", "mu_product")
    kernel = "nadam"
    kernel_arrays = ("exp_avg", "exp_avg_sq")
    checks: ClassVar[Checks] = {
        "lr": learning_rate(),
        "eps": at_least_zero("epsilon value"),
        "betas": two_betas,
        "weight_decay": at_least_zero("weight_decay value"),
        "momentum_decay": at_least_zero("momentum_decay value"),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        switches = {
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, {**options, **switches})

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps, the product of all momenta, and the averages."""
        return {
            "step": tensor(0.0, dtype=float32),
            "mu_product": tensor(1.0, dtype=float32),
            "exp_avg": zeros_like(p),
            "exp_avg_sq": zeros_like(p),
        }

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
        momentum_decay: Any,
        decoupled_weight_decay: bool,
    ) -> Any:
        """Return the next value of ``p``."""
        beta1, beta2 = betas
        if weight_decay != 0:
            if decoupled_weight_decay:
                p = p * (1 - lr * weight_decay)
            else:
                g = g + weight_decay * p
        rate, mean_rate = _rates(state, lr, beta1, momentum_decay)
        m = state["exp_avg"] = lerp(state["exp_avg"], g, 1 - beta1)
        v = state["exp_avg_sq"] = beta2 * state["exp_avg_sq"] + (1 - beta2) * g * g
        denominator = sqrt(v / (1 - beta2 ** state["step"])) + eps
        return p - rate * g / denominator - mean_rate * m / denominator

    def kernel_options(
        self,
        state: Any,
        *,
        lr: Any,
        betas: Any,
        eps: Any,
        weight_decay: Any,
        momentum_decay: Any,
        decoupled_weight_decay: bool,
        maximize: bool,
    ) -> dict[str, Any]:
        """Return the keywords of the kernel."""
        beta1, beta2 = betas
        rate, mean_rate = _rates(state, lr, beta1, momentum_decay)
        return {
            "rate": rate,
            "mean_rate": mean_rate,
            "remaining": 1 - beta2 ** state["step"],
            "beta1": beta1,
            "beta2": beta2,
            "eps": eps,
            "weight_decay": 0.0 if decoupled_weight_decay else weight_decay,
            "shrink": 1 - lr * weight_decay if decoupled_weight_decay else 1.0,
            "maximize": maximize,
        }


def _rates(state: Any, lr: Any, beta1: Any, momentum_decay: Any) -> tuple[Any, Any]:
    """Return the rates of the gradient and of its average in this step, and store the product of all momenta."""
    t = state["step"]
    mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    product = state["mu_product"] = state["mu_product"] * mu
    return lr * (1 - mu) / (1 - product), lr * mu_next / (1 - product * mu_next)
