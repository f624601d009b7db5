"""Adamax: Adam with the infinity norm."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.creation import tensor, zeros_like
from minigrad.dtypes import float32
from minigrad.ops.bounds import maximum
from minigrad.ops.rounding import abs
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate, two_betas
from ._lerp import lerp
from .optimizer import Optimizer, ParamsT

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Adam scaled by the largest recent gradient instead of its mean square [1]_, section 7.1.

    ``m = beta1 * m + (1 - beta1) * g``, ``u = max(beta2 * u, |g| + eps)``, ``p = p - lr / (1 - beta1 ** t) * m / u``.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
    betas : (float, float)
        Decay rates of ``m`` and ``u``.
    eps : float
        In units of ``g``.
    weight_decay : float
        Coefficient of the penalty ``weight_decay / 2 * p ** 2``.
    foreach, maximize, differentiable, capturable : bool, optional
        As for :class:`Adam`.

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: A method for stochastic optimization", ICLR 2015, arXiv:1412.6980.
    """

    kernel = "adamax"
    kernel_arrays = ("exp_avg", "exp_inf")
    checks: ClassVar[Checks] = {
        "lr": learning_rate(),
        "eps": at_least_zero("epsilon value"),
        "betas": two_betas,
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach}
        switches = {"maximize": maximize, "differentiable": differentiable, "capturable": capturable}
        super().__init__(params, {**options, **switches})

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps, the average and the norm, all zero."""
        return {"step": tensor(0.0, dtype=float32), "exp_avg": zeros_like(p), "exp_inf": zeros_like(p)}

    def update(self, p: Any, g: Any, state: Any, *, lr: Any, betas: Any, eps: Any, weight_decay: Any) -> Any:
        """Return the next value of ``p``."""
        beta1, beta2 = betas
        t = state["step"]
        if weight_decay != 0:
            g = g + weight_decay * p
        m = state["exp_avg"] = lerp(state["exp_avg"], g, 1 - beta1)
        u = state["exp_inf"] = maximum(beta2 * state["exp_inf"], abs(g) + eps)
        return p - lr / (1 - beta1**t) * m / u

    def kernel_options(self, state: Any, *, lr: Any, betas: Any, **options: Any) -> dict[str, Any]:
        """Return the keywords of the kernel."""
        beta1, beta2 = betas
        return {"rate": lr / (1 - beta1 ** state["step"]), "beta1": beta1, "beta2": beta2, **options}
