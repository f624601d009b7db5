"""Covariances and correlations of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.matmul import matmul
from minigrad.ops.naming import named
from minigrad.ops.op import composed
from minigrad.ops.shape import transpose

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _check_weights(name: str, weights: Any, count: int, kind: str) -> None:
    """Refuse weights of observations that are not one number of the right kind for each.

    Raises
    ------
    RuntimeError
    """
    if weights is None:
        return
    if weights.dim() > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {weights.dim()} dimensions"
        )
    if weights.is_floating_point() != (kind == "floating point"):
        title = weights.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"cov(): expected {name} to have {kind} dtype but got {name} with {title} dtype")
    if weights.numel() != count:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got "
            f"{weights.numel()} != {count}"
        )
    if bool((weights < 0).any()):
        raise RuntimeError(f"cov(): {name} cannot be negative")


def _cov_reference(x: Any, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


@composed(method=True, reference=_cov_reference)
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """Covariances of variables (rows) over observations (columns); of one variable, its variance.

    Parameters
    ----------
    correction : int
        Subtracted from the number of observations.
    fweights : Tensor of int, optional
        How often each observation was made.
    aweights : Tensor, optional
        How much each observation counts.

    Raises
    ------
    RuntimeError
        For more than two dimensions, for bools, and for weights that do not fit.
    """
    if input.dim() > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    if input.dtype.name == "bool":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    count = input.shape[1] if input.dim() == 2 else input.numel()
    _check_weights("fweights", fweights, count, "integral")
    _check_weights("aweights", aweights, count, "floating point")
    rows = input.reshape(1, -1) if input.dim() < 2 else input
    weights = None if fweights is None else fweights
    if aweights is not None:
        weights = aweights if weights is None else weights * aweights
    if weights is None:
        total = float(rows.shape[1])
        centred = rows - rows.sum(1, keepdim=True) / total
        weighted = centred
        divisor: Any = max(total - correction, 0.0)
    else:
        total = weights.sum()
        centred = rows - (rows * weights).sum(1, keepdim=True) / total
        weighted = centred * weights
        divisor = total - correction
        if aweights is not None and correction:
            divisor = total - correction * (weights * aweights).sum() / total
        divisor = divisor.clamp(min=0)
    products = matmul(weighted, transpose(centred, 0, 1))
    out = products / divisor if not isinstance(divisor, float) or divisor else products / products.new_zeros(())
    return out.squeeze() if rows.shape[0] == 1 else named(out, "SqueezeBackward0")


@cov.samples
def _(make):
    yield make.sample(make(3, 5))
    yield make.sample(make(5))
    yield make.sample(make(2, 5), correction=0)
    yield make.sample(make(2, 4), fweights=np.array([1, 2, 3, 1]))
    yield make.sample(make(2, 4), aweights=np.array([0.5, 1.0, 2.0, 1.0]))


@composed(method=True, reference=lambda x: np.corrcoef(x))
def corrcoef(input: Tensor) -> Tensor:
    """Correlations of variables (rows) over observations (columns), from -1 to 1."""
    if input.dim() > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    covariances = cov(input)
    if not covariances.dim():
        return covariances / covariances
    spread = covariances.diagonal().sqrt()
    return (covariances / spread.unsqueeze(-1) / spread.unsqueeze(0)).clamp(-1, 1)


@corrcoef.samples
def _(make):
    yield make.sample(make(3, 5))
    yield make.sample(make(2, 4))
