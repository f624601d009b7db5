"""Steps of optimizers with a rate for each element, in place and fused: one launch updates a whole list of parameters.

Twins of `minigrad_kernels.cpu.adaptive`, spread over blocks as `minigrad_kernels.cuda.optim` says.
"""

from __future__ import annotations

from minigrad_kernels.cuda._kernel import InInt64, InList, OutList, Real, kernel, subroutine
from minigrad_kernels.cuda._math import fabs, sqrt
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda.optim import update_lists


@subroutine
def _mean(before, new, weight, rest):
    """Return the moving average, computed from its nearer end; `rest` is 1 - weight."""
    if weight < rest:
        return weight * (new - before) + before
    return (before - new) * rest + new


@kernel
def _rmsprop_loop(
    params: OutList,
    grads: InList,
    squares: OutList,
    means: OutList,
    buffers: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
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
    """One step for each of the lists' arrays; `keep` is 1 - alpha."""
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, square = params[owner], grads[owner], squares[owner]
        mean, buffer = means[owner], buffers[owner]
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            g = weight_decay * param[i] + (-grad[i] if maximize else grad[i])
            s = keep * g * g + square[i] * alpha
            square[i] = s
            if is_centered:
                m = _mean(mean[i], g, keep, alpha)
                mean[i] = m
                s = s - m * m
            step = g / (sqrt(s) + eps)
            if has_momentum:
                step = buffer[i] * momentum + step
                buffer[i] = step
            param[i] = param[i] - lr * step


def rmsprop(
    params, grads, square_avgs, grad_avgs, momentum_buffers, lr, alpha, eps, weight_decay, momentum, maximize=False
):
    """One step of RMSprop on a list of parameters, in place.

    Parameters
    ----------
    params, grads, square_avgs : list of arrays
        Of one dtype and, for each k, of one shape.
    grad_avgs, momentum_buffers : list of arrays, or None
        Where the variance is wanted instead of the mean square, and where there is momentum.
    lr, alpha, eps, weight_decay, momentum : float
    maximize : bool
    """
    numbers = lr, alpha, 1.0 - alpha, eps, weight_decay, momentum
    switches = grad_avgs is not None, momentum_buffers is not None, maximize
    lists = params, grads, square_avgs, grad_avgs or square_avgs, momentum_buffers or square_avgs
    update_lists(_rmsprop_loop, lists, *numbers, *switches)


@kernel
def _adagrad_loop(
    params: OutList,
    grads: InList,
    sums: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
    rate: Real,
    eps: Real,
    weight_decay: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays."""
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, total = params[owner], grads[owner], sums[owner]
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            g = weight_decay * param[i] + (-grad[i] if maximize else grad[i])
            s = g * g + total[i]
            total[i] = s
            param[i] = param[i] - rate * g / (sqrt(s) + eps)


def adagrad(params, grads, sums, rate, eps, weight_decay, maximize=False):
    """One step of Adagrad on a list of parameters, in place; `rate` is that of this step."""
    update_lists(_adagrad_loop, (params, grads, sums), rate, eps, weight_decay, maximize)


@kernel
def _adadelta_loop(
    params: OutList,
    grads: InList,
    squares: OutList,
    deltas: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
    lr: Real,
    rho: Real,
    keep: Real,
    eps: Real,
    weight_decay: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays; `keep` is 1 - rho."""
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, square, delta = params[owner], grads[owner], squares[owner], deltas[owner]
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            g = weight_decay * param[i] + (-grad[i] if maximize else grad[i])
            s = keep * g * g + square[i] * rho
            square[i] = s
            step = sqrt(delta[i] + eps) / sqrt(s + eps) * g
            delta[i] = keep * step * step + delta[i] * rho
            param[i] = param[i] - lr * step


def adadelta(params, grads, square_avgs, acc_deltas, lr, rho, eps, weight_decay, maximize=False):
    """One step of Adadelta on a list of parameters, in place."""
    update_lists(
        _adadelta_loop, (params, grads, square_avgs, acc_deltas), lr, rho, 1.0 - rho, eps, weight_decay, maximize
    )


@kernel
def _adamax_loop(
    params: OutList,
    grads: InList,
    means: OutList,
    norms: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
    rate: Real,
    beta1: Real,
    keep1: Real,
    beta2: Real,
    eps: Real,
    weight_decay: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays; `keep1` is 1 - beta1."""
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, mean, norm = params[owner], grads[owner], means[owner], norms[owner]
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            g = weight_decay * param[i] + (-grad[i] if maximize else grad[i])
            m = _mean(mean[i], g, keep1, beta1)
            size, decayed = fabs(g) + eps, beta2 * norm[i]
            u = size if size > decayed or size != size else decayed
            mean[i] = m
            norm[i] = u
            param[i] = param[i] - rate * m / u


def adamax(params, grads, exp_avgs, exp_infs, rate, beta1, beta2, eps, weight_decay, maximize=False):
    """One step of Adamax on a list of parameters, in place; `rate` is lr / (1 - beta1**t)."""
    numbers = rate, beta1, 1.0 - beta1, beta2, eps, weight_decay, maximize
    update_lists(_adamax_loop, (params, grads, exp_avgs, exp_infs), *numbers)


@kernel
def _nadam_loop(
    params: OutList,
    grads: InList,
    means: OutList,
    squares: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
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
    """One step for each of the lists' arrays; `keep` is 1 - beta."""
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, mean, square = params[owner], grads[owner], means[owner], squares[owner]
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            p = param[i] * shrink
            g = weight_decay * p + (-grad[i] if maximize else grad[i])
            m = _mean(mean[i], g, keep1, beta1)
            v = keep2 * g * g + square[i] * beta2
            mean[i] = m
            square[i] = v
            root = sqrt(v / remaining) + eps
            param[i] = p - rate * g / root - mean_rate * m / root


def nadam(
    params,
    grads,
    exp_avgs,
    exp_avg_sqs,
    rate,
    mean_rate,
    remaining,
    beta1,
    beta2,
    eps,
    weight_decay,
    shrink=1.0,
    maximize=False,
):
    """One step of NAdam on a list of parameters, in place.

    Parameters
    ----------
    params, grads, exp_avgs, exp_avg_sqs : list of arrays
        Of one dtype and, for each k, of one shape.
    rate, mean_rate : float
        Of the gradient and of its average in this step.
    remaining : float
        ``1 - beta2**t``.
    beta1, beta2, eps, weight_decay : float
    shrink : float
        What the parameters are multiplied by first, for decoupled weight decay.
    maximize : bool
    """
    numbers = rate, mean_rate, remaining, beta1, 1.0 - beta1, beta2, 1.0 - beta2, eps, weight_decay, shrink, maximize
    update_lists(_nadam_loop, (params, grads, exp_avgs, exp_avg_sqs), *numbers)


@kernel
def _radam_loop(
    params: OutList,
    grads: InList,
    means: OutList,
    squares: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
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
    """One step for each of the lists' arrays; `keep` is 1 - beta."""
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, mean, square = params[owner], grads[owner], means[owner], squares[owner]
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            p = param[i] * shrink
            g = weight_decay * p + (-grad[i] if maximize else grad[i])
            m = _mean(mean[i], g, keep1, beta1)
            v = keep2 * g * g + square[i] * beta2
            mean[i] = m
            square[i] = v
            param[i] = p - rate * m / (sqrt(v) + eps) if is_rectified else p - rate * m


def radam(
    params,
    grads,
    exp_avgs,
    exp_avg_sqs,
    rate,
    is_rectified,
    beta1,
    beta2,
    eps,
    weight_decay,
    shrink=1.0,
    maximize=False,
):
    """One step of RAdam on a list of parameters, in place.

    Parameters
    ----------
    params, grads, exp_avgs, exp_avg_sqs : list of arrays
        Of one dtype and, for each k, of one shape.
    rate : float
        Of the average gradient in this step, bias corrections and rectification included.
    is_rectified : bool
        Whether the average is divided by the root mean square.
    beta1, beta2, eps, weight_decay : float
    shrink : float
        What the parameters are multiplied by first, for decoupled weight decay.
    maximize : bool
    """
    numbers = rate, is_rectified, beta1, 1.0 - beta1, beta2, 1.0 - beta2, eps, weight_decay, shrink, maximize
    update_lists(_radam_loop, (params, grads, exp_avgs, exp_avg_sqs), *numbers)


@kernel
def _rprop_loop(
    params: OutList,
    grads: InList,
    previous: OutList,
    sizes: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
    shorter: Real,
    longer: Real,
    shortest: Real,
    longest: Real,
    zero: Real,
    one: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays."""
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, before, size = params[owner], grads[owner], previous[owner], sizes[owner]
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            g = -grad[i] if maximize else grad[i]
            agreement = g * before[i]
            step = size[i] * (longer if agreement > zero else shorter if agreement < zero else one)
            step = shortest if step < shortest else longest if step > longest else step
            g = zero if agreement < zero else g
            size[i] = step
            before[i] = g
            step = step if g > zero else -step if g < zero else zero
            param[i] = param[i] - step


def rprop(params, grads, prevs, step_sizes, shorter, longer, shortest, longest, maximize=False):
    """One step of Rprop on a list of parameters, in place.

    Parameters
    ----------
    params, grads, prevs, step_sizes : list of arrays
        Of one dtype and, for each k, of one shape.
    shorter, longer : float
        Factors of a step after a change of sign, and after none.
    shortest, longest : float
        Bounds of a step.
    maximize : bool
    """
    update_lists(
        _rprop_loop, (params, grads, prevs, step_sizes), shorter, longer, shortest, longest, 0.0, 1.0, maximize
    )


@kernel
def _asgd_loop(
    params: OutList,
    grads: InList,
    averages: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
    rate: Real,
    shrink: Real,
    mu: Real,
    is_first: bool,
    weight_decay: Real,
    maximize: bool,
):
    """One step for each of the lists' arrays."""
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, average = params[owner], grads[owner], averages[owner]
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            g = weight_decay * param[i] + (-grad[i] if maximize else grad[i])
            p = -rate * g + param[i] * shrink
            param[i] = p
            average[i] = p if is_first else (p - average[i]) * mu + average[i]


def asgd(params, grads, axs, rate, shrink, mu, weight_decay, maximize=False):
    """One step of averaged SGD on a list of parameters, in place.

    Parameters
    ----------
    params, grads, axs : list of arrays
        Of one dtype and, for each k, of one shape.
    rate : float
    shrink : float
        What the parameters are multiplied by, ``1 - lambd * rate``.
    mu : float
        Weight of the new parameters in the averages `axs`.
    weight_decay : float
    maximize : bool
    """
    update_lists(_asgd_loop, (params, grads, axs), rate, shrink, mu, mu == 1, weight_decay, maximize)
