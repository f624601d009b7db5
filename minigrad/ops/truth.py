"""Whether all, some, and how many elements are not 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.dims import axes
from minigrad.ops.op import op
from minigrad.ops.reduce import sum

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _truth(reduced: str, input: Any, dim: Any, keepdim: bool) -> Any:
    if dim == ():  # over no dimension at all, unlike other reductions
        return (input != 0).astype(np.uint8 if input.dtype == np.uint8 else np.bool_)
    out = getattr(input, reduced)(axes(dim, input.ndim), keepdims=keepdim)
    return out.astype(np.uint8) if input.dtype == np.uint8 else out


def _truth_samples(make: Any) -> Any:
    yield make.sample(make.booleans(2, 3))
    yield make.sample(make.booleans(2, 3), dim=1)
    yield make.sample(make.integers(2, 3, 2), dim=(0, 2), keepdim=True)
    yield make.sample(make(0))
    yield make.sample(make())


@op(
    method=True,
    differentiable=False,
    reference=lambda x, dim=None, keepdim=False: np.all(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements are true (not 0), over all dimensions or those in ``dim``."""
    return _truth("all", input, dim, keepdim)


@all.samples
def _(make):
    yield from _truth_samples(make)


@op(
    method=True,
    differentiable=False,
    reference=lambda x, dim=None, keepdim=False: np.any(x, axis=dim if x.ndim else None, keepdims=keepdim),
)
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether some element is true (not 0), over all dimensions or those in ``dim``."""
    return _truth("any", input, dim, keepdim)


@any.samples
def _(make):
    yield from _truth_samples(make)


@op(method=True, differentiable=False, reference=lambda x, dim=None: np.count_nonzero(x, axis=dim))
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """Number of elements that are not 0, over all dimensions or those in ``dim``."""
    return sum(input if input.dtype.kind == "b" else input != 0, dim)


@count_nonzero.samples
def _(make):
    yield make.sample(make.integers(2, 3, high=2))
    yield make.sample(make.integers(2, 3, high=2), dim=1)
