"""Adagrad: steps scaled by all gradients so far."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.creation import full_like, tensor
from minigrad.dtypes import float32
from minigrad.ops.exponential import sqrt
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate
from .optimizer import Optimizer, ParamsT

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Gradient descent whose rate for each element falls with the gradients that it has seen [1]_.

    ``s = s + g ** 2``, ``p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)``.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
    lr_decay : float
        Decay of the rate itself with the steps.
    weight_decay : float
        Coefficient of the penalty ``weight_decay / 2 * p ** 2``.
    initial_accumulator_value : float
        The first ``s``.
    eps : float
        In units of ``g``.
    foreach, maximize, differentiable, fused : bool, optional
        As for :class:`Adam`.

    References
    ----------
    .. [1] J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic
       optimization", JMLR 12, 2011.
    """

    kernel = "adagrad"
    kernel_arrays = ("sum",)
    checks: ClassVar[Checks] = {
        "lr": learning_rate(),
        "lr_decay": at_least_zero("lr_decay value"),
        "weight_decay": at_least_zero("weight_decay value"),
        "initial_accumulator_value": at_least_zero("initial_accumulator_value value"),
        "eps": at_least_zero("epsilon value"),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        options = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
        }
        switches = {"foreach": foreach, "maximize": maximize, "differentiable": differentiable, "fused": fused}
        super().__init__(params, {**options, **switches})
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = self.init_state(param, group)

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps and the first sum of squares."""
        first = self.defaults["initial_accumulator_value"]
        return {"step": tensor(0.0, dtype=float32), "sum": full_like(p, first)}

    def update(self, p: Any, g: Any, state: Any, *, lr: Any, lr_decay: Any, weight_decay: Any, eps: Any) -> Any:
        """Return the next value of ``p``."""
        if weight_decay != 0:
            g = g + weight_decay * p
        s = state["sum"] = state["sum"] + g * g
        return p - lr / (1 + (state["step"] - 1) * lr_decay) * g / (sqrt(s) + eps)

    def kernel_options(self, state: Any, *, lr: Any, lr_decay: Any, **options: Any) -> dict[str, Any]:
        """Return the keywords of the kernel."""
        return {"rate": lr / (1 + (state["step"] - 1) * lr_decay), **options}
