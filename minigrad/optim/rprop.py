"""Rprop: steps that follow the sign of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from minigrad.creation import full_like, tensor, zeros_like
from minigrad.dtypes import float32
from minigrad.ops.bounds import clamp
from minigrad.ops.rounding import sign
from minigrad.ops.select import where
from minigrad.tensor import Tensor

from ._checks import Checks, learning_rate
from .optimizer import Optimizer, ParamsT, as_number

__all__ = ["Rprop"]


def _etas(value: Any, options: Mapping[str, Any]) -> None:
    if not 0.0 < value[0] < 1.0 < value[1]:
        raise ValueError(f"Invalid eta values: {value[0]}, {value[1]}")


class Rprop(Optimizer):
    """Resilient propagation [1]_: every element has its own step, longer while the gradient keeps its sign.

    Parameters
    ----------
    params : iterable
        Tensors, named tensors, or groups: see :class:`Optimizer`.
    lr : float or one-element Tensor
        The first step.
    etas : (float, float)
        Factors of the step after a change of sign, and after none.
    step_sizes : (float, float)
        Shortest and longest step.
    capturable, foreach, maximize, differentiable : bool, optional
        As for :class:`Adam`.

    Notes
    -----
    After a change of sign the element does not move, and its next gradient counts as the first (the variant without
    weight backtracking, iRprop-).

    References
    ----------
    .. [1] M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm",
       ICNN 1993.
    """

    kernel = "rprop"
    kernel_arrays = ("prev", "step_size")
    checks: ClassVar[Checks] = {"lr": learning_rate(), "etas": _etas}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        options = {"lr": lr, "etas": etas, "step_sizes": step_sizes}
        switches = {
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, {**options, **switches})

    def init_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Return the count of steps, no previous gradient, and the first step for every element."""
        return {
            "step": tensor(0.0, dtype=float32),
            "prev": zeros_like(p),
            "step_size": full_like(p, as_number(group["lr"])),
        }

    def update(self, p: Any, g: Any, state: Any, *, etas: Any, step_sizes: Any) -> Any:
        """Return the next value of ``p``."""
        agreement = g * state["prev"]
        size = state["step_size"]
        size = where(agreement > 0, size * etas[1], where(agreement < 0, size * etas[0], size))
        size = state["step_size"] = clamp(size, *step_sizes)
        g = state["prev"] = where(agreement < 0, 0 * size, g)
        return p - sign(g) * size

    def kernel_options(self, state: Any, *, etas: Any, step_sizes: Any, maximize: bool) -> dict[str, Any]:
        """Return the keywords of the kernel."""
        (shorter, longer), (shortest, longest) = etas, step_sizes
        return {
            "shorter": shorter,
            "longer": longer,
            "shortest": shortest,
            "longest": longest,
            "maximize": maximize,
        }
