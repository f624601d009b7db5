"""Optimizer steps, in place and fused; the order of roundings is that of PyTorch's single-tensor code."""

from __future__ import annotations

import math

from minigrad_kernels.cpu._kernel import In, Out, Real, kernel
from minigrad_kernels.scalar._bits import fma


@kernel
def _sgd_loop(
    param: Out,
    grad: In,
    buffer: Out,
    rate: Real,
    momentum: Real,
    undamped: Real,
    weight_decay: Real,
    nesterov: bool,
    maximize: bool,
    is_first: bool,
):
    """One step of stochastic gradient descent; `rate` is -lr, `undamped` is 1 - dampening."""
    zero = param.dtype.type(0)
    has_momentum, has_decay = momentum != zero, weight_decay != zero
    for i in range(param.size):
        g = -grad[i] if maximize else grad[i]
        if has_decay:
            g = fma(weight_decay, param[i], g)
        if has_momentum:
            v = g if is_first else fma(undamped, g, buffer[i] * momentum)
            buffer[i] = v
            g = fma(momentum, v, g) if nesterov else v
        param[i] = fma(rate, g, param[i])


def sgd(
    param,
    grad,
    buffer,
    lr,
    momentum=0.0,
    dampening=0.0,
    weight_decay=0.0,
    nesterov=False,
    maximize=False,
    is_first=False,
):
    """One SGD step on one parameter, in place.

    `buffer` is the momentum buffer, or None where momentum is 0; with `is_first` it is overwritten by the gradient,
    so it may come in uninitialised.
    """
    if buffer is None:
        buffer, momentum = param, 0.0
    _sgd_loop[param.dtype](
        param, grad, buffer, -lr, momentum, 1.0 - dampening, weight_decay, nesterov, maximize, is_first
    )


@kernel
def _adam_loop(
    param: Out,
    grad: In,
    mean: Out,
    square: Out,
    largest: Out,
    step_size: Real,
    keep1: Real,
    beta2: Real,
    keep2: Real,
    root_correction: Real,
    eps: Real,
    weight_decay: Real,
    shrink: Real,
    amsgrad: bool,
    maximize: bool,
):
    """One step of Adam; `step_size` is -lr / (1 - beta1**t), `keep` is 1 - beta, `shrink` is AdamW's 1 - lr * decay."""
    zero = param.dtype.type(0)
    has_decay = weight_decay != zero
    for i in range(param.size):
        p = param[i] * shrink
        g = -grad[i] if maximize else grad[i]
        if has_decay:
            g = fma(weight_decay, p, g)
        m = fma(keep1, g - mean[i], mean[i])
        v = fma(keep2 * g, g, square[i] * beta2)
        mean[i], square[i] = m, v
        if amsgrad:
            v = largest[i] if largest[i] > v else v
            largest[i] = v
        param[i] = p + step_size * m / (math.sqrt(v) / root_correction + eps)


def adam(
    param,
    grad,
    exp_avg,
    exp_avg_sq,
    max_exp_avg_sq,
    step,
    lr,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
    decoupled=False,
    maximize=False,
):
    """One step of Adam (AdamW with `decoupled`) on one parameter, in place.

    `step` counts from 1; `max_exp_avg_sq` is an array for AMSGrad, else None.
    """
    step_size = -lr / (1.0 - beta1**step)
    root_correction = math.sqrt(1.0 - beta2**step)
    amsgrad = max_exp_avg_sq is not None
    _adam_loop[param.dtype](
        param,
        grad,
        exp_avg,
        exp_avg_sq,
        max_exp_avg_sq if amsgrad else exp_avg_sq,
        step_size,
        1.0 - beta1,
        beta2,
        1.0 - beta2,
        root_correction,
        eps,
        0.0 if decoupled else weight_decay,
        1.0 - lr * weight_decay if decoupled else 1.0,
        amsgrad,
        maximize,
    )
