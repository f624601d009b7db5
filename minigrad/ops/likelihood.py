"""Losses that are negative log-likelihoods: of counts, and of normal variables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of
from minigrad.ops.inplace import check_cast
from minigrad.ops.loss_arguments import legacy_reduction, reduced
from minigrad.ops.op import composed

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_REDUCTIONS = ("mean", "sum", "none")


def reduced_reference(losses: Any, reduction: str) -> Any:
    """Return losses, an array, as they are, their mean or their sum."""
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def _poisson_reference(x, y, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
    losses = np.exp(x) - y * x if log_input else x - y * np.log(x + eps)
    if full:
        losses = losses + np.where(y > 1, y * np.log(y) - y + 0.5 * np.log(2 * np.pi * y), 0)
    return reduced_reference(losses, reduction)


@composed(namespace="functional", reference=_poisson_reference)
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood ``rate - target * log(rate)`` of counts, up to the term ``log(target!)``.

    Parameters
    ----------
    log_input : bool
        Whether the input is the logarithm of the rate.
    full : bool
        Whether to add Stirling's approximation of the missing term.
    eps : float
        Added to the rate before its logarithm is taken.
    reduction : {"mean", "sum", "none"}
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        losses = losses + stirling.masked_fill(target <= 1, 0)
    return reduced(losses, reduction)


@poisson_nll_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3, low=0.2, high=3), reduction=reduction)
    yield make.sample(make(2, 3, low=0.2, high=3), make(2, 3, low=1.1, high=3), log_input=False, full=True)


def _gaussian_reference(x, y, var, full=False, eps=1e-6, reduction="mean"):
    var = np.maximum(var[..., None] if np.ndim(var) == x.ndim - 1 and np.ndim(var) else var, eps)
    return reduced_reference(
        0.5 * (np.log(var) + (x - y) ** 2 / var) + (0.5 * np.log(2 * np.pi) if full else 0), reduction
    )


@composed(namespace="functional", reference=_gaussian_reference)
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood ``(log var + (input - target)**2 / var) / 2`` of normal variables [1]_.

    Parameters
    ----------
    input : Tensor
        The means.
    var : Tensor or float
        The variances: of the input's shape, without its last dimension, or with length 1 in one dimension.
    full : bool
        Whether to add the constant ``log(2 pi) / 2``.
    eps : float
        The smallest variance; gradients pass it unchanged.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        For negative variances, for those of another size, and for an unknown reduction.

    References
    ----------
    .. [1] D. A. Nix, A. S. Weigend, "Estimating the Mean and Variance of the Target Probability Distribution", 1994.
    """
    if isinstance(var, float):
        var = input.detach() * 0 + var
    if (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif var.dim() != input.dim() or [y for x, y in zip(input.shape, var.shape, strict=True) if x != y] != [1]:
            raise ValueError("var is of incorrect size")
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not valid")
    check_cast(np.dtype(np.float32), array_of(var).dtype)
    var = var + (var.clamp(min=eps) - var).detach()
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)


@gaussian_nll_loss.samples
def _(make):
    for reduction in _REDUCTIONS:
        yield make.sample(make(2, 3), make(2, 3), make(2, 3, low=0.2, high=2), reduction=reduction)
    yield make.sample(make(2, 3), make(2, 3), make(2, low=0.2, high=2), full=True, reduction="mean")
    yield make.sample(make(2, 3), make(2, 3), 0.7)
