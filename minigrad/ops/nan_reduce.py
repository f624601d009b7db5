"""Sums and means of the elements that are not nan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import is_device_array, kernels_of
from minigrad.ops.op import composed, op
from minigrad.ops.reduce import expand_reduced, reduction_samples, several_dims_samples, sum

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _nan_samples(make: Any) -> Any:
    """Yield the samples of a sum, and inputs with nan among their elements."""
    yield from reduction_samples(make)
    with_nan = make(2, 3)
    with_nan[0, 1] = np.nan
    yield make.sample(with_nan, gradient=False)
    yield make.sample(with_nan, dim=0, gradient=False)


@op(
    method=True,
    reference=lambda x, dim=None, keepdim=False: np.nansum(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum of the elements that are not nan, over all dimensions or those in ``dim``."""
    if input.dtype.kind == "f":
        if not is_device_array(input) and _has_no_nan(total := sum(input, dim, keepdim, dtype=dtype)):
            return total
        input = np.where(np.isnan(input), input.dtype.type(0), input)
    return sum(input, dim, keepdim, dtype=dtype)


def _has_no_nan(sums: Any) -> bool:
    total = kernels_of(sums).sum(sums) if sums.ndim else sums
    return bool(total == total)


@nansum.gradient
def _(grad, input, dim, keepdim):
    return expand_reduced(grad, input.shape, dim, keepdim) * (input == input)


@nansum.samples
def _(make):
    yield from _nan_samples(make)
    yield from several_dims_samples(make)


@composed(
    method=True,
    reference=lambda x, dim=None, keepdim=False: np.nanmean(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Mean of the elements that are not nan, over all dimensions or those in ``dim``."""
    if not input.is_floating_point():
        title = input.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {title}")
    count = sum(~input.isnan(), dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / count


@nanmean.samples
def _(make):
    yield from _nan_samples(make)
