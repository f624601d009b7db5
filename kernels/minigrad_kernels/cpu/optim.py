"""Optimizer steps, in place and fused: one call updates a whole list of parameters.

Networks that people learn on have many small parameters, so that a call an array would cost more than the arithmetic.
The order of roundings is that of PyTorch's single-tensor code; hyper-parameters arrive as Python floats and are rounded
to the parameters' precision once, as there.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels.cpu._arrays import count_of, nth
from minigrad_kernels.cpu._kernel import InList, OutList, Real, kernel
from minigrad_kernels.scalar._bits import fma, wide


def _update(loop, lists, *numbers):
    """Run `loop` on lists of arrays in place; arrays that are strided or of half precision go through copies."""
    try:
        loop[lists[0][0].dtype](*lists, *numbers)
    except TypeError:
        dtype = np.result_type(lists[0][0].dtype, np.float32)
        copies = [[np.require(a, dtype, ["C", "A"]) for a in arrays] for arrays in lists]
        loop[dtype](*copies, *numbers)
        for arrays, copied in zip(lists, copies, strict=True):
            for a, copy in zip(arrays, copied, strict=True):
                if a is not copy and a.flags.writeable:
                    a[...] = copy


@kernel
def _sgd_loop(
    params: OutList,
    grads: InList,
    buffers: OutList,
    rate: Real,
    momentum: Real,
    undamped: Real,
    weight_decay: Real,
    nesterov: bool,
    maximize: bool,
    is_first: bool,
):
    """One step of stochastic gradient descent; `rate` is -lr, `undamped` is 1 - dampening."""
    wide()
    zero = rate - rate
    has_momentum, has_decay = momentum != zero, weight_decay != zero
    for k in range(count_of(params)):
        param, grad, buffer = nth(params, k), nth(grads, k), nth(buffers, k)
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
    params,
    grads,
    buffers,
    lr,
    momentum=0.0,
    dampening=0.0,
    weight_decay=0.0,
    nesterov=False,
    maximize=False,
    is_first=False,
):
    """One step of SGD on a list of parameters, in place.

    Parameters
    ----------
    params, grads : list of ndarray
        Of one dtype; ``grads[k]`` has the shape of ``params[k]``.
    buffers : list of ndarray or None
        The momentum buffers; None where momentum is 0.
    lr, momentum, dampening, weight_decay : float
    nesterov, maximize : bool
    is_first : bool
        The buffers are overwritten by the gradient, so they may come in uninitialised.
    """
    if not params:
        return
    if buffers is None:
        buffers, momentum = params, 0.0
    numbers = -lr, momentum, 1.0 - dampening, weight_decay, nesterov, maximize, is_first
    _update(_sgd_loop, (params, grads, buffers), *numbers)


@kernel
def _adam_loop(
    params: OutList,
    grads: InList,
    means: OutList,
    squares: OutList,
    largests: OutList,
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
    wide()
    zero = eps - eps
    has_decay = weight_decay != zero
    for k in range(count_of(params)):
        param, grad, mean, square, largest = nth(params, k), nth(grads, k), nth(means, k), nth(squares, k), nth(largests, k)
        for i in range(param.size):
            p = param[i] * shrink
            g = -grad[i] if maximize else grad[i]
            if has_decay:
                g = fma(weight_decay, p, g)
            m = fma(keep1, g - mean[i], mean[i])
            v = fma(keep2 * g, g, square[i] * beta2)
            mean[i] = m
            square[i] = v
            if amsgrad:
                v = largest[i] if largest[i] > v else v
                largest[i] = v
            param[i] = p + step_size * m / (math.sqrt(v) / root_correction + eps)


def adam(
    params,
    grads,
    exp_avgs,
    exp_avg_sqs,
    max_exp_avg_sqs,
    step,
    lr,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
    decoupled=False,
    maximize=False,
):
    """One step of Adam (AdamW with `decoupled`) on a list of parameters, in place.

    Parameters
    ----------
    params, grads, exp_avgs, exp_avg_sqs : list of ndarray
        Of one dtype and, for each k, of one shape.
    max_exp_avg_sqs : list of ndarray or None
        The largest mean squares for AMSGrad, else None.
    step : int
        The number of this step, from 1, the same for all of them.
    lr, beta1, beta2, eps, weight_decay : float
    decoupled, maximize : bool
    """
    if not params:
        return
    amsgrad = max_exp_avg_sqs is not None
    numbers = (
        -lr / (1.0 - beta1**step),
        1.0 - beta1,
        beta2,
        1.0 - beta2,
        math.sqrt(1.0 - beta2**step),
        eps,
        0.0 if decoupled else weight_decay,
        1.0 - lr * weight_decay if decoupled else 1.0,
        amsgrad,
        maximize,
    )
    largest = max_exp_avg_sqs if amsgrad else exp_avg_sqs
    _update(_adam_loop, (params, grads, exp_avgs, exp_avg_sqs, largest), *numbers)
