"""Optimizer steps, in place and fused: one call updates a whole list of parameters.

Networks that people learn on have many small parameters, so that a call an array would cost more than the arithmetic.
The order of roundings is that of PyTorch's single-tensor code; hyper-parameters arrive as Python floats and are rounded
to the parameters' precision once, as there.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad_kernels import _steps
from minigrad_kernels.cpu._arrays import count_of, nth
from minigrad_kernels.cpu._kernel import InList, OutList, Real, kernel, subroutine
from minigrad_kernels.scalar._bits import fma, wide


def update_lists(loop, lists, *numbers):
    """Run `loop` on lists of arrays in place; arrays that are strided or of half precision go through copies."""
    try:
        fits = loop[lists[0][0].dtype](*lists, *numbers)
    except TypeError:
        dtype = np.result_type(lists[0][0].dtype, np.float32)
        # One copy an array, though an array that a loop does not use may stand in two lists.
        copies = {id(a): (a, np.require(a, dtype, ["C", "A"])) for arrays in lists for a in arrays}
        fits = loop[dtype](*[[copies[id(a)][1] for a in arrays] for arrays in lists], *numbers)
        for a, copy in copies.values():
            if a is not copy and a.flags.writeable:
                a[...] = copy
    if not fits:
        raise ValueError("a parameter, its gradient and the optimizer's state for it must have one size")


@subroutine
def _plain_step(param, grad, rate, weight_decay, sign):
    """One step of gradient descent on one parameter."""
    wide()
    for i in range(param.size):
        param[i] = fma(rate, fma(weight_decay, param[i], sign * grad[i]), param[i])


@subroutine
def _momentum_step(param, grad, buffer, rate, momentum, undamped, weight_decay, nesterov, sign, is_first):
    """One step of gradient descent with momentum on one parameter."""
    wide()
    for i in range(param.size):
        g = fma(weight_decay, param[i], sign * grad[i])
        v = g if is_first else fma(undamped, g, buffer[i] * momentum)
        buffer[i] = v
        param[i] = fma(rate, fma(momentum, v, g) if nesterov else v, param[i])


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
    """One step for each of the lists' arrays, or False where sizes differ.

    `rate` is -lr, `undamped` is 1 - dampening.
    """
    for k in range(count_of(params)):
        param, grad, buffer = nth(params, k), nth(grads, k), nth(buffers, k)
        if not param.size == grad.size == buffer.size:
            return False
        sign = param.dtype.type(-1 if maximize else 1)
        if momentum != 0:
            _momentum_step(param, grad, buffer, rate, momentum, undamped, weight_decay, nesterov, sign, is_first)
        else:
            _plain_step(param, grad, rate, weight_decay, sign)
    return True


sgd = _steps.bound(_steps.sgd, update_lists, _sgd_loop)


@subroutine
def _moments(param, grad, mean, square, i, keep1, beta2, keep2, weight_decay, shrink, sign):
    """Renew the averages of the gradient and of its square at an element; return the shrunk parameter and both."""
    p = param[i] * shrink
    g = fma(weight_decay, p, sign * grad[i])
    m = fma(keep1, g - mean[i], mean[i])
    v = fma(keep2 * g, g, square[i] * beta2)
    mean[i] = m
    square[i] = v
    return p, m, v


@subroutine
def _adam_step(param, grad, mean, square, keep1, beta2, keep2, weight_decay, shrink, step_size, root, eps, sign):
    """One step of Adam on one parameter."""
    wide()
    for i in range(param.size):
        p, m, v = _moments(param, grad, mean, square, i, keep1, beta2, keep2, weight_decay, shrink, sign)
        param[i] = p + step_size * m / (math.sqrt(v) / root + eps)


@subroutine
def _amsgrad_step(
    param, grad, mean, square, largest, keep1, beta2, keep2, weight_decay, shrink, step_size, root, eps, sign
):
    """One step of AMSGrad on one parameter."""
    wide()
    for i in range(param.size):
        p, m, v = _moments(param, grad, mean, square, i, keep1, beta2, keep2, weight_decay, shrink, sign)
        v = largest[i] if largest[i] > v else v
        largest[i] = v
        param[i] = p + step_size * m / (math.sqrt(v) / root + eps)


@kernel
def _adam_loop(
    params: OutList,
    grads: InList,
    means: OutList,
    squares: OutList,
    largests: OutList,
    keep1: Real,
    beta2: Real,
    keep2: Real,
    weight_decay: Real,
    shrink: Real,
    step_size: Real,
    root: Real,
    eps: Real,
    amsgrad: bool,
    maximize: bool,
):
    """One step for each of the lists' arrays, or False where sizes differ.

    `keep` is 1 - beta, `shrink` is AdamW's 1 - lr * decay, `step_size` is -lr / (1 - beta1**t), `root` is the square
    root of 1 - beta2**t.
    """
    for k in range(count_of(params)):
        param, grad, mean, square = nth(params, k), nth(grads, k), nth(means, k), nth(squares, k)
        if not param.size == grad.size == mean.size == square.size == nth(largests, k).size:
            return False
        sign = param.dtype.type(-1 if maximize else 1)
        if amsgrad:
            top = nth(largests, k)
            _amsgrad_step(
                param, grad, mean, square, top, keep1, beta2, keep2, weight_decay, shrink, step_size, root, eps, sign
            )  # fmt: skip
        else:
            _adam_step(param, grad, mean, square, keep1, beta2, keep2, weight_decay, shrink, step_size, root, eps, sign)
    return True


adam = _steps.bound(_steps.adam, update_lists, _adam_loop)
