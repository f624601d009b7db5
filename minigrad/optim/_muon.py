"""Muon: momentum made orthogonal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from minigrad.creation import zeros_like
from minigrad.tensor import Tensor

from ._checks import Checks, at_least_zero, learning_rate
from ._lerp import lerp
from .optimizer import Optimizer, ParamsT

__all__ = ["Muon"]


def _adjust(value: Any, options: Mapping[str, Any]) -> None:
    if value not in (None, "original", "match_rms_adamw"):
        raise ValueError(f"Adjust learning rate function {value} is not supported")


class Muon(Optimizer):
    """Momentum whose matrix is replaced by the nearest orthogonal one, up to a few per cent [1]_.

    For the weight matrices of hidden layers; biases, embeddings and output layers belong to another optimizer.

    Parameters
    ----------
    params : iterable
        Matrices, named matrices, or groups: see :class:`Optimizer`.
    lr : float
    weight_decay : float
        Decoupled: ``p`` shrinks by ``1 - lr * weight_decay``.
    momentum : float
    nesterov : bool
        Look ahead along the momentum.
    ns_coefficients : (float, float, float)
        Of the polynomial ``a x + b x^3 + c x^5`` that drives all singular values towards 1.
    eps : float
        Smallest norm that the matrix is divided by.
    ns_steps : int
        How often the polynomial is applied; below 100.
    adjust_lr_fn : {"original", "match_rms_adamw"}, optional
        How the rate grows with the shape: ``sqrt(max(1, rows / columns))`` (the default), or
        ``0.2 * sqrt(max(rows, columns))`` [2]_.

    Notes
    -----
    PyTorch computes the orthogonal matrix in bfloat16, which this library does not have: here it has the precision of
    the parameter, so the two agree to about two digits.

    References
    ----------
    .. [1] K. Jordan and others, "Muon: An optimizer for hidden layers in neural networks", 2024,
       https://kellerjordan.github.io/posts/muon/
    .. [2] J. Liu and others, "Muon is scalable for LLM training", 2025, arXiv:2502.16982.
    """

    is_elementwise = False
    checks: ClassVar[Checks] = {
        "lr": learning_rate("Learning rate should be >= 0 but is: {value}"),
        "momentum": at_least_zero("momentum", "{what} should be >= 0 but is: {value}"),
        "weight_decay": at_least_zero("weight decay", "{what} should be >= 0 but is: {value}"),
        "adjust_lr_fn": _adjust,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        options = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov}
        iteration = {"ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps}
        super().__init__(params, {**options, **iteration, "adjust_lr_fn": adjust_lr_fn})
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}"
                    )

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return a momentum of zero."""
        return {"momentum_buffer": zeros_like(p)}

    def update(
        self,
        p: Any,
        g: Any,
        state: Any,
        *,
        lr: Any,
        weight_decay: Any,
        momentum: Any,
        nesterov: bool,
        ns_coefficients: Any,
        eps: Any,
        ns_steps: int,
        adjust_lr_fn: str | None,
    ) -> Any:
        """Return the next value of ``p``."""
        v = state["momentum_buffer"] = lerp(state["momentum_buffer"], g, 1 - momentum)
        u = lerp(g, v, momentum) if nesterov else v
        rows, columns = p.shape
        if adjust_lr_fn == "match_rms_adamw":
            scale = 0.2 * math.sqrt(max(rows, columns))
        else:
            scale = math.sqrt(max(1, rows / columns))
        return p * (1 - lr * weight_decay) - lr * scale * _orthogonal(u, ns_coefficients, ns_steps, eps)


def _orthogonal(x: Any, coefficients: tuple[float, float, float], steps: int, eps: float) -> Any:
    """Return a matrix with the singular vectors of ``x`` and singular values near 1, by Newton-Schulz iteration."""
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    is_tall = x.shape[0] > x.shape[1]
    x = x.T if is_tall else x
    x = x / max(float((x * x).sum()) ** 0.5, eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if is_tall else x
