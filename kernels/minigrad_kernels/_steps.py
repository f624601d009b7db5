"""Steps of optimizers, on any device: from an optimizer's options to the numbers that its loop takes.

What depends on the step alone, like a bias correction, is computed here, once a step. What is done to each element is
written in a device's loops, and how a loop is run on lists of arrays in its `update_lists`; `bound` puts the two in the
place of a step's first parameter.

The arrays of a step are lists: of one dtype and, for each k, of one shape. An array that the options do not ask for is
None, and another stands in for it, which the loop does not touch.
"""

from __future__ import annotations

import math
from types import MethodType


def bound(step, update_lists, loop):
    """Return a step of this module for the arrays of one device.

    Parameters
    ----------
    step : callable
    update_lists : callable
        ``update_lists(loop, lists, *numbers)`` runs a loop on lists of arrays, in place.
    loop : Kernel
        Takes the lists and the numbers that `step` hands on.
    """
    return MethodType(step, MethodType(update_lists, loop))


def sgd(
    update,
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
    params, grads : list of arrays
        Of one dtype; ``grads[k]`` has the shape of ``params[k]``.
    buffers : list of arrays, or None
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
    update((params, grads, buffers), -lr, momentum, 1.0 - dampening, weight_decay, nesterov, maximize, is_first)


def adam(
    update,
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
    params, grads, exp_avgs, exp_avg_sqs : list of arrays
        Of one dtype and, for each k, of one shape.
    max_exp_avg_sqs : list of arrays, or None
        The largest mean squares for AMSGrad, else None.
    step : int
        The number of this step, from 1, the same for all of them.
    lr, beta1, beta2, eps, weight_decay : float
    decoupled, maximize : bool
    """
    if not params:
        return
    amsgrad = max_exp_avg_sqs is not None
    largest = max_exp_avg_sqs if amsgrad else exp_avg_sqs
    update(
        (params, grads, exp_avgs, exp_avg_sqs, largest),
        1.0 - beta1,
        beta2,
        1.0 - beta2,
        0.0 if decoupled else weight_decay,
        1.0 - lr * weight_decay if decoupled else 1.0,
        -lr / (1.0 - beta1**step),
        math.sqrt(1.0 - beta2**step),
        eps,
        amsgrad,
        maximize,
    )


def rmsprop(
    update,
    params,
    grads,
    square_avgs,
    grad_avgs,
    momentum_buffers,
    lr,
    alpha,
    eps,
    weight_decay,
    momentum,
    maximize=False,
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
    is_centered, has_momentum = grad_avgs is not None, momentum_buffers is not None
    lists = params, grads, square_avgs, grad_avgs or square_avgs, momentum_buffers or square_avgs
    update(lists, lr, alpha, 1.0 - alpha, eps, weight_decay, momentum, is_centered, has_momentum, maximize)


def adagrad(update, params, grads, sums, rate, eps, weight_decay, maximize=False):
    """One step of Adagrad on a list of parameters, in place; `rate` is that of this step."""
    update((params, grads, sums), rate, eps, weight_decay, maximize)


def adadelta(update, params, grads, square_avgs, acc_deltas, lr, rho, eps, weight_decay, maximize=False):
    """One step of Adadelta on a list of parameters, in place."""
    update((params, grads, square_avgs, acc_deltas), lr, rho, 1.0 - rho, eps, weight_decay, maximize)


def adamax(update, params, grads, exp_avgs, exp_infs, rate, beta1, beta2, eps, weight_decay, maximize=False):
    """One step of Adamax on a list of parameters, in place; `rate` is lr / (1 - beta1**t)."""
    update((params, grads, exp_avgs, exp_infs), rate, beta1, 1.0 - beta1, beta2, eps, weight_decay, maximize)


def nadam(
    update,
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
    lists = params, grads, exp_avgs, exp_avg_sqs
    keep1, keep2 = 1.0 - beta1, 1.0 - beta2
    update(lists, rate, mean_rate, remaining, beta1, keep1, beta2, keep2, eps, weight_decay, shrink, maximize)


def radam(
    update,
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
    lists = params, grads, exp_avgs, exp_avg_sqs
    keep1, keep2 = 1.0 - beta1, 1.0 - beta2
    update(lists, rate, is_rectified, beta1, keep1, beta2, keep2, eps, weight_decay, shrink, maximize)


def rprop(update, params, grads, prevs, step_sizes, shorter, longer, shortest, longest, maximize=False):
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
    zero, one = 0.0, 1.0  # in the parameters' precision, as a loop gets every number
    update((params, grads, prevs, step_sizes), shorter, longer, shortest, longest, zero, one, maximize)


def asgd(update, params, grads, axs, rate, shrink, mu, weight_decay, maximize=False):
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
    update((params, grads, axs), rate, shrink, mu, mu == 1, weight_decay, maximize)
