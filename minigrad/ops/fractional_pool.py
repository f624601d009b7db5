"""The largest element of each of many windows at drawn places, as an operation; `nn.functional` draws the places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import array_of, kernels_of, like
from minigrad.ops.max_unpool import unpooled
from minigrad.ops.op import op

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace=None, outputs=("values", "indices"), node="FractionalMaxPoolBackward0")
def max_pool_at(
    input: Tensor, samples: np.ndarray[Any, Any], kernel_size: tuple[int, ...], output_size: tuple[int, ...]
) -> Any:
    """Largest element of each window, and its number within its plane.

    Parameters
    ----------
    input : Tensor, shape (..., *lengths)
    samples : ndarray, shape (planes, rank)
        Draws between 0 and 1 that place the windows.
    kernel_size, output_size : tuple of int
        Lengths of the windows, and how many there are.
    """
    samples = like(input, array_of(samples))
    return kernels_of(input).fractional_max_pool(input, samples, kernel_size, output_size)


@max_pool_at.gradient
def _(grad, indices, input_shape, kernel_size):
    return unpooled(grad, indices, tuple(input_shape[len(input_shape) - len(kernel_size) :]), True)


@max_pool_at.samples
def _(make):
    yield make.sample(make.apart(2, 3, 5, 6), make(6, 2, low=0, high=1), (2, 3), (3, 4))
    yield make.sample(make.apart(2, 3, 4, 5), make(2, 3, low=0, high=1), (2, 1, 2), (1, 4, 3))
