"""The arithmetic of dropout; the masks come from `minigrad.random`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.op import op

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace=None, node="MulBackward0", reference=lambda x, mask, scale: x * mask * scale)
def masked_scale(input: Tensor, mask: np.ndarray[Any, Any], scale: float) -> Tensor:
    """``input * scale`` where the mask is true, 0 elsewhere.

    Parameters
    ----------
    mask : ndarray of bool, of the input's shape
    scale : float
    """
    return kernels_of(input).masked_scale(input, getattr(mask, "_array", mask), scale)


@masked_scale.gradient
def _(grad, mask, scale):
    return masked_scale(grad, mask, scale)


@masked_scale.samples
def _(make):
    yield make.sample(make(2, 3), make.booleans(2, 3), 2.0)
    yield make.sample(make(4, 3).T, make.booleans(3, 4), 1.25)
    yield make.sample(make(0), np.zeros(0, bool), 1.25)
    yield make.sample(make(), np.array(True), 1.25)
