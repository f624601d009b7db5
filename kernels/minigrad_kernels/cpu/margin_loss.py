"""Losses that push the scores of wrong classes below those of right ones, and their gradients, of rows of scores.

Scores are (batch, classes), or (classes,) for one row. `reduction` is 'none' (an array of one element a row), 'mean' or
'sum' (a 0-d array); `grad` in a gradient has the losses' shape. Sums over rows are accumulated in float64.
"""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import SUMS, In, InInt64, Out, Real, kernel
from minigrad_kernels.cpu.loss import MODES

empty = np.empty


@kernel(fastmath=SUMS)
def _multi_margin_loop(
    x: In, target: InInt64, weight: In, is_weighted: bool, p: int, margin: Real, mode: int, losses: Out
):
    """Sum over the wrong classes of max(0, margin - right + score)**p; returns the first row without a class, or -1."""
    classes = x.size // target.size
    zero, total = x.dtype.type(0), 0.0
    for i in range(target.size):
        row, label = x[i * classes : (i + 1) * classes], target[i]
        if label < 0 or label >= classes:
            return i
        gap, loss = margin - row[label], zero
        for j in range(row.size):
            hinge = gap + row[j]
            hinge = hinge if hinge > zero and j != label else zero
            loss += hinge if p == 1 else hinge * hinge
        loss /= x.dtype.type(classes)
        if is_weighted:
            loss *= weight[label]
        if mode == 0:
            losses[i] = loss
        total += loss
    if mode != 0:
        losses[0] = total / target.size if mode == 1 else total
    return -1


def multi_margin(x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    """Sum over the wrong classes of ``max(0, margin - right score + score)**p``, over the number of classes.

    Parameters
    ----------
    x : ndarray, shape (batch, classes) or (classes,)
    target : ndarray of int64, of one element a row
    weight : ndarray, shape (classes,), optional
        Factor of the rows of each class, of the scores' dtype.
    p : {1, 2}
    margin : float
    reduction : {'mean', 'sum', 'none'}

    Returns
    -------
    losses : ndarray, 0-d, or (rows,) for 'none'

    Raises
    ------
    RuntimeError
        Where a target is no class.
    """
    mode = MODES[reduction]
    losses = empty(() if mode else target.size, x.dtype)
    if not target.size:
        losses.fill(np.nan if mode == 1 else 0)
        return losses
    chosen = x if weight is None else weight
    if _multi_margin_loop[x.dtype](x, target, chosen, weight is not None, p, margin, mode, losses) >= 0:
        raise RuntimeError("target out of range")
    return losses


@kernel(fastmath=SUMS)
def _multi_margin_backward_loop(
    grad: In, x: In, target: InInt64, weight: In, is_weighted: bool, p: int, margin: Real, mode: int, result: Out
):
    """Each wrong class is pushed down by its hinge, and the right one pulled up by as much."""
    classes = x.size // target.size
    zero = x.dtype.type(0)
    share = x.dtype.type(p) / x.dtype.type(classes * target.size if mode == 1 else classes)
    for i in range(target.size):
        row, out, label = x[i * classes : (i + 1) * classes], result[i * classes : (i + 1) * classes], target[i]
        scale = share * (grad[i] if mode == 0 else grad[0])
        if is_weighted:
            scale *= weight[label]
        gap, pushed = margin - row[label], zero
        for j in range(out.size):
            hinge = gap + row[j]
            push = scale if p == 1 else scale * hinge
            push = push if hinge > zero and j != label else zero
            out[j] = push
            pushed += push
        out[label] = -pushed


def multi_margin_backward(grad, x, target, weight=None, p=1, margin=1.0, reduction="mean"):
    """Return the gradient of `multi_margin` with respect to the scores."""
    result = empty(x.shape, x.dtype)
    if result.size:
        chosen, mode = x if weight is None else weight, MODES[reduction]
        _multi_margin_backward_loop[x.dtype](grad, x, target, chosen, weight is not None, p, margin, mode, result)
    return result


@kernel(fastmath=SUMS)
def _multilabel_margin_loop(x: In, target: InInt64, rows: int, mode: int, scratch: Out, losses: Out):
    """Sum over right and wrong classes of max(0, 1 - right + wrong); returns the first row without classes, or -1.

    The scratch has room for how often each class of a row is listed, and for the scores of the wrong ones.
    """
    classes = x.size // rows
    zero, one, total = x.dtype.type(0), x.dtype.type(1), 0.0
    listed, wrong = scratch[:classes], scratch[classes : 2 * classes]
    for i in range(rows):
        row, labels = x[i * classes : (i + 1) * classes], target[i * classes : (i + 1) * classes]
        for j in range(classes):
            if labels[j] < -1 or labels[j] >= classes:
                return i
            listed[j] = zero
        for j in range(classes):
            if labels[j] < 0:
                break
            listed[labels[j]] += one
        count = 0
        for j in range(classes):
            if listed[j] == zero:
                wrong[count] = row[j]
                count += 1
        loss = zero
        for k in range(classes):
            if listed[k] > zero:
                gap, hinges = one - row[k], zero
                for j in range(count):
                    hinge = gap + wrong[j]
                    hinges += hinge if hinge > zero else zero
                loss += listed[k] * hinges
        loss /= x.dtype.type(classes)
        if mode == 0:
            losses[i] = loss
        total += loss
    if mode != 0:
        losses[0] = total / rows if mode == 1 else total
    return -1


def multilabel_margin(x, target, reduction="mean"):
    """Sum over right and wrong classes of ``max(0, 1 - right score + wrong score)``, over the number of classes.

    Parameters
    ----------
    x : ndarray, shape (batch, classes) or (classes,)
    target : ndarray of int64, of the scores' shape
        The right classes of each row, ended by a -1.
    reduction : {'mean', 'sum', 'none'}

    Returns
    -------
    losses : ndarray, 0-d, or (rows,) for 'none'

    Raises
    ------
    RuntimeError
        Where a target is neither a class nor -1.
    """
    mode, rows = MODES[reduction], len(x) if x.ndim > 1 else 1
    losses = empty(() if mode else rows, x.dtype)
    if not rows:
        losses.fill(np.nan if mode == 1 else 0)
        return losses
    scratch = empty(x.size // rows * 2, x.dtype)
    if _multilabel_margin_loop[x.dtype](x, target, rows, mode, scratch, losses) >= 0:
        raise RuntimeError("argument #2 'target' is out of range")
    return losses


@kernel(fastmath=SUMS)
def _multilabel_margin_backward_loop(grad: In, x: In, target: InInt64, rows: int, mode: int, scratch: Out, result: Out):
    """Each pair of a right and a wrong class within the margin pulls one up, and pushes the other down."""
    classes = x.size // rows
    zero, one = x.dtype.type(0), x.dtype.type(1)
    share = one / x.dtype.type(classes * rows if mode == 1 else classes)
    listed, wrong = scratch[:classes], scratch[classes : 2 * classes]
    pushes = scratch[2 * classes : 3 * classes]
    for i in range(rows):
        row, labels = x[i * classes : (i + 1) * classes], target[i * classes : (i + 1) * classes]
        out, scale = result[i * classes : (i + 1) * classes], share * (grad[i] if mode == 0 else grad[0])
        for j in range(classes):
            listed[j] = pushes[j] = zero
        for j in range(classes):
            if labels[j] < 0:
                break
            listed[labels[j]] += one
        count = 0
        for j in range(classes):
            if listed[j] == zero:
                wrong[count] = row[j]
                count += 1
        for k in range(classes):
            if listed[k] > zero:
                gap, pairs = one - row[k], zero
                for j in range(count):
                    pair = listed[k] if gap + wrong[j] > zero else zero
                    pushes[j] += pair
                    pairs += pair
                out[k] = -scale * pairs
        count = 0
        for j in range(classes):
            if listed[j] == zero:
                out[j] = scale * pushes[count]
                count += 1


def multilabel_margin_backward(grad, x, target, reduction="mean"):
    """Return the gradient of `multilabel_margin` with respect to the scores."""
    result = empty(x.shape, x.dtype)
    if result.size:
        rows = len(x) if x.ndim > 1 else 1
        scratch = empty(x.size // rows * 3, x.dtype)
        _multilabel_margin_backward_loop[x.dtype](grad, x, target, rows, MODES[reduction], scratch, result)
    return result
