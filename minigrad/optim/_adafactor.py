"""Adafactor: Adam's second moment in two vectors a matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from minigrad.creation import tensor, zeros, zeros_like
from minigrad.dtypes import float32
from minigrad.ops.bounds import clamp
from minigrad.ops.exponential import sqrt
from minigrad.ops.reduce import mean
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate
from ._lerp import lerp
from .optimizer import Optimizer, ParamsT

__all__ = ["Adafactor"]

_EPSILON = {2: 2.0**-10, 4: 2.0**-23, 8: 2.0**-52}  # of floating types, by their bytes


def _beta2_decay(value: Any, options: Mapping[str, Any]) -> None:
    if not value <= 0.0:
        raise ValueError(f"beta2_decay should be <= 0 but is: {value}")


def _two_epsilons(value: Any, options: Mapping[str, Any]) -> None:
    for number, epsilon in enumerate(value, 1):
        if not (number == 1 and epsilon is None) and not epsilon >= 0.0:
            raise ValueError(f"epsilon{number} should be >= 0 but is: {epsilon}")


def _threshold(value: Any, options: Mapping[str, Any]) -> None:
    if not value >= 1.0:
        raise ValueError(f"Clipping threshold d should be >= 1 but is: {value}")


class Adafactor(Optimizer):
    """Steps scaled by a root mean square that is kept as one value a row and one a column [1]_.

    Of a matrix (or of each matrix in a stack) only the means of ``g ** 2`` along both dimensions are kept; their
    product stands for the whole. The step is relative to the parameter's own root mean square.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
        Largest relative step; also scales the weight decay.
    beta2_decay : float
        The averages forget like ``1 - t ** beta2_decay``.
    eps : (float or None, float)
        Smallest root mean square of a gradient (None: the dtype's resolution), and of a parameter.
    d : float
        Steps whose root mean square is larger are shortened to it.
    weight_decay : float
        Decoupled: ``p`` shrinks by ``1 - lr * weight_decay``.
    foreach, maximize : bool, optional
        As for :class:`Adam`.

    References
    ----------
    .. [1] N. Shazeer, M. Stern, "Adafactor: Adaptive learning rates with sublinear memory cost", ICML 2018,
       arXiv:1804.04235.
    """

    is_elementwise = False
    checks: ClassVar[Checks] = {
        "lr": learning_rate("Learning rate should be >= 0 but is: {value}"),
        "beta2_decay": _beta2_decay,
        "eps": _two_epsilons,
        "d": _threshold,
        "weight_decay": at_least_zero("weight_decay", "{what} should be >= 0 but is: {value}"),
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay}
        super().__init__(params, {**options, "foreach": foreach, "maximize": maximize})

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps and the averages, all zero."""
        state = {"step": tensor(0.0, dtype=float32)}
        if p.ndim > 1:
            *stack, rows, columns = p.shape
            state["row_var"] = zeros((*stack, rows, 1), dtype=p.dtype, device=p.device)
            state["col_var"] = zeros((*stack, 1, columns), dtype=p.dtype, device=p.device)
        else:
            state["variance"] = zeros_like(p)
        return state

    def update(
        self, p: Any, g: Any, state: Any, *, lr: Any, beta2_decay: Any, eps: Any, d: Any, weight_decay: Any
    ) -> Any:
        """Return the next value of ``p``."""
        t = state["step"]
        smallest = _EPSILON[p.dtype.itemsize] if eps[0] is None else eps[0]
        weight = t**beta2_decay
        length = max(eps[1], _rms(p)) * min(lr, 1 / math.sqrt(t))
        if weight_decay != 0:
            p = p * (1 - lr * weight_decay)
        if p.ndim > 1:
            row = state["row_var"] = lerp(state["row_var"], mean(g * g, -1, keepdim=True), weight)
            column = state["col_var"] = lerp(state["col_var"], mean(g * g, -2, keepdim=True), weight)
            v = row * column / clamp(mean(row, -2, keepdim=True), min=smallest)
        else:
            v = state["variance"] = lerp(state["variance"], g * g, weight)
        u = g / sqrt(clamp(v, min=smallest * smallest))
        return p - length / max(1.0, _rms(u) / d) * u


def _rms(x: Any) -> float:
    return float(sqrt(mean(x * x)))
