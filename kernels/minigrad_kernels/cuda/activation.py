"""Activation functions and their gradients, each one pass over the data."""

from __future__ import annotations

from minigrad_kernels.cuda import _scalar as scalar
from minigrad_kernels.cuda._elementwise import elementwise
from minigrad_kernels.cuda._kernel import In, InBool, Real, empty
from minigrad_kernels.cuda._math import erf as erf_of
from minigrad_kernels.cuda._math import exp, expm1
from minigrad_kernels.cuda._math import tanh as tanh_of


@elementwise
def _sigmoid_loop(x: In, real):
    """Return sigmoid(x)."""
    return scalar.sigmoid(x, real)


def sigmoid(x):
    """Return ``1 / (1 + exp(-x))``."""
    out = empty(x.shape, x.dtype)
    _sigmoid_loop[x.dtype](x, out)
    return out


@elementwise
def _sigmoid_backward_loop(grad: In, out: In, real):
    """Return grad * sigmoid'(x), from out = sigmoid(x)."""
    return grad * (real(1) - out) * out


def sigmoid_backward(grad, out):
    """Return ``grad * (1 - out) * out``."""
    result = empty(out.shape, out.dtype)
    _sigmoid_backward_loop[out.dtype](grad, out, result)
    return result


@elementwise
def _tanh_loop(x: In):
    """Return tanh(x)."""
    return tanh_of(x)


def tanh(x):
    """Return the hyperbolic tangent."""
    out = empty(x.shape, x.dtype)
    _tanh_loop[x.dtype](x, out)
    return out


@elementwise
def _tanh_backward_loop(grad: In, out: In, real):
    """Return grad * tanh'(x), from out = tanh(x)."""
    return grad * (real(1) - out * out)


def tanh_backward(grad, out):
    """Return ``grad * (1 - out**2)``."""
    result = empty(out.shape, out.dtype)
    _tanh_backward_loop[out.dtype](grad, out, result)
    return result


@elementwise
def _relu_loop(x: In, real):
    """Return x where it is not <= 0, else 0."""
    return real(0) if x <= real(0) else x


def relu(x):
    """Return ``max(x, 0)``; nan stays nan."""
    out = empty(x.shape, x.dtype)
    _relu_loop[x.dtype](x, out)
    return out


@elementwise
def _relu_backward_loop(grad: In, out: In, real):
    """Return grad where out is not <= 0."""
    return real(0) if out <= real(0) else grad


def relu_backward(grad, out):
    """Return `grad` where ``out > 0`` (or nan), else 0; `out` may be the input as well."""
    result = empty(out.shape, out.dtype)
    _relu_backward_loop[out.dtype](grad, out, result)
    return result


@elementwise
def _leaky_relu_loop(x: In, slope: Real, real):
    """Return x if x > 0 else slope * x."""
    return x if x > real(0) else x * slope


def leaky_relu(x, slope):
    """Return ``x`` where it is positive, else ``slope * x``."""
    out = empty(x.shape, x.dtype)
    _leaky_relu_loop[x.dtype](x, slope, out)
    return out


@elementwise
def _leaky_relu_backward_loop(grad: In, x: In, slope: Real, real):
    """Return grad * (1 if x > 0 else slope)."""
    return grad if x > real(0) else grad * slope


def leaky_relu_backward(grad, x, slope):
    """Return `grad` where ``x > 0``, else ``slope * grad``."""
    result = empty(x.shape, x.dtype)
    _leaky_relu_backward_loop[x.dtype](grad, x, slope, result)
    return result


@elementwise
def _elu_loop(x: In, positive: Real, negative: Real, input_scale: Real, real):
    """Return positive * x if x > 0 else negative * (e**(input_scale * x) - 1)."""
    low = real(0) if x > real(0) else x
    return x * positive if x > real(0) else expm1(low * input_scale) * negative


def elu(x, alpha=1.0, scale=1.0, input_scale=1.0):
    """Return ``scale * x`` where ``x > 0``, else ``scale * alpha * (exp(input_scale * x) - 1)``: ELU, SELU, CELU."""
    out = empty(x.shape, x.dtype)
    _elu_loop[x.dtype](x, scale, alpha * scale, input_scale, out)
    return out


@elementwise
def _elu_backward_loop(grad: In, x: In, positive: Real, slope: Real, input_scale: Real, real):
    """Return grad * (positive if x > 0 else slope * e**(input_scale * x))."""
    low = real(0) if x > real(0) else x
    return grad * (positive if x > real(0) else slope * exp(low * input_scale))


def elu_backward(grad, x, alpha=1.0, scale=1.0, input_scale=1.0):
    """Return `grad` times the derivative of `elu` at `x`."""
    result = empty(x.shape, x.dtype)
    _elu_backward_loop[x.dtype](grad, x, scale, alpha * scale * input_scale, input_scale, result)
    return result


@elementwise
def _gelu_loop(x: In, real):
    """Return gelu(x)."""
    return scalar.gelu(x, real)


@elementwise
def _gelu_tanh_loop(x: In, real):
    """Return gelu_tanh(x)."""
    return scalar.gelu_tanh(x, real)


def gelu(x, approximate="none"):
    """Return ``x`` times the normal distribution function at ``x``, or its approximation by 'tanh'."""
    out = empty(x.shape, x.dtype)
    (_gelu_tanh_loop if approximate == "tanh" else _gelu_loop)[x.dtype](x, out)
    return out


@elementwise
def _gelu_backward_loop(grad: In, x: In, real):
    """Return grad * gelu'(x)."""
    return grad * scalar.gelu_slope(x, real)


@elementwise
def _gelu_tanh_backward_loop(grad: In, x: In, real):
    """Return grad * gelu_tanh'(x)."""
    return grad * scalar.gelu_tanh_slope(x, real)


def gelu_backward(grad, x, approximate="none"):
    """Return `grad` times the derivative of `gelu` at `x`."""
    result = empty(x.shape, x.dtype)
    (_gelu_tanh_backward_loop if approximate == "tanh" else _gelu_backward_loop)[x.dtype](grad, x, result)
    return result


@elementwise
def _silu_loop(x: In, real):
    """Return silu(x)."""
    return scalar.silu(x, real)


def silu(x):
    """Return ``x * sigmoid(x)``."""
    out = empty(x.shape, x.dtype)
    _silu_loop[x.dtype](x, out)
    return out


@elementwise
def _silu_backward_loop(grad: In, x: In, real):
    """Return grad * silu'(x)."""
    return grad * scalar.silu_slope(x, real)


def silu_backward(grad, x):
    """Return `grad` times the derivative of `silu` at `x`."""
    result = empty(x.shape, x.dtype)
    _silu_backward_loop[x.dtype](grad, x, result)
    return result


@elementwise
def _softplus_loop(x: In, beta: Real, threshold: Real, real):
    """Return log(1 + e**(beta * x)) / beta, and x itself where beta * x > threshold."""
    z = x * beta
    return x if z > threshold else scalar.softplus(z, real) / beta


def softplus(x, beta=1.0, threshold=20.0):
    """Return ``log(1 + exp(beta * x)) / beta``, and `x` itself where ``beta * x > threshold``."""
    out = empty(x.shape, x.dtype)
    _softplus_loop[x.dtype](x, beta, threshold, out)
    return out


@elementwise
def _softplus_backward_loop(grad: In, x: In, beta: Real, threshold: Real, real):
    """Return grad * softplus'(x)."""
    z = x * beta
    return grad * (real(1) if z > threshold else scalar.sigmoid(z, real))


def softplus_backward(grad, x, beta=1.0, threshold=20.0):
    """Return `grad` times the derivative of `softplus` at `x`."""
    result = empty(x.shape, x.dtype)
    _softplus_backward_loop[x.dtype](grad, x, beta, threshold, result)
    return result


@elementwise
def _log_sigmoid_loop(x: In, real):
    """Return log(sigmoid(x))."""
    return scalar.log_sigmoid(x, real)


def log_sigmoid(x):
    """Return ``log(sigmoid(x))``, exact for large negative `x` too."""
    out = empty(x.shape, x.dtype)
    _log_sigmoid_loop[x.dtype](x, out)
    return out


@elementwise
def _log_sigmoid_backward_loop(grad: In, x: In, real):
    """Return grad * sigmoid(-x)."""
    return grad * scalar.sigmoid(-x, real)


def log_sigmoid_backward(grad, x):
    """Return ``grad * sigmoid(-x)``."""
    result = empty(x.shape, x.dtype)
    _log_sigmoid_backward_loop[x.dtype](grad, x, result)
    return result


@elementwise
def _mish_loop(x: In, real):
    """Return x * tanh(softplus(x))."""
    return x * scalar.tanh_softplus(x, real)


def mish(x):
    """Return ``x * tanh(softplus(x))``."""
    out = empty(x.shape, x.dtype)
    _mish_loop[x.dtype](x, out)
    return out


@elementwise
def _mish_backward_loop(grad: In, x: In, real):
    """Return grad * mish'(x)."""
    return grad * scalar.mish_slope(x, real)


def mish_backward(grad, x):
    """Return `grad` times the derivative of `mish` at `x`."""
    result = empty(x.shape, x.dtype)
    _mish_backward_loop[x.dtype](grad, x, result)
    return result


@elementwise
def _hardtanh_backward_loop(grad: In, x: In, low: Real, high: Real, real):
    """Return grad where low < x < high, else 0."""
    return real(0) if x <= low or x >= high else grad


def hardtanh_backward(grad, x, low=-1.0, high=1.0):
    """Return `grad` where ``low < x < high`` (or x is nan), else 0; also ReLU6's with 0 and 6."""
    result = empty(x.shape, x.dtype)
    _hardtanh_backward_loop[x.dtype](grad, x, low, high, result)
    return result


@elementwise
def _erf_loop(x: In):
    """Return erf(x)."""
    return erf_of(x)


def erf(x):
    """Return the error function."""
    out = empty(x.shape, x.dtype)
    _erf_loop[x.dtype](x, out)
    return out


@elementwise
def _masked_scale_loop(x: In, mask: InBool, scale: Real, real):
    """Return x * (scale if mask else 0)."""
    return x * (scale if mask else real(0))


def masked_scale(x, mask, scale):
    """Return ``x * mask * scale``: dropout given its mask, and dropout's gradient."""
    out = empty(x.shape, x.dtype)
    _masked_scale_loop[x.dtype](x, mask, scale, out)
    return out
