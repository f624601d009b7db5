"""Activation functions and their gradients, each one pass over the data."""

from __future__ import annotations

import numpy as np

from minigrad_kernels.cpu._kernel import In, InBool, Out, Real, kernel
from minigrad_kernels.scalar import activation as scalar
from minigrad_kernels.scalar._bits import wide
from minigrad_kernels.scalar.exponential import erf as scalar_erf
from minigrad_kernels.scalar.exponential import exp, expm1_negative
from minigrad_kernels.scalar.exponential import tanh as scalar_tanh

empty = np.empty


@kernel
def _sigmoid_loop(x: In, out: Out):
    """out[i] = sigmoid(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        out[i] = scalar.sigmoid(x[i], one)


def sigmoid(x):
    """Return ``1 / (1 + exp(-x))``."""
    out = empty(x.shape, x.dtype)
    _sigmoid_loop[x.dtype](x, out)
    return out


@kernel
def _sigmoid_backward_loop(grad: In, out: In, result: Out):
    """result[i] = grad[i] * sigmoid'(x[i]), from out = sigmoid(x)."""
    one = out.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * (one - out[i]) * out[i]


def sigmoid_backward(grad, out):
    """Return ``grad * (1 - out) * out``."""
    result = empty(out.shape, out.dtype)
    _sigmoid_backward_loop[out.dtype](grad, out, result)
    return result


@kernel
def _tanh_loop(x: In, out: Out):
    """out[i] = tanh(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar_tanh(x[i])


def tanh(x):
    """Return the hyperbolic tangent."""
    out = empty(x.shape, x.dtype)
    _tanh_loop[x.dtype](x, out)
    return out


@kernel
def _tanh_backward_loop(grad: In, out: In, result: Out):
    """result[i] = grad[i] * tanh'(x[i]), from out = tanh(x)."""
    one = out.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * (one - out[i] * out[i])


def tanh_backward(grad, out):
    """Return ``grad * (1 - out**2)``."""
    result = empty(out.shape, out.dtype)
    _tanh_backward_loop[out.dtype](grad, out, result)
    return result


@kernel
def _relu_loop(x: In, out: Out):
    """out[i] = x[i] where it is not <= 0, else 0."""
    zero = x.dtype.type(0)
    for i in range(out.size):
        out[i] = zero if x[i] <= zero else x[i]


def relu(x):
    """Return ``max(x, 0)``; nan stays nan."""
    out = empty(x.shape, x.dtype)
    _relu_loop[x.dtype](x, out)
    return out


@kernel
def _relu_backward_loop(grad: In, out: In, result: Out):
    """result[i] = grad[i] where out[i] is not <= 0."""
    zero = out.dtype.type(0)
    for i in range(result.size):
        result[i] = zero if out[i] <= zero else grad[i]


def relu_backward(grad, out):
    """Return `grad` where ``out > 0`` (or nan), else 0; `out` may be the input as well."""
    result = empty(out.shape, out.dtype)
    _relu_backward_loop[out.dtype](grad, out, result)
    return result


@kernel
def _leaky_relu_loop(x: In, slope: Real, out: Out):
    """out[i] = x[i] if x[i] > 0 else slope * x[i]."""
    zero = x.dtype.type(0)
    for i in range(out.size):
        out[i] = x[i] if x[i] > zero else x[i] * slope


def leaky_relu(x, slope):
    """Return ``x`` where it is positive, else ``slope * x``."""
    out = empty(x.shape, x.dtype)
    _leaky_relu_loop[x.dtype](x, slope, out)
    return out


@kernel
def _leaky_relu_backward_loop(grad: In, x: In, slope: Real, result: Out):
    """result[i] = grad[i] * (1 if x[i] > 0 else slope)."""
    zero = x.dtype.type(0)
    for i in range(result.size):
        result[i] = grad[i] if x[i] > zero else grad[i] * slope


def leaky_relu_backward(grad, x, slope):
    """Return `grad` where ``x > 0``, else ``slope * grad``."""
    result = empty(x.shape, x.dtype)
    _leaky_relu_backward_loop[x.dtype](grad, x, slope, result)
    return result


@kernel
def _elu_loop(x: In, positive: Real, negative: Real, input_scale: Real, out: Out):
    """out[i] = positive * x if x > 0 else negative * (e**(input_scale * x) - 1)."""
    wide()
    zero = x.dtype.type(0)
    for i in range(out.size):
        low = zero if x[i] > zero else x[i]
        out[i] = x[i] * positive if x[i] > zero else expm1_negative(low * input_scale) * negative


def elu(x, alpha=1.0, scale=1.0, input_scale=1.0):
    """Return ``scale * x`` where ``x > 0``, else ``scale * alpha * (exp(input_scale * x) - 1)``: ELU, SELU, CELU."""
    out = empty(x.shape, x.dtype)
    _elu_loop[x.dtype](x, scale, alpha * scale, input_scale, out)
    return out


@kernel
def _elu_backward_loop(grad: In, x: In, positive: Real, slope: Real, input_scale: Real, result: Out):
    """result[i] = grad[i] * (positive if x > 0 else slope * e**(input_scale * x))."""
    wide()
    zero = x.dtype.type(0)
    for i in range(result.size):
        low = zero if x[i] > zero else x[i]
        result[i] = grad[i] * (positive if x[i] > zero else slope * exp(low * input_scale))


def elu_backward(grad, x, alpha=1.0, scale=1.0, input_scale=1.0):
    """Return `grad` times the derivative of `elu` at `x`."""
    result = empty(x.shape, x.dtype)
    _elu_backward_loop[x.dtype](grad, x, scale, alpha * scale * input_scale, input_scale, result)
    return result


@kernel
def _gelu_loop(x: In, out: Out):
    """out[i] = gelu(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar.gelu(x[i])


@kernel
def _gelu_tanh_loop(x: In, out: Out):
    """out[i] = gelu_tanh(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar.gelu_tanh(x[i])


def gelu(x, approximate="none"):
    """Return ``x`` times the normal distribution function at ``x``, or its approximation by 'tanh'."""
    out = empty(x.shape, x.dtype)
    (_gelu_tanh_loop if approximate == "tanh" else _gelu_loop)[x.dtype](x, out)
    return out


@kernel
def _gelu_backward_loop(grad: In, x: In, result: Out):
    """result[i] = grad[i] * gelu'(x[i])."""
    wide()
    for i in range(result.size):
        result[i] = grad[i] * scalar.gelu_slope(x[i])


@kernel
def _gelu_tanh_backward_loop(grad: In, x: In, result: Out):
    """result[i] = grad[i] * gelu_tanh'(x[i])."""
    wide()
    for i in range(result.size):
        result[i] = grad[i] * scalar.gelu_tanh_slope(x[i])


def gelu_backward(grad, x, approximate="none"):
    """Return `grad` times the derivative of `gelu` at `x`."""
    result = empty(x.shape, x.dtype)
    (_gelu_tanh_backward_loop if approximate == "tanh" else _gelu_backward_loop)[x.dtype](grad, x, result)
    return result


@kernel
def _silu_loop(x: In, out: Out):
    """out[i] = silu(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        out[i] = scalar.silu(x[i], one)


def silu(x):
    """Return ``x * sigmoid(x)``."""
    out = empty(x.shape, x.dtype)
    _silu_loop[x.dtype](x, out)
    return out


@kernel
def _silu_backward_loop(grad: In, x: In, result: Out):
    """result[i] = grad[i] * silu'(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * scalar.silu_slope(x[i], one)


def silu_backward(grad, x):
    """Return `grad` times the derivative of `silu` at `x`."""
    result = empty(x.shape, x.dtype)
    _silu_backward_loop[x.dtype](grad, x, result)
    return result


@kernel
def _softplus_loop(x: In, beta: Real, threshold: Real, out: Out):
    """out[i] = log(1 + e**(beta * x)) / beta, and x itself where beta * x > threshold."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        z = x[i] * beta
        out[i] = x[i] if z > threshold else scalar.softplus(z, one) / beta


def softplus(x, beta=1.0, threshold=20.0):
    """Return ``log(1 + exp(beta * x)) / beta``, and `x` itself where ``beta * x > threshold``."""
    out = empty(x.shape, x.dtype)
    _softplus_loop[x.dtype](x, beta, threshold, out)
    return out


@kernel
def _softplus_backward_loop(grad: In, x: In, beta: Real, threshold: Real, result: Out):
    """result[i] = grad[i] * softplus'(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(result.size):
        z = x[i] * beta
        result[i] = grad[i] * (one if z > threshold else scalar.sigmoid(z, one))


def softplus_backward(grad, x, beta=1.0, threshold=20.0):
    """Return `grad` times the derivative of `softplus` at `x`."""
    result = empty(x.shape, x.dtype)
    _softplus_backward_loop[x.dtype](grad, x, beta, threshold, result)
    return result


@kernel
def _log_sigmoid_loop(x: In, out: Out):
    """out[i] = log(sigmoid(x[i]))."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        out[i] = scalar.log_sigmoid(x[i], one)


def log_sigmoid(x):
    """Return ``log(sigmoid(x))``, exact for large negative `x` too."""
    out = empty(x.shape, x.dtype)
    _log_sigmoid_loop[x.dtype](x, out)
    return out


@kernel
def _log_sigmoid_backward_loop(grad: In, x: In, result: Out):
    """result[i] = grad[i] * sigmoid(-x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * scalar.sigmoid(-x[i], one)


def log_sigmoid_backward(grad, x):
    """Return ``grad * sigmoid(-x)``."""
    result = empty(x.shape, x.dtype)
    _log_sigmoid_backward_loop[x.dtype](grad, x, result)
    return result


@kernel
def _mish_loop(x: In, out: Out):
    """out[i] = x[i] * tanh(softplus(x[i]))."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        out[i] = x[i] * scalar.tanh_softplus(x[i], one)


def mish(x):
    """Return ``x * tanh(softplus(x))``."""
    out = empty(x.shape, x.dtype)
    _mish_loop[x.dtype](x, out)
    return out


@kernel
def _mish_backward_loop(grad: In, x: In, result: Out):
    """result[i] = grad[i] * mish'(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * scalar.mish_slope(x[i], one)


def mish_backward(grad, x):
    """Return `grad` times the derivative of `mish` at `x`."""
    result = empty(x.shape, x.dtype)
    _mish_backward_loop[x.dtype](grad, x, result)
    return result


@kernel
def _hardtanh_backward_loop(grad: In, x: In, low: Real, high: Real, result: Out):
    """result[i] = grad[i] where low < x[i] < high, else 0."""
    zero = x.dtype.type(0)
    for i in range(result.size):
        result[i] = zero if x[i] <= low or x[i] >= high else grad[i]


def hardtanh_backward(grad, x, low=-1.0, high=1.0):
    """Return `grad` where ``low < x < high`` (or x is nan), else 0; also ReLU6's with 0 and 6."""
    result = empty(x.shape, x.dtype)
    _hardtanh_backward_loop[x.dtype](grad, x, low, high, result)
    return result


@kernel
def _erf_loop(x: In, out: Out):
    """out[i] = erf(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar_erf(x[i])


def erf(x):
    """Return the error function."""
    out = empty(x.shape, x.dtype)
    _erf_loop[x.dtype](x, out)
    return out


@kernel
def _masked_scale_loop(x: In, mask: InBool, scale: Real, out: Out):
    """out[i] = x[i] * (scale if mask[i] else 0)."""
    zero = x.dtype.type(0)
    for i in range(out.size):
        out[i] = x[i] * (scale if mask[i] else zero)


def masked_scale(x, mask, scale):
    """Return ``x * mask * scale``: dropout given its mask, and dropout's gradient."""
    out = empty(x.shape, x.dtype)
    _masked_scale_loop[x.dtype](x, mask, scale, out)
    return out
