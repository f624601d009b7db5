"""Losses and their gradients, each one pass over the data.

`reduction` is 'none' (an array of the input's shape), 'mean' or 'sum' (a 0-d array): each block of threads adds up its
losses, and a second launch adds up the blocks'. In a gradient, `grad` is the incoming gradient: of the input's shape
for 'none', of one element otherwise. Losses of class numbers are in `minigrad_kernels.cuda._classes`.
"""

from __future__ import annotations

from minigrad_kernels.cuda._block import group_sum
from minigrad_kernels.cuda._classes import (
    MODES,
    cross_entropy,
    cross_entropy_backward,
    nll_loss,
    nll_loss_backward,
)
from minigrad_kernels.cuda._kernel import (
    In,
    Out,
    Real,
    blocks_for,
    empty,
    kernel,
    most_blocks,
    working_dtype,
)
from minigrad_kernels.cuda._math import fabs
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda.reduce import add_up

__all__ = [
    "MODES",
    "backward",
    "cross_entropy",
    "cross_entropy_backward",
    "huber_loss",
    "huber_loss_backward",
    "mse_loss",
    "mse_loss_backward",
    "nll_loss",
    "nll_loss_backward",
    "reduced",
    "reduced_over",
    "smooth_l1_loss",
    "smooth_l1_loss_backward",
]


def reduced(loop, x, y, mode, *numbers):
    """Run a loop that gives losses, or the sums of its blocks, and reduce the sums."""
    return reduced_over(loop, x, y, (None, x.size, 1)[mode], *numbers)


def reduced_over(loop, x, y, divisor, *numbers):
    """Run a loop that gives losses, or the sums of its blocks; add the sums up and divide, unless by None."""
    if divisor is None:
        out = empty(x.shape, x.dtype)
        loop[x.dtype](x, y, *numbers, 0, out)
        return out
    blocks = max(min(blocks_for(x.size), most_blocks()), 1)
    sums = empty(blocks, working_dtype(x.dtype))
    loop[x.dtype](x, y, *numbers, 1, sums, blocks=blocks)
    return add_up(sums, divisor, empty((), x.dtype))


def backward(loop, grad, x, y, reduction, *numbers):
    """Run a loop that gives the gradient with respect to `x`."""
    result = empty(x.shape, x.dtype)
    loop[x.dtype](grad, x, y, *numbers, MODES[reduction], result)
    return result


@kernel
def _mse_loss_loop(x: In, y: In, mode: int, out: Out):
    """Squared differences, or each block's sum."""
    shared = cuda.shared.array(THREADS, x.dtype)
    total = x.dtype.type(0)
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        d = x[i] - y[i]
        if mode == 0:
            out[i] = d * d
        total += d * d
    if mode != 0:
        total = group_sum(shared, total, THREADS)
        if cuda.threadIdx.x == 0:
            out[cuda.blockIdx.x] = total


def mse_loss(x, y, reduction="mean"):
    """Squared difference of two arrays of one shape."""
    return reduced(_mse_loss_loop, x, y, MODES[reduction])


@kernel
def _mse_loss_backward_loop(grad: In, x: In, y: In, mode: int, result: Out):
    """result[i] = 2 * grad * (x[i] - y[i]), over the count for a mean."""
    real = x.dtype.type
    share = real(2) / real(x.size) if mode == 1 else real(2)
    for i in range(cuda.grid(1), result.size, cuda.gridsize(1)):
        result[i] = share * (x[i] - y[i]) * (grad[i] if mode == 0 else grad[0])


def mse_loss_backward(grad, x, y, reduction="mean"):
    """Return the gradient of `mse_loss` with respect to `x`; with respect to `y` it is the negative."""
    return backward(_mse_loss_backward_loop, grad, x, y, reduction)


@kernel
def _huber_loss_loop(x: In, y: In, delta: Real, scale: Real, mode: int, out: Out):
    """Scale * (d**2 / 2 if |d| < delta else delta * (|d| - delta / 2)), or each block's sum."""
    shared = cuda.shared.array(THREADS, x.dtype)
    half, total = x.dtype.type(0.5), x.dtype.type(0)
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        d = fabs(x[i] - y[i])
        loss = (half * d * d if d < delta else delta * (d - half * delta)) * scale
        if mode == 0:
            out[i] = loss
        total += loss
    if mode != 0:
        total = group_sum(shared, total, THREADS)
        if cuda.threadIdx.x == 0:
            out[cuda.blockIdx.x] = total


def huber_loss(x, y, delta=1.0, reduction="mean"):
    """Half the squared difference up to `delta`, and ``delta * (|x - y| - delta / 2)`` beyond."""
    return reduced(_huber_loss_loop, x, y, MODES[reduction], delta, 1.0)


@kernel
def _huber_loss_backward_loop(grad: In, x: In, y: In, delta: Real, scale: Real, mode: int, result: Out):
    """result[i] = scale * grad * (d clipped to +-delta), over the count for a mean."""
    share = scale / x.dtype.type(x.size) if mode == 1 else scale
    for i in range(cuda.grid(1), result.size, cuda.gridsize(1)):
        d = x[i] - y[i]
        d = delta if d > delta else d
        d = -delta if d < -delta else d
        result[i] = d * share * (grad[i] if mode == 0 else grad[0])


def huber_loss_backward(grad, x, y, delta=1.0, reduction="mean"):
    """Return the gradient of `huber_loss` with respect to `x`; with respect to `y` it is the negative."""
    return backward(_huber_loss_backward_loop, grad, x, y, reduction, delta, 1.0)


def smooth_l1_loss(x, y, beta=1.0, reduction="mean"):
    """Huber's loss over `beta`: ``d**2 / (2 beta)`` up to ``|d| = beta``, and ``|d| - beta / 2`` beyond; beta > 0."""
    return reduced(_huber_loss_loop, x, y, MODES[reduction], beta, 1.0 / beta)


def smooth_l1_loss_backward(grad, x, y, beta=1.0, reduction="mean"):
    """Return the gradient of `smooth_l1_loss` with respect to `x`; with respect to `y` it is the negative."""
    return backward(_huber_loss_backward_loop, grad, x, y, reduction, beta, 1.0 / beta)
