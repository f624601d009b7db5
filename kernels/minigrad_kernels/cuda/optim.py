"""Optimizer steps, in place and fused: one launch updates a whole list of parameters.

A loop is given the arrays' addresses, in a table on the device, and another table that divides all their elements into
chunks: a block takes one chunk after the other. So a launch costs the same whatever the number of parameters, a large
parameter is spread over the GPU, and nothing has to be gathered into one flat array, which would copy everything twice.
"""

from __future__ import annotations

import functools

import numpy as np

from minigrad_kernels import _steps
from minigrad_kernels.cuda import _memory
from minigrad_kernels.cuda._kernel import InInt64, InList, OutList, Real, fit, give_back, kernel, working_dtype
from minigrad_kernels.cuda._math import sqrt
from minigrad_kernels.cuda._numba import THREADS, cuda

_CHUNK = 4 * THREADS  # elements that a block updates at a time


@functools.lru_cache(maxsize=64)
def _chunks(sizes, device):
    """Return arrays of the current device: for each chunk of arrays of such sizes, the array's number and its range."""
    counts = [-(-size // _CHUNK) for size in sizes]
    owners = np.repeat(np.arange(len(sizes)), counts)
    starts = np.concatenate([np.arange(count) * _CHUNK for count in counts]).astype(np.int64)
    ends = np.minimum(starts + _CHUNK, np.array(sizes)[owners])
    return tuple(map(_memory.to_device, (owners, starts, ends)))


def update_lists(loop, lists, *numbers):
    """Run `loop` on lists of arrays in place; arrays that are strided or of half precision go through copies."""
    sizes = tuple(param.size for param in lists[0])
    if any(tuple(array.size for array in arrays) != sizes for arrays in lists[1:]):
        raise ValueError("a parameter, its gradient and the optimizer's state for it must have one size")
    dtype = working_dtype(lists[0][0].dtype)
    # One copy an array, though an array that a loop does not use may stand in two lists.
    copies = {id(array): (array, fit(array, dtype)) for arrays in lists for array in arrays}
    fitting = [[copies[id(array)][1] for array in arrays] for arrays in lists]
    owners, starts, ends = _chunks(sizes, _memory.current())
    loop[dtype](*fitting, owners, starts, ends, *numbers, blocks=owners.size)
    for arrays in (lists[0], *lists[2:]):
        for array in arrays:
            if copies[id(array)][1] is not array:
                give_back(*copies[id(array)])


@kernel
def _sgd_loop(
    params: OutList,
    grads: InList,
    buffers: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
    rate: Real,
    momentum: Real,
    undamped: Real,
    weight_decay: Real,
    nesterov: bool,
    maximize: bool,
    is_first: bool,
):
    """One step for each of the lists' arrays; `rate` is -lr, `undamped` is 1 - dampening."""
    has_momentum = momentum != 0
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, buffer = params[owner], grads[owner], buffers[owner]
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            g = weight_decay * param[i] + (-grad[i] if maximize else grad[i])
            if has_momentum:
                v = g if is_first else undamped * g + buffer[i] * momentum
                buffer[i] = v
                g = momentum * v + g if nesterov else v
            param[i] += rate * g


sgd = _steps.bound(_steps.sgd, update_lists, _sgd_loop)


@kernel
def _adam_loop(
    params: OutList,
    grads: InList,
    means: OutList,
    squares: OutList,
    largests: OutList,
    owners: InInt64,
    starts: InInt64,
    ends: InInt64,
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
    """One step for each of the lists' arrays.

    `keep` is 1 - beta, `shrink` is AdamW's 1 - lr * decay, `step_size` is -lr / (1 - beta1**t), `root` is the square
    root of 1 - beta2**t.
    """
    for chunk in range(cuda.blockIdx.x, owners.size, cuda.gridDim.x):
        owner = owners[chunk]
        param, grad, mean, square, largest = (
            params[owner],
            grads[owner],
            means[owner],
            squares[owner],
            largests[owner],
        )
        for i in range(starts[chunk] + cuda.threadIdx.x, ends[chunk], THREADS):
            p = param[i] * shrink
            g = weight_decay * p + (-grad[i] if maximize else grad[i])
            m = keep1 * (g - mean[i]) + mean[i]
            v = keep2 * g * g + square[i] * beta2
            mean[i] = m
            square[i] = v
            if amsgrad:
                v = largest[i] if largest[i] > v else v
                largest[i] = v
            param[i] = p + step_size * m / (sqrt(v) / root + eps)


adam = _steps.bound(_steps.adam, update_lists, _adam_loop)
