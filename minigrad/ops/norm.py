"""Normalisation: zero mean and unit variance over some dimensions, then an affine map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.op import op
from minigrad.ops.reduce import mean, sum
from minigrad.ops.shape import numel

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@op(namespace=None, name="normalized", saves=("rstd",), node="NativeNormBackward0")
def normalized(input: Tensor, dims: tuple[int, ...], eps: float) -> Tensor:
    """``(input - mean) / sqrt(variance + eps)``, with the biased moments over ``dims``."""
    count = numel([input.shape[k] for k in dims])
    wide = input.astype(np.float32) if input.dtype.itemsize == 2 else input
    with np.errstate(all="ignore"):
        centred = wide - np.add.reduce(wide, axis=dims, keepdims=True) / wide.dtype.type(count)
        variance = np.add.reduce(np.square(centred), axis=dims, keepdims=True) / wide.dtype.type(count)
        rstd = 1 / np.sqrt(variance + wide.dtype.type(eps))
        return (centred * rstd).astype(input.dtype, copy=False), rstd.astype(input.dtype, copy=False)


@normalized.gradient
def _(grad, input, out, rstd, dims, eps):
    return normalized_backward(grad, input, out, rstd, dims, eps)


@normalized.samples
def _(make):
    yield make.sample(make(3, 4), (1,), 1e-5)
    yield make.sample(make(3, 4, 2), (0, 2), 1e-3)
    yield make.sample(make(4, 3).T, (1,), 1e-5)


@op(namespace=None)
def normalized_backward(
    grad_output: Tensor, input: Tensor, out: Tensor, rstd: Any, dims: tuple[int, ...], eps: float
) -> Tensor:
    """Gradient of `normalized`: ``rstd * (grad - mean(grad) - out * mean(grad * out))``."""
    rstd = getattr(rstd, "_array", rstd)
    count = grad_output.dtype.type(numel([input.shape[k] for k in dims]))
    along = np.add.reduce(grad_output, axis=dims, keepdims=True) / count
    across = np.add.reduce(grad_output * out, axis=dims, keepdims=True) / count
    return rstd * (grad_output - along - out * across)


@normalized_backward.gradient
def _(grad, grad_output, input, rstd, dims, eps, needs):
    scale = (_square_mean(input - mean(input, dims, True), dims) + eps) ** -0.5
    y = (input - mean(input, dims, True)) * scale
    centred = grad - mean(grad, dims, True)
    of_grad = scale * (centred - y * mean(grad * y, dims, True))
    if not needs[1]:
        return of_grad, None, None
    count = numel([input.shape[k] for k in dims])
    gy, vy = mean(grad_output * y, dims, True), mean(grad * y, dims, True)
    gv = sum(grad * grad_output, dims, True) / count - mean(grad, dims, True) * mean(grad_output, dims, True)
    g_centred = grad_output - mean(grad_output, dims, True)
    of_input = -scale * scale * (y * (gv - 3 * gy * vy) + g_centred * vy + centred * gy)
    return of_grad, of_input, None


@normalized_backward.samples
def _(make):
    for shape, dims in (((3, 4), (1,)), ((3, 4, 2), (0, 2))):
        x = make(*shape)
        centred = x - x.mean(axis=dims, keepdims=True)
        rstd = 1 / np.sqrt((centred**2).mean(axis=dims, keepdims=True) + 1e-5)
        yield make.sample(make(*shape), x, centred * rstd, rstd, dims, 1e-5, gradient=False)


def _square_mean(values: Any, dims: tuple[int, ...]) -> Any:
    return mean(values * values, dims, True)
