"""Losses that push the scores of wrong classes below those of right ones, and their gradients, of rows of scores.

The threads of a group share a row. A kernel cannot raise without being waited for, so a class number that is out of
range makes its row's loss nan, and with it the mean and the sum; its gradient is nan as well.
"""

from __future__ import annotations

import math

from minigrad_kernels.cuda._block import blocks_for_rows, group_sum, lanes_for
from minigrad_kernels.cuda._classes import MODES
from minigrad_kernels.cuda._kernel import In, InInt64, Out, Real, blocks_for, empty, kernel, most_blocks, working_dtype
from minigrad_kernels.cuda._numba import THREADS, cuda
from minigrad_kernels.cuda.reduce import add_up

_NAN = math.nan


def _reduced(loop, x, rows, mode, *arguments):
    """Run a loop that gives losses of rows, or the sums of its blocks, and reduce the sums."""
    lanes = lanes_for(x.size // max(rows, 1))
    blocks = max(min(blocks_for_rows(rows, lanes), most_blocks()), 1)
    out = empty(blocks, working_dtype(x.dtype)) if mode else empty(rows, x.dtype)
    loop[x.dtype](x, *arguments, rows, lanes, mode, out, blocks=blocks)
    return add_up(out, rows if mode == 1 else 1, empty((), x.dtype)) if mode else out


@kernel
def _multi_margin_loop(
    x: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    p: int,
    margin: Real,
    rows: int,
    lanes: int,
    mode: int,
    out: Out,
):
    """Sum over the wrong classes of max(0, margin - right + score)**p, or each block's sum of them."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, real = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), x.dtype.type
    classes, total = x.size // max(rows, 1), real(0)
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        label, loss = target[row] if row < rows else 0, real(0)
        is_class = label >= 0 and label < classes
        if row < rows and is_class:
            gap = margin - x[row * classes + label]
            for j in range(lane, classes, lanes):
                hinge = gap + x[row * classes + j]
                if hinge > real(0) and j != label:
                    loss += hinge if p == 1 else hinge * hinge
        loss = group_sum(shared, loss, lanes) / real(classes)
        if lane == 0 and row < rows:
            if not is_class:
                loss = real(_NAN)
            elif is_weighted:
                loss *= weight[label]
            if mode == 0:
                out[row] = loss
            total += loss
    if mode != 0:
        total = group_sum(shared, total, THREADS)
        if cuda.threadIdx.x == 0:
            out[cuda.blockIdx.x] = total


def multi_margin(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    """Sum over the wrong classes of ``max(0, margin - right score + score)**p``, over the number of classes."""
    chosen = x if weight is None else weight
    numbers = target, chosen, weight is not None, p, margin
    return _reduced(_multi_margin_loop, x, target.size, MODES[reduction], *numbers)


@kernel
def _multi_margin_backward_loop(
    grad: In,
    x: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    p: int,
    margin: Real,
    rows: int,
    lanes: int,
    mode: int,
    result: Out,
):
    """Each wrong class is pushed down by its hinge, and the right one pulled up by as much."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, real = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), x.dtype.type
    classes = x.size // rows
    share = real(p) / real(classes * rows if mode == 1 else classes)
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        label, gap, scale = target[row] if row < rows else 0, real(0), real(_NAN)
        is_class = label >= 0 and label < classes
        if row < rows and is_class:
            gap = margin - x[row * classes + label]
            scale = share * (grad[row] if mode == 0 else grad[0]) * (weight[label] if is_weighted else real(1))
        pushed = real(0)
        for j in range(lane, classes if row < rows else 0, lanes):
            hinge = gap + x[row * classes + j]
            push = scale if p == 1 else scale * hinge
            if is_class and (j == label or not hinge > real(0)):
                push = real(0)
            pushed += push
            result[row * classes + j] = push
        pushed = group_sum(shared, pushed, lanes)
        if row < rows and is_class and lane == (label & (lanes - 1)):
            result[row * classes + label] = -pushed


def multi_margin_backward(grad, x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    """Return the gradient of `multi_margin` with respect to the scores."""
    result = empty(x.shape, x.dtype)
    if result.size:
        rows = target.size
        lanes, chosen = lanes_for(x.size // rows), x if weight is None else weight
        numbers = weight is not None, p, margin, rows, lanes, MODES[reduction]
        _multi_margin_backward_loop[x.dtype](
            grad, x, target, chosen, *numbers, result, blocks=blocks_for_rows(rows, lanes)
        )
    return result


@kernel
def _listed_loop(target: InInt64, classes: int, listed: Out):
    """Count how often each class of a row is listed before the first -1; all are nan where one is no class."""
    real = listed.dtype.type
    for row in range(cuda.grid(1), target.size // classes, cuda.gridsize(1)):
        base, is_over, is_right = row * classes, False, True
        for j in range(classes):
            listed[base + j] = real(0)
        for j in range(classes):
            label = target[base + j]
            is_over = is_over or label < 0
            if label < -1 or label >= classes:
                is_right = False
            elif not is_over:
                listed[base + label] += real(1)
        if not is_right:
            for j in range(classes):
                listed[base + j] = real(_NAN)


def _listed(x, target, rows):
    """Return how often each class of each row is listed, of the working dtype of the scores."""
    listed = empty(x.size, working_dtype(x.dtype))
    if listed.size:
        _listed_loop[listed.dtype](target, x.size // rows, listed, blocks=blocks_for(rows))
    return listed


@kernel
def _multilabel_margin_loop(x: In, listed: In, rows: int, lanes: int, mode: int, out: Out):
    """Sum over right and wrong classes of max(0, 1 - right + wrong), or each block's sum of them."""
    shared = cuda.shared.array(THREADS, x.dtype)
    groups, lane, real = THREADS // lanes, cuda.threadIdx.x & (lanes - 1), x.dtype.type
    classes, total = x.size // max(rows, 1), real(0)
    for start in range(cuda.blockIdx.x * groups, rows, cuda.gridDim.x * groups):
        row = start + cuda.threadIdx.x // lanes
        base, loss = row * classes, real(0)
        for j in range(lane, classes if row < rows else 0, lanes):
            if listed[base + j] == real(0):
                for k in range(classes):
                    hinge = real(1) - x[base + k] + x[base + j]
                    if listed[base + k] > real(0) and hinge > real(0):
                        loss += listed[base + k] * hinge
            else:
                loss += listed[base + j] * real(0)  # which is nan where a row lists what is no class
        loss = group_sum(shared, loss, lanes) / real(classes)
        if lane == 0 and row < rows:
            if mode == 0:
                out[row] = loss
            total += loss
    if mode != 0:
        total = group_sum(shared, total, THREADS)
        if cuda.threadIdx.x == 0:
            out[cuda.blockIdx.x] = total


def multilabel_margin(x, target, reduction="mean"):
    """Sum over right and wrong classes of ``max(0, 1 - right score + wrong score)``, over the number of classes."""
    rows = x.shape[0] if x.ndim > 1 else 1
    return _reduced(_multilabel_margin_loop, x, rows, MODES[reduction], _listed(x, target, rows))


@kernel
def _multilabel_margin_backward_loop(grad: In, x: In, listed: In, rows: int, mode: int, result: Out):
    """Each pair of a right and a wrong class within the margin pulls one up, and pushes the other down."""
    real, classes = x.dtype.type, x.size // rows
    share = real(1) / real(classes * rows if mode == 1 else classes)
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        row = i // classes
        mine, pairs = listed[i], real(0)
        for k in range(row * classes, (row + 1) * classes):
            if mine == real(0):
                if listed[k] > real(0) and real(1) - x[k] + x[i] > real(0):
                    pairs += listed[k]
            elif listed[k] == real(0) and real(1) - x[i] + x[k] > real(0):
                pairs -= mine
        scale = share * (grad[row] if mode == 0 else grad[0])
        result[i] = scale * (pairs if mine == mine else mine)


def multilabel_margin_backward(grad, x, target, reduction="mean"):
    """Return the gradient of `multilabel_margin` with respect to the scores."""
    result = empty(x.shape, x.dtype)
    if result.size:
        rows = x.shape[0] if x.ndim > 1 else 1
        _multilabel_margin_backward_loop[x.dtype](
            grad, x, _listed(x, target, rows), rows, MODES[reduction], result, blocks=blocks_for(x.size)
        )
    return result
