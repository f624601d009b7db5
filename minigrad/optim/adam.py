"""Adam, with AMSGrad and decoupled weight decay."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from minigrad.creation import tensor, zeros_like
from minigrad.dtypes import float32
from minigrad.ops.bounds import maximum
from minigrad.ops.exponential import sqrt
from minigrad.ops.optim import adam_
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate, two_betas
from ._lerp import lerp
from .optimizer import Optimizer, ParamsT, as_number

__all__ = ["Adam"]


def _betas(value: Any, options: Mapping[str, Any]) -> None:
    two_betas(value, options)
    for kind in (float, Tensor):
        if isinstance(value[0], kind) and isinstance(value[1], kind):
            break
    else:
        raise ValueError("betas must be either both floats or both Tensors")
    for index, beta in enumerate(value):
        if isinstance(beta, Tensor):
            if options["foreach"] and not options["capturable"]:
                raise ValueError(f"betas[{index}] as a Tensor is not supported for capturable=False and foreach=True")
            if beta.numel() != 1:
                raise ValueError(f"Tensor betas[{index}] must be 1-element")


class Adam(Optimizer):
    """Adam: steps scaled by running averages of the gradient and of its square [1]_.

    ``m = beta1 * m + (1 - beta1) * g`` and ``v = beta2 * v + (1 - beta2) * g ** 2`` are divided by ``1 - beta ** t``,
    as they start at zero; the step is ``-lr * m / (sqrt(v) + eps)``.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
        Learning rate.
    betas : (float, float)
        Decay rates of the two averages.
    eps : float
        Added to the denominator, in units of ``g``.
    weight_decay : float
        Coefficient of the penalty ``weight_decay / 2 * p ** 2``.
    amsgrad : bool
        Divide by the largest ``v`` so far [2]_.
    foreach, capturable, fused : bool, optional
        Kept for PyTorch's interface; see the notes of :class:`Optimizer`.
    maximize : bool
        Climb instead of descending.
    differentiable : bool
        Record the step in the graph.
    decoupled_weight_decay : bool
        Shrink ``p`` itself by ``1 - lr * weight_decay`` instead of adding to the gradient: AdamW.

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: A method for stochastic optimization", ICLR 2015, arXiv:1412.6980.
    .. [2] S. J. Reddi, S. Kale, S. Kumar, "On the convergence of Adam and beyond", ICLR 2018, arXiv:1904.09237.
    """

    checks: ClassVar[Checks] = {
        "lr": learning_rate(),
        "eps": at_least_zero("epsilon value"),
        "betas": _betas,
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        switches = {
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, {**options, **switches})

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps and the averages, all zero."""
        state = {"step": tensor(0.0, dtype=float32), "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(p)
        return state

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
        amsgrad: bool,
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
        if amsgrad:
            v = state["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], v)
        return p - lr / (1 - beta1**t) * m / (sqrt(v) / math.sqrt(1 - beta2**t) + eps)

    def update_group(self, group: dict[str, Any]) -> None:
        """Update the parameters of one group, by the fused form of :meth:`update` where nothing is recorded."""
        if group["differentiable"]:
            return super().update_group(group)
        return adam_(
            group["params"],
            self.state,
            lambda param: self.init_state(param, group),
            lr=as_number(group["lr"]),
            betas=as_number(group["betas"]),
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            amsgrad=group["amsgrad"],
            decoupled_weight_decay=group["decoupled_weight_decay"],
            maximize=group["maximize"],
        )
