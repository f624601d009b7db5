"""Activation functions and their gradients, each one pass over the data."""

from __future__ import annotations

from minigrad_kernels.cpu._kernel import In, InBool, New, Real, pointwise
from minigrad_kernels.scalar import activation as scalar
from minigrad_kernels.scalar._bits import wide
from minigrad_kernels.scalar.error_function import erf as scalar_erf
from minigrad_kernels.scalar.exponential import exp, expm1_negative
from minigrad_kernels.scalar.exponential import tanh as scalar_tanh


@pointwise
def _sigmoid_loop(x: In, out: New):
    """out[i] = sigmoid(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        out[i] = scalar.sigmoid(x[i], one)
    return out


def sigmoid(x):
    """Return ``1 / (1 + exp(-x))``."""
    return _sigmoid_loop[x.dtype](x, x)


@pointwise
def _sigmoid_backward_loop(grad: In, out: In, result: New):
    """result[i] = grad[i] * sigmoid'(x[i]), from out = sigmoid(x)."""
    one = out.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * (one - out[i]) * out[i]
    return result


def sigmoid_backward(grad, out):
    """Return ``grad * (1 - out) * out``."""
    return _sigmoid_backward_loop[out.dtype](grad, out, out)


@pointwise
def _tanh_loop(x: In, out: New):
    """out[i] = tanh(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar_tanh(x[i])
    return out


def tanh(x):
    """Return the hyperbolic tangent."""
    return _tanh_loop[x.dtype](x, x)


@pointwise
def _tanh_backward_loop(grad: In, out: In, result: New):
    """result[i] = grad[i] * tanh'(x[i]), from out = tanh(x)."""
    one = out.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * (one - out[i] * out[i])
    return result


def tanh_backward(grad, out):
    """Return ``grad * (1 - out**2)``."""
    return _tanh_backward_loop[out.dtype](grad, out, out)


@pointwise
def _relu_loop(x: In, out: New):
    """out[i] = x[i] where it is not <= 0, else 0."""
    zero = x.dtype.type(0)
    for i in range(out.size):
        out[i] = zero if x[i] <= zero else x[i]
    return out


def relu(x):
    """Return ``max(x, 0)``; nan stays nan."""
    return _relu_loop[x.dtype](x, x)


@pointwise
def _relu_backward_loop(grad: In, out: In, result: New):
    """result[i] = grad[i] where out[i] is not <= 0."""
    zero = out.dtype.type(0)
    for i in range(result.size):
        result[i] = zero if out[i] <= zero else grad[i]
    return result


def relu_backward(grad, out):
    """Return `grad` where ``out > 0`` (or nan), else 0; `out` may be the input as well."""
    return _relu_backward_loop[out.dtype](grad, out, out)


@pointwise
def _leaky_relu_loop(x: In, slope: Real, out: New):
    """out[i] = x[i] if x[i] > 0 else slope * x[i]."""
    zero = x.dtype.type(0)
    for i in range(out.size):
        out[i] = x[i] if x[i] > zero else x[i] * slope
    return out


def leaky_relu(x, slope):
    """Return ``x`` where it is positive, else ``slope * x``."""
    return _leaky_relu_loop[x.dtype](x, slope, x)


@pointwise
def _leaky_relu_backward_loop(grad: In, x: In, slope: Real, result: New):
    """result[i] = grad[i] * (1 if x[i] > 0 else slope)."""
    zero = x.dtype.type(0)
    for i in range(result.size):
        result[i] = grad[i] if x[i] > zero else grad[i] * slope
    return result


def leaky_relu_backward(grad, x, slope):
    """Return `grad` where ``x > 0``, else ``slope * grad``."""
    return _leaky_relu_backward_loop[x.dtype](grad, x, slope, x)


@pointwise
def _elu_loop(x: In, positive: Real, negative: Real, input_scale: Real, out: New):
    """out[i] = positive * x if x > 0 else negative * (e**(input_scale * x) - 1)."""
    wide()
    zero = x.dtype.type(0)
    for i in range(out.size):
        low = zero if x[i] > zero else x[i]
        out[i] = x[i] * positive if x[i] > zero else expm1_negative(low * input_scale) * negative
    return out


def elu(x, alpha=1.0, scale=1.0, input_scale=1.0):
    """Return ``scale * x`` where ``x > 0``, else ``scale * alpha * (exp(input_scale * x) - 1)``: ELU, SELU, CELU."""
    return _elu_loop[x.dtype](x, scale, alpha * scale, input_scale, x)


@pointwise
def _elu_backward_loop(grad: In, x: In, positive: Real, slope: Real, input_scale: Real, result: New):
    """result[i] = grad[i] * (positive if x > 0 else slope * e**(input_scale * x))."""
    wide()
    zero = x.dtype.type(0)
    for i in range(result.size):
        low = zero if x[i] > zero else x[i]
        result[i] = grad[i] * (positive if x[i] > zero else slope * exp(low * input_scale))
    return result


def elu_backward(grad, x, alpha=1.0, scale=1.0, input_scale=1.0):
    """Return `grad` times the derivative of `elu` at `x`."""
    return _elu_backward_loop[x.dtype](grad, x, scale, alpha * scale * input_scale, input_scale, x)


@pointwise
def _gelu_loop(x: In, out: New):
    """out[i] = gelu(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar.gelu(x[i])
    return out


@pointwise
def _gelu_tanh_loop(x: In, out: New):
    """out[i] = gelu_tanh(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar.gelu_tanh(x[i])
    return out


def gelu(x, approximate="none"):
    """Return ``x`` times the normal distribution function at ``x``, or its approximation by 'tanh'."""
    return (_gelu_tanh_loop if approximate == "tanh" else _gelu_loop)[x.dtype](x, x)


@pointwise
def _gelu_backward_loop(grad: In, x: In, result: New):
    """result[i] = grad[i] * gelu'(x[i])."""
    wide()
    for i in range(result.size):
        result[i] = grad[i] * scalar.gelu_slope(x[i])
    return result


@pointwise
def _gelu_tanh_backward_loop(grad: In, x: In, result: New):
    """result[i] = grad[i] * gelu_tanh'(x[i])."""
    wide()
    for i in range(result.size):
        result[i] = grad[i] * scalar.gelu_tanh_slope(x[i])
    return result


def gelu_backward(grad, x, approximate="none"):
    """Return `grad` times the derivative of `gelu` at `x`."""
    return (_gelu_tanh_backward_loop if approximate == "tanh" else _gelu_backward_loop)[x.dtype](grad, x, x)


@pointwise
def _silu_loop(x: In, out: New):
    """out[i] = silu(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        out[i] = scalar.silu(x[i], one)
    return out


def silu(x):
    """Return ``x * sigmoid(x)``."""
    return _silu_loop[x.dtype](x, x)


@pointwise
def _silu_backward_loop(grad: In, x: In, result: New):
    """result[i] = grad[i] * silu'(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * scalar.silu_slope(x[i], one)
    return result


def silu_backward(grad, x):
    """Return `grad` times the derivative of `silu` at `x`."""
    return _silu_backward_loop[x.dtype](grad, x, x)


@pointwise
def _softplus_loop(x: In, beta: Real, threshold: Real, out: New):
    """out[i] = log(1 + e**(beta * x)) / beta, and x itself where beta * x > threshold."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        z = x[i] * beta
        out[i] = x[i] if z > threshold else scalar.softplus(z, one) / beta
    return out


def softplus(x, beta=1.0, threshold=20.0):
    """Return ``log(1 + exp(beta * x)) / beta``, and `x` itself where ``beta * x > threshold``."""
    return _softplus_loop[x.dtype](x, beta, threshold, x)


@pointwise
def _softplus_backward_loop(grad: In, x: In, beta: Real, threshold: Real, result: New):
    """result[i] = grad[i] * softplus'(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(result.size):
        z = x[i] * beta
        result[i] = grad[i] * (one if z > threshold else scalar.sigmoid(z, one))
    return result


def softplus_backward(grad, x, beta=1.0, threshold=20.0):
    """Return `grad` times the derivative of `softplus` at `x`."""
    return _softplus_backward_loop[x.dtype](grad, x, beta, threshold, x)


@pointwise
def _log_sigmoid_loop(x: In, out: New):
    """out[i] = log(sigmoid(x[i]))."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        out[i] = scalar.log_sigmoid(x[i], one)
    return out


def log_sigmoid(x):
    """Return ``log(sigmoid(x))``, exact for large negative `x` too."""
    return _log_sigmoid_loop[x.dtype](x, x)


@pointwise
def _log_sigmoid_backward_loop(grad: In, x: In, result: New):
    """result[i] = grad[i] * sigmoid(-x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * scalar.sigmoid(-x[i], one)
    return result


def log_sigmoid_backward(grad, x):
    """Return ``grad * sigmoid(-x)``."""
    return _log_sigmoid_backward_loop[x.dtype](grad, x, x)


@pointwise
def _mish_loop(x: In, out: New):
    """out[i] = x[i] * tanh(softplus(x[i]))."""
    wide()
    one = x.dtype.type(1)
    for i in range(out.size):
        out[i] = x[i] * scalar.tanh_softplus(x[i], one)
    return out


def mish(x):
    """Return ``x * tanh(softplus(x))``."""
    return _mish_loop[x.dtype](x, x)


@pointwise
def _mish_backward_loop(grad: In, x: In, result: New):
    """result[i] = grad[i] * mish'(x[i])."""
    wide()
    one = x.dtype.type(1)
    for i in range(result.size):
        result[i] = grad[i] * scalar.mish_slope(x[i], one)
    return result


def mish_backward(grad, x):
    """Return `grad` times the derivative of `mish` at `x`."""
    return _mish_backward_loop[x.dtype](grad, x, x)


@pointwise
def _hardtanh_backward_loop(grad: In, x: In, low: Real, high: Real, result: New):
    """result[i] = grad[i] where low < x[i] < high, else 0."""
    zero = x.dtype.type(0)
    for i in range(result.size):
        result[i] = zero if x[i] <= low or x[i] >= high else grad[i]
    return result


def hardtanh_backward(grad, x, low=-1.0, high=1.0):
    """Return `grad` where ``low < x < high`` (or x is nan), else 0; also ReLU6's with 0 and 6."""
    return _hardtanh_backward_loop[x.dtype](grad, x, low, high, x)


@pointwise
def _erf_loop(x: In, out: New):
    """out[i] = erf(x[i])."""
    wide()
    for i in range(out.size):
        out[i] = scalar_erf(x[i])
    return out


def erf(x):
    """Return the error function."""
    return _erf_loop[x.dtype](x, x)


@pointwise
def _masked_scale_loop(x: In, mask: InBool, scale: Real, out: New):
    """out[i] = x[i] * (scale if mask[i] else 0)."""
    zero = x.dtype.type(0)
    for i in range(out.size):
        out[i] = x[i] * (scale if mask[i] else zero)
    return out


def masked_scale(x, mask, scale):
    """Return ``x * mask * scale``: dropout given its mask, and dropout's gradient."""
    return _masked_scale_loop[x.dtype](x, mask, scale, x)
