"""RMSprop: steps scaled by the recent root mean square of the gradient."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.creation import tensor, zeros_like
from minigrad.dtypes import float32
from minigrad.ops.exponential import sqrt
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate
from ._lerp import lerp
from .optimizer import Optimizer, ParamsT

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Gradient descent scaled by a running root mean square [1]_, centred [2]_ and with momentum if wanted.

    ``s = alpha * s + (1 - alpha) * g ** 2``, ``p = p - lr * g / (sqrt(s) + eps)``.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
    alpha : float
        Decay rate of the averages.
    eps : float
        In units of ``g``; added outside the root, as in PyTorch.
    weight_decay : float
        Coefficient of the penalty ``weight_decay / 2 * p ** 2``.
    momentum : float
    centered : bool
        Use the variance, ``s`` less the square of the gradient's own average.
    capturable, foreach, maximize, differentiable : bool, optional
        As for :class:`Adam`.

    References
    ----------
    .. [1] T. Tieleman, G. Hinton, "Lecture 6.5: rmsprop", COURSERA, Neural networks for machine learning, 2012.
    .. [2] A. Graves, "Generating sequences with recurrent neural networks", 2013, arXiv:1308.0850.
    """

    kernel = "rmsprop"
    kernel_arrays = ("square_avg", "grad_avg", "momentum_buffer")
    checks: ClassVar[Checks] = {
        "lr": learning_rate(),
        "eps": at_least_zero("epsilon value"),
        "momentum": at_least_zero("momentum value"),
        "weight_decay": at_least_zero("weight_decay value"),
        "alpha": at_least_zero("alpha value"),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        switches = {
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, {**options, **switches})

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps and the averages that the options ask for, all zero."""
        state = {"step": tensor(0.0, dtype=float32), "square_avg": zeros_like(p)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = zeros_like(p)
        return state

    def update(
        self,
        p: Any,
        g: Any,
        state: Any,
        *,
        lr: Any,
        alpha: Any,
        eps: Any,
        weight_decay: Any,
        momentum: Any,
        centered: bool,
    ) -> Any:
        """Return the next value of ``p``."""
        if weight_decay != 0:
            g = g + weight_decay * p
        s = state["square_avg"] = alpha * state["square_avg"] + (1 - alpha) * g * g
        if centered:
            mean = state["grad_avg"] = lerp(state["grad_avg"], g, 1 - alpha)
            s = s - mean * mean
        root = sqrt(s) + eps
        if momentum > 0:
            v = state["momentum_buffer"] = momentum * state["momentum_buffer"] + g / root
            return p - lr * v
        return p - lr * g / root

    def kernel_options(self, state: Any, *, centered: bool, **options: Any) -> dict[str, Any]:
        """Return the keywords of the kernel, which sees from the state's tensors whether to centre."""
        return options
