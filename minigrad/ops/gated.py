"""Gated linear units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.activation import sigmoid
from minigrad.ops.backend import kernels_of
from minigrad.ops.dims import wrap_dim
from minigrad.ops.join import cat
from minigrad.ops.op import op
from minigrad.ops.promotion import check_floating
from minigrad.ops.shape import order_of

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(
    namespace="functional",
    reference=lambda x, dim=-1: np.split(x, 2, dim)[0] / (1 + np.exp(-np.split(x, 2, dim)[1])),
)
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """Gated linear unit ``a * sigmoid(b)``, where ``a`` and ``b`` are the halves of the input along ``dim``."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    dim = wrap_dim(dim, input.ndim)
    if input.shape[dim] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}")
    check_floating("glu_cpu", input)
    a, b = _halves(input, dim)
    return a * kernels_of(b).sigmoid(b.copy(order=order_of(b)))


def _halves(input: Any, dim: int) -> tuple[Any, Any]:
    dim = wrap_dim(dim, input.ndim)
    before, middle = (slice(None),) * dim, input.shape[dim] // 2
    first, second = (*before, slice(middle)), (*before, slice(middle, None))
    return input[first], input[second]


@glu.gradient
def _(grad, input, dim):
    a, b = _halves(input, dim)
    gate = sigmoid(b)
    of_first = grad * gate
    return cat([of_first, of_first * a * (1 - gate)], dim)


@glu.samples
def _(make):
    yield make.sample(make(4, 3), 0)
    yield make.sample(make(3, 4))
