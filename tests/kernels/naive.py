"""Slow, obvious references for the kernels, computed in long double or float64 with NumPy and SciPy."""

from __future__ import annotations

import numpy as np
from scipy import special

WIDE = np.longdouble


def ulps(got, want):
    """Return the largest distance of `got` from the wide reference `want`, in units of the last place of `got`."""
    with np.errstate(all="ignore"):
        nearest = want.astype(got.dtype)
        unit = np.maximum(np.spacing(np.abs(nearest)), np.finfo(got.dtype).smallest_subnormal).astype(WIDE)
        distance = np.where(got == nearest, 0, np.abs(got.astype(WIDE) - want) / unit)
    return float(np.nanmax(distance)) if distance.size else 0.0


def sigmoid(x):
    """Return the logistic function."""
    return 1 / (1 + np.exp(-x))


def softplus(x):
    """Return log(1 + e**x)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def normal_cdf(x):
    """Return the normal distribution function, in float64."""
    return special.ndtr(x.astype(np.float64)).astype(WIDE)


def gelu_tanh(x):
    """Return the tanh form of GELU."""
    return x * (1 + np.tanh(np.sqrt(2 / WIDE(np.pi)) * (x + WIDE("0.044715") * x**3))) / 2


# name: reference of (x, *args), arguments, largest error in units of the last place, or None where values cancel
UNARY = {
    "sigmoid": (sigmoid, (), 3),
    "tanh": (np.tanh, (), 3),
    "relu": (lambda x: np.where(x <= 0, 0, x), (), 0),
    "leaky_relu": (lambda x, slope: np.where(x > 0, x, slope * x), (0.125,), 1),
    "elu": (lambda x, a, s, i: s * np.where(x > 0, x, a * np.expm1(i * x)), (0.5, 2.0, 1.0), 3),
    "gelu": (lambda x, _: x * normal_cdf(x), ("none",), None),
    "gelu_tanh": (lambda x, _: gelu_tanh(x), ("tanh",), None),
    "silu": (lambda x: x * sigmoid(x), (), 4),
    "softplus": (lambda x, b, t: np.where(b * x > t, x, softplus(b * x) / b), (2.0, 8.0), 4),
    "log_sigmoid": (lambda x: -softplus(-x), (), 4),
    "mish": (lambda x: x * np.tanh(softplus(x)), (), 5),
    "erf": (lambda x: special.erf(x.astype(np.float64)).astype(WIDE), (), 3),
    "erfc": (lambda x: special.erfc(x.astype(np.float64)).astype(WIDE), (), 1000),  # SciPy's is this far off at 25
}


def softmax(x, axis):
    """Return softmax along an axis."""
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def cross_entropy(logits, target, weight, ignore_index, smoothing):
    """Return each row's loss and weight, one row at a time."""
    losses, weights = [], []
    for row, label in zip(logits.astype(np.float64), target, strict=True):
        if label == ignore_index:
            losses.append(0.0)
            weights.append(0.0)
            continue
        logp = row - special.logsumexp(row)
        spread = -(weight * logp).sum() / row.size
        losses.append((1 - smoothing) * -logp[label] * weight[label] + smoothing * spread)
        weights.append(weight[label])
    return np.array(losses), np.array(weights)


def reduce(losses, reduction, weights=None):
    """Apply a reduction; a mean is weighted."""
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / (losses.size if weights is None else weights.sum())


ELEMENTWISE_LOSSES = {
    "mse_loss": (lambda x, y: (x - y) ** 2, ()),
    "huber_loss": (lambda x, y, d: np.where(abs(x - y) < d, (x - y) ** 2 / 2, d * (abs(x - y) - d / 2)), (0.75,)),
    "smooth_l1_loss": (
        lambda x, y, b: np.where(abs(x - y) < b, (x - y) ** 2 / (2 * b), abs(x - y) - b / 2),
        (0.75,),
    ),
    "bce_with_logits": (lambda x, y: softplus(x) - x * y, ()),
}


def sgd(p, g, state, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """Return the parameter after one SGD step; `state` keeps the buffer."""
    g = -g if maximize else g
    g = g + weight_decay * p
    if momentum:
        state["b"] = momentum * state["b"] + (1 - dampening) * g if "b" in state else g
        g = g + momentum * state["b"] if nesterov else state["b"]
    return p - lr * g


def adam(p, g, state, step, lr, beta1, beta2, eps, weight_decay, decoupled, maximize, amsgrad):
    """Return the parameter after one step of Adam (Kingma and Ba, 2015) or AdamW (Loshchilov and Hutter, 2019)."""
    g = -g if maximize else g
    if decoupled:
        p = p - lr * weight_decay * p
    else:
        g = g + weight_decay * p
    state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
    v = state["v"]
    if amsgrad:
        v = state["top"] = np.maximum(state.get("top", 0), v)
    return p - lr * (state["m"] / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + eps)


def convolve(x, weight, stride, padding, dilation, groups):
    """Return the cross-correlation of images with filters, element by element."""
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    filters, channels, *kernel = weight.shape
    reach = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    size = [(n - r - 1) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
    out = np.zeros((len(x), filters, *size), x.dtype)
    for n, f, *place in np.ndindex(*out.shape):
        first = f // (filters // groups) * channels
        corner = [j * s for j, s in zip(place, stride, strict=True)]
        window = tuple(slice(c, c + r + 1, d) for c, r, d in zip(corner, reach, dilation, strict=True))
        out[(n, f, *place)] = (x[n, first : first + channels][(slice(None), *window)] * weight[f]).sum()
    return out
