"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.creation import ones_like, tensor, zeros_like
from minigrad.dtypes import float32
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate
from .optimizer import Optimizer, ParamsT, as_number

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """Stochastic gradient descent that also keeps the average of its parameters [1]_.

    ``p = p * (1 - lambd * eta) - eta * g`` with the falling rate ``eta = lr / (1 + lambd * lr * t) ** alpha``; after
    step ``t0`` the state's ``ax`` is the mean of all ``p`` since.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
    lambd : float
        Decay of the parameters and of the rate.
    alpha : float
        Power of the falling rate.
    t0 : float
        Step at which averaging starts.
    weight_decay : float
        Coefficient of the penalty ``weight_decay / 2 * p ** 2``.
    foreach, maximize, differentiable, capturable : bool, optional
        As for :class:`Adam`.

    References
    ----------
    .. [1] B. T. Polyak, A. B. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control
       Optim. 30, 1992.
    """

    scalar_state = ("step", "eta", "mu")
    kernel = "asgd"
    kernel_arrays = ("ax",)
    checks: ClassVar[Checks] = {
        "lr": learning_rate(),
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        options = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        switches = {
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, {**options, **switches})

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps, the first rate, the weight of the newest value, and the average."""
        eta = tensor(as_number(group["lr"]), dtype=float32)
        return {"step": tensor(0.0, dtype=float32), "eta": eta, "mu": ones_like(eta), "ax": zeros_like(p)}

    def update(self, p: Any, g: Any, state: Any, *, lr: Any, lambd: Any, alpha: Any, t0: Any, weight_decay: Any) -> Any:
        """Return the next value of ``p``."""
        eta, mu = state["eta"], state["mu"]
        if weight_decay != 0:
            g = g + weight_decay * p
        p = p * (1 - lambd * eta) - eta * g
        state["ax"] = p if mu == 1 else state["ax"] + (p - state["ax"]) * mu
        _advance(state, lr, lambd, alpha, t0)
        return p

    def kernel_options(
        self, state: Any, *, lr: Any, lambd: Any, alpha: Any, t0: Any, weight_decay: Any, maximize: bool
    ) -> dict[str, Any]:
        """Return the keywords of the kernel, and store the rate and the weight of the next step."""
        rate, mu = state["eta"], state["mu"]
        _advance(state, lr, lambd, alpha, t0)
        return {
            "rate": rate,
            "shrink": 1 - lambd * rate,
            "mu": mu,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }


def _advance(state: Any, lr: Any, lambd: Any, alpha: Any, t0: Any) -> None:
    """Store the rate and the weight of the newest parameters for the next step."""
    state["eta"] = lr / (1 + lambd * lr * state["step"]) ** alpha
    state["mu"] = 1 / max(1, state["step"] - t0)
