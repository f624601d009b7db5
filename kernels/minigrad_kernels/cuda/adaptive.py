"""Steps of optimizers with a rate for each element, in place and fused: one launch updates a whole list of parameters.

Twins of `minigrad_kernels.cpu.adaptive`, spread over blocks as `minigrad_kernels.cuda.optim` says.
"""

from __future__ import annotations

from minigrad_kernels import _steps
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


@subroutine
def _moments(means, squares, i, g, keep1, beta1, keep2, beta2):
    """Renew the averages of the gradient and of its square at an element, and return them; `keep` is 1 - beta."""
    m = _mean(means[i], g, keep1, beta1)
    v = keep2 * g * g + squares[i] * beta2
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


rmsprop = _steps.bound(_steps.rmsprop, update_lists, _rmsprop_loop)


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


adagrad = _steps.bound(_steps.adagrad, update_lists, _adagrad_loop)


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


adadelta = _steps.bound(_steps.adadelta, update_lists, _adadelta_loop)


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


adamax = _steps.bound(_steps.adamax, update_lists, _adamax_loop)


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
            m, v = _moments(mean, square, i, g, keep1, beta1, keep2, beta2)
            root = sqrt(v / remaining) + eps
            param[i] = p - rate * g / root - mean_rate * m / root


nadam = _steps.bound(_steps.nadam, update_lists, _nadam_loop)


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
            m, v = _moments(mean, square, i, g, keep1, beta1, keep2, beta2)
            param[i] = p - rate * m / (sqrt(v) + eps) if is_rectified else p - rate * m


radam = _steps.bound(_steps.radam, update_lists, _radam_loop)


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


rprop = _steps.bound(_steps.rprop, update_lists, _rprop_loop)


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


asgd = _steps.bound(_steps.asgd, update_lists, _asgd_loop)
