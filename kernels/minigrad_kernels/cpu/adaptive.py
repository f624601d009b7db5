"""Steps of optimizers with a rate for each element, in place and fused: one call updates a whole list of parameters.

As in `minigrad_kernels.cpu.optim`: what depends on the step alone arrives as numbers, and an array that the options do
not ask for is None.
"""

from __future__ import annotations

import math

from minigrad_kernels import _steps
from minigrad_kernels.cpu._arrays import count_of, nth
from minigrad_kernels.cpu._kernel import InList, OutList, Real, kernel, subroutine
from minigrad_kernels.cpu.optim import update_lists
from minigrad_kernels.scalar._bits import fabs, fma, maximum, wide


@subroutine
def _mean(before, new, weight, rest):
    """Return the moving average, computed from its nearer end; `rest` is 1 - weight."""
    if weight < rest:
        return fma(weight, new - before, before)
    return fma(before - new, rest, new)


@subroutine
def _moments(means, squares, i, g, keep1, beta1, keep2, beta2):
    """Renew the averages of the gradient and of its square at an element, and return them; `keep` is 1 - beta."""
    m = _mean(means[i], g, keep1, beta1)
    v = fma(keep2 * g, g, squares[i] * beta2)
    means[i] = m
    squares[i] = v
    return m, v


@kernel
def _rmsprop_loop(
    params: OutList,
    grads: InList,
    squares: OutList,
    means: OutList,
    buffers: OutList,
    lr: Real,
    alpha: Real,
    keep: Real,
    eps: Real,
    weight_decay: Real,
    momentum: Real,
    is_centered: bool,
    has_momentum: bool,
    maximize: bool,
):
    """One step for each of the lists' arrays, or False where sizes differ; `keep` is 1 - alpha."""
    wide()
    for k in range(count_of(params)):
        param, grad, square = nth(params, k), nth(grads, k), nth(squares, k)
        mean, buffer = nth(means, k), nth(buffers, k)
        if not param.size == grad.size == square.size == mean.size == buffer.size:
            return False
        sign = param.dtype.type(-1 if maximize else 1)
        for i in range(param.size):
            g = fma(weight_decay, param[i], sign * grad[i])
            s = fma(keep * g, g, square[i] * alpha)
            square[i] = s
            if is_centered:
                m = _mean(mean[i], g, keep, alpha)
                mean[i] = m
                s = s - m * m
            step = g / (math.sqrt(s) + eps)
            if has_momentum:
                step = fma(buffer[i], momentum, step)
                buffer[i] = step
            param[i] = param[i] - lr * step
    return True


rmsprop = _steps.bound(_steps.rmsprop, update_lists, _rmsprop_loop)


@kernel
def _adagrad_loop(
    params: OutList, grads: InList, sums: OutList, rate: Real, eps: Real, weight_decay: Real, maximize: bool
):
    """One step for each of the lists' arrays, or False where sizes differ."""
    wide()
    for k in range(count_of(params)):
        param, grad, total = nth(params, k), nth(grads, k), nth(sums, k)
        if not param.size == grad.size == total.size:
            return False
        sign = param.dtype.type(-1 if maximize else 1)
        for i in range(param.size):
            g = fma(weight_decay, param[i], sign * grad[i])
            s = fma(g, g, total[i])
            total[i] = s
            param[i] = param[i] - rate * g / (math.sqrt(s) + eps)
    return True


adagrad = _steps.bound(_steps.adagrad, update_lists, _adagrad_loop)


@kernel
def _adadelta_loop(
    params: OutList,
    grads: InList,
    squares: OutList,
    deltas: OutList,
    lr: Real,
    rho: Real,
    keep: Real,
    eps: Real,
    weight_decay: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays, or False where sizes differ; `keep` is 1 - rho."""
    wide()
    for k in range(count_of(params)):
        param, grad, square, delta = nth(params, k), nth(grads, k), nth(squares, k), nth(deltas, k)
        if not param.size == grad.size == square.size == delta.size:
            return False
        sign = param.dtype.type(-1 if maximize else 1)
        for i in range(param.size):
            g = fma(weight_decay, param[i], sign * grad[i])
            s = fma(keep * g, g, square[i] * rho)
            square[i] = s
            step = math.sqrt(delta[i] + eps) / math.sqrt(s + eps) * g
            delta[i] = fma(keep * step, step, delta[i] * rho)
            param[i] = param[i] - lr * step
    return True


adadelta = _steps.bound(_steps.adadelta, update_lists, _adadelta_loop)


@kernel
def _adamax_loop(
    params: OutList,
    grads: InList,
    means: OutList,
    norms: OutList,
    rate: Real,
    beta1: Real,
    keep1: Real,
    beta2: Real,
    eps: Real,
    weight_decay: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays, or False where sizes differ; `keep1` is 1 - beta1."""
    wide()
    for k in range(count_of(params)):
        param, grad, mean, norm = nth(params, k), nth(grads, k), nth(means, k), nth(norms, k)
        if not param.size == grad.size == mean.size == norm.size:
            return False
        sign = param.dtype.type(-1 if maximize else 1)
        for i in range(param.size):
            g = fma(weight_decay, param[i], sign * grad[i])
            m = _mean(mean[i], g, keep1, beta1)
            u = maximum(beta2 * norm[i], fabs(g) + eps)
            mean[i] = m
            norm[i] = u
            param[i] = param[i] - rate * m / u
    return True


adamax = _steps.bound(_steps.adamax, update_lists, _adamax_loop)


@kernel
def _nadam_loop(
    params: OutList,
    grads: InList,
    means: OutList,
    squares: OutList,
    rate: Real,
    mean_rate: Real,
    remaining: Real,
    beta1: Real,
    keep1: Real,
    beta2: Real,
    keep2: Real,
    eps: Real,
    weight_decay: Real,
    shrink: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays, or False where sizes differ; `keep` is 1 - beta."""
    wide()
    for k in range(count_of(params)):
        param, grad, mean, square = nth(params, k), nth(grads, k), nth(means, k), nth(squares, k)
        if not param.size == grad.size == mean.size == square.size:
            return False
        sign = param.dtype.type(-1 if maximize else 1)
        for i in range(param.size):
            p = param[i] * shrink
            g = fma(weight_decay, p, sign * grad[i])
            m, v = _moments(mean, square, i, g, keep1, beta1, keep2, beta2)
            root = math.sqrt(v / remaining) + eps
            param[i] = p - rate * g / root - mean_rate * m / root
    return True


nadam = _steps.bound(_steps.nadam, update_lists, _nadam_loop)


@kernel
def _radam_loop(
    params: OutList,
    grads: InList,
    means: OutList,
    squares: OutList,
    rate: Real,
    is_rectified: bool,
    beta1: Real,
    keep1: Real,
    beta2: Real,
    keep2: Real,
    eps: Real,
    weight_decay: Real,
    shrink: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays, or False where sizes differ; `keep` is 1 - beta."""
    wide()
    for k in range(count_of(params)):
        param, grad, mean, square = nth(params, k), nth(grads, k), nth(means, k), nth(squares, k)
        if not param.size == grad.size == mean.size == square.size:
            return False
        sign = param.dtype.type(-1 if maximize else 1)
        for i in range(param.size):
            p = param[i] * shrink
            g = fma(weight_decay, p, sign * grad[i])
            m, v = _moments(mean, square, i, g, keep1, beta1, keep2, beta2)
            param[i] = p - rate * m / (math.sqrt(v) + eps) if is_rectified else p - rate * m
    return True


radam = _steps.bound(_steps.radam, update_lists, _radam_loop)


@kernel
def _rprop_loop(
    params: OutList,
    grads: InList,
    previous: OutList,
    sizes: OutList,
    shorter: Real,
    longer: Real,
    shortest: Real,
    longest: Real,
    zero: Real,
    one: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays, or False where their lengths differ."""
    wide()
    for k in range(count_of(params)):
        param, grad, before, size = nth(params, k), nth(grads, k), nth(previous, k), nth(sizes, k)
        if not param.size == grad.size == before.size == size.size:
            return False
        sign = -one if maximize else one
        for i in range(param.size):
            g = sign * grad[i]
            agreement = g * before[i]
            step = size[i] * (longer if agreement > zero else shorter if agreement < zero else one)
            step = shortest if step < shortest else longest if step > longest else step
            g = zero if agreement < zero else g
            size[i] = step
            before[i] = g
            step = step if g > zero else -step if g < zero else zero
            param[i] = param[i] - step
    return True


rprop = _steps.bound(_steps.rprop, update_lists, _rprop_loop)


@kernel
def _asgd_loop(
    params: OutList,
    grads: InList,
    averages: OutList,
    rate: Real,
    shrink: Real,
    mu: Real,
    is_first: bool,
    weight_decay: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays, or False where sizes differ."""
    wide()
    for k in range(count_of(params)):
        param, grad, average = nth(params, k), nth(grads, k), nth(averages, k)
        if not param.size == grad.size == average.size:
            return False
        sign = param.dtype.type(-1 if maximize else 1)
        for i in range(param.size):
            g = fma(weight_decay, param[i], sign * grad[i])
            p = fma(-rate, g, param[i] * shrink)
            param[i] = p
            average[i] = p if is_first else fma(p - average[i], mu, average[i])
    return True


asgd = _steps.bound(_steps.asgd, update_lists, _asgd_loop)
