"""Losses of class numbers where the scores of a place lie apart: scores are (batch, classes, places), as of images.

The loops of `minigrad_kernels.cpu.loss` for such scores, by strips of places; see `minigrad_kernels.cpu._strips`.
"""

from __future__ import annotations

from minigrad_kernels.cpu._kernel import In, InInt64, Out, OutFloat64, Real, kernel
from minigrad_kernels.cpu._strips import logarithms, masses, maxima
from minigrad_kernels.scalar._bits import wide
from minigrad_kernels.scalar.activation import minus_both
from minigrad_kernels.scalar.exponential import exp


@kernel
def cross_entropy_loop(
    logits: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    ignore_index: int,
    smoothing: Real,
    places: int,
    mode: int,
    strip: int,
    scratch: Out,
    losses: Out,
    lse: Out,
    total_weight: OutFloat64,
):
    """Cross-entropy of each place; returns the first with a target that is out of range, or -1."""
    wide()
    classes = logits.size // target.size
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    total, weights = 0.0, 0.0
    for image in range(target.size // places):
        for first in range(0, places, strip):
            size = min(strip, places - first)
            start, at = image * classes * places + first, image * places + first
            top, log_sum, spread = scratch[:size], scratch[strip : strip + size], scratch[2 * strip : 2 * strip + size]
            maxima(logits, start, classes, places, top)
            masses(logits, start, classes, places, top, log_sum)
            logarithms(log_sum)
            for t in range(size):
                lse[at + t] = top[t] + log_sum[t]
                spread[t] = zero
            if smoothing > zero:
                for k in range(classes):
                    share = weight[k] if is_weighted else one
                    line = logits[start + k * places : start + k * places + size]
                    for t in range(line.size):
                        spread[t] -= minus_both(line[t], top[t], log_sum[t]) * share
            for t in range(size):
                label = target[at + t]
                loss = zero
                if label != ignore_index:
                    if label < 0 or label >= classes:
                        return at + t
                    w = weight[label] if is_weighted else one
                    weights += w
                    loss = -minus_both(logits[start + label * places + t], top[t], log_sum[t]) * w
                    if smoothing > zero:
                        loss = (one - smoothing) * loss + smoothing / logits.dtype.type(classes) * spread[t]
                if mode == 0:
                    losses[at + t] = loss
                total += loss
    total_weight[0] = weights
    if mode == 1:
        losses[0] = total / weights
    elif mode == 2:
        losses[0] = total
    return -1


@kernel
def cross_entropy_backward_loop(
    grad: In,
    logits: In,
    lse: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    ignore_index: int,
    smoothing: Real,
    places: int,
    mode: int,
    total_weight: float,
    strip: int,
    scratch: Out,
    result: Out,
):
    """Result = grad * (mass * softmax - the place's target distribution)."""
    wide()
    classes = logits.size // target.size
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    spread, every = smoothing / logits.dtype.type(classes), logits.dtype.type(classes)
    if is_weighted and smoothing > zero:
        every = zero
        for k in range(classes):
            every += weight[k]
    for image in range(target.size // places):
        for first in range(0, places, strip):
            size = min(strip, places - first)
            start, at = image * classes * places + first, image * places + first
            mass, each, shift = scratch[:size], scratch[strip : strip + size], lse[at : at + size]
            for t in range(size):
                label = target[at + t]
                g = grad[at + t] if mode == 0 else grad[0]
                if mode == 1:
                    g = logits.dtype.type(g / total_weight)
                g = zero if label == ignore_index else g
                w = weight[label] if is_weighted and label != ignore_index else one
                each[t] = g
                mass[t] = g * (w * (one - smoothing) + spread * every)
            for k in range(classes):
                line = logits[start + k * places : start + k * places + size]
                out = result[start + k * places : start + k * places + size]
                for t in range(out.size):
                    out[t] = mass[t] * exp(line[t] - shift[t])
                if smoothing > zero:
                    share = spread * weight[k] if is_weighted else spread
                    for t in range(out.size):
                        out[t] -= each[t] * share
            for t in range(size):
                label = target[at + t]
                if label == ignore_index:
                    for k in range(classes):
                        result[start + k * places + t] = zero
                else:
                    w = weight[label] if is_weighted else one
                    result[start + label * places + t] -= each[t] * w * (one - smoothing)


@kernel
def nll_loss_loop(
    logp: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    ignore_index: int,
    places: int,
    mode: int,
    losses: Out,
    total_weight: OutFloat64,
):
    """Weighted -logp[target] of each place; returns the first with a target that is out of range, or -1."""
    classes = logp.size // target.size
    zero, one = logp.dtype.type(0), logp.dtype.type(1)
    total, weights = 0.0, 0.0
    for start in range(0, target.size, places):
        for t in range(places):
            label, loss = target[start + t], zero
            if label != ignore_index:
                if label < 0 or label >= classes:
                    return start + t
                w = weight[label] if is_weighted else one
                loss = -logp[start * classes + label * places + t] * w
                weights += w
            if mode == 0:
                losses[start + t] = loss
            total += loss
    total_weight[0] = weights
    if mode == 1:
        losses[0] = total / weights
    elif mode == 2:
        losses[0] = total
    return -1


@kernel
def nll_loss_backward_loop(
    grad: In,
    target: InInt64,
    weight: In,
    is_weighted: bool,
    ignore_index: int,
    places: int,
    mode: int,
    total_weight: float,
    result: Out,
):
    """Result at each place's target = -grad * weight; result comes in as zeros."""
    classes = result.size // target.size
    one = result.dtype.type(1)
    for start in range(0, target.size, places):
        for t in range(places):
            label = target[start + t]
            if label != ignore_index:
                g = grad[start + t] if mode == 0 else grad[0]
                if mode == 1:
                    g = result.dtype.type(g / total_weight)
                w = weight[label] if is_weighted else one
                result[start * classes + label * places + t] = -g * w
