"""Quantiles: elements at a given share of the way through the sorted ones, or between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.op import composed
from minigrad.ops.sort import sort
from minigrad.ops.state import Upper

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@composed(
    method=True,
    reference=lambda x, q, dim=None, keepdim=False, interpolation="linear": np.quantile(
        x, q, dim, method=interpolation, keepdims=keepdim
    ),
)
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """Quantiles ``q`` (from 0 to 1) of all elements or along ``dim``; nan where there is a nan.

    Parameters
    ----------
    q : float or 1-D Tensor
        A tensor of quantiles gives a result with a first dimension for them.
    interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}
    """
    return _quantile(input, q, dim, keepdim, interpolation, False)


@quantile.samples
def _(make):
    yield make.sample(make.apart(5), 0.3)
    yield make.sample(make.apart(2, 4), np.array([0.1, 0.5]), dim=1)
    yield make.sample(make.apart(2, 4), 0.6, dim=0, keepdim=True, interpolation="midpoint")


@composed(
    method=True,
    reference=lambda x, q, dim=None, keepdim=False, interpolation="linear": np.nanquantile(
        x, q, dim, method=interpolation, keepdims=keepdim
    ),
)
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """As `quantile`, of the elements that are not nan."""
    return _quantile(input, q, dim, keepdim, interpolation, True)


@nanquantile.samples
def _(make):
    yield make.sample(make.apart(5), 0.3)
    yield make.sample(make.apart(2, 4), 0.6, dim=1)


def _quantile(input: Any, q: Any, dim: Any, keepdim: bool, interpolation: str, skip_nan: bool) -> Any:
    wants = _checked(input, q, interpolation)
    ndim = input.dim()
    rows = input.movedim(dim, -1) if dim is not None and ndim else input.reshape(-1)
    if not rows.numel():
        raise RuntimeError("quantile() input tensor must be non-empty")
    parts = _at_shares(sort(rows, -1, stable=True)[0], wants.reshape(-1), interpolation, skip_nan)
    if dim is None:
        shape = (*(1,) * ndim, -1) if keepdim else (-1,)
        parts = parts.reshape(shape)
    elif keepdim and ndim:
        parts = parts.unsqueeze(-2).movedim(-2, dim if dim >= 0 else dim - 1)
    return parts.movedim(-1, 0) if wants.dim() else parts.squeeze(-1)


def _checked(input: Any, q: Any, interpolation: str) -> Any:
    """Return the wanted shares as a tensor of the input's dtype.

    Raises
    ------
    RuntimeError
    """
    if input.dtype.name not in ("float32", "float64"):
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got "
            f"{interpolation}"
        )
    if not isinstance(q, Upper.Tensor):
        if not isinstance(q, (int, float)):
            raise TypeError(
                "quantile() received an invalid combination of arguments - expected a Tensor or a float as 'q', but "
                f"got {type(q).__name__}"
            )
        if not 0 <= q <= 1:
            raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q}")
        return input.new_tensor(float(q))
    if q.dim() > 1:
        raise RuntimeError("quantile() q must be a scalar or 1D tensor")
    if q.dtype is not input.dtype:
        raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
    if bool(((q < 0) | (q > 1)).any()):
        raise RuntimeError("quantile() q values must be in the range [0, 1]")
    return q


def _at_shares(ordered: Any, wants: Any, interpolation: str, skip_nan: bool) -> Any:
    """Return what stands at shares of the way through rows in order: (..., length) gives (..., shares)."""
    length = ordered.shape[-1]
    missing = ordered.isnan().sum(-1, keepdim=True)
    if skip_nan:
        place = wants * (length - 1 - missing).clamp_min(0).to(ordered.dtype)
    else:
        place = (wants * (length - 1)).expand((*ordered.shape[:-1], wants.shape[0]))
        place = place.masked_fill(missing > 0, length - 1)
    rounded = {"lower": "floor", "higher": "ceil", "nearest": "round"}.get(interpolation)
    if rounded is not None:
        place = getattr(place, rounded)()
    low = place.detach().floor()
    left, right = ordered.gather(-1, low.long()), ordered.gather(-1, place.detach().ceil().long())
    return left.lerp(right, low * 0 + 0.5 if interpolation == "midpoint" else place - low)
