"""Activation functions.

Each has its gradient as an operation of its own (one pass over the data), whose own gradient is written with ordinary
operations.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.backend import kernels_of
from minigrad.ops.exponential import exp
from minigrad.ops.op import op
from minigrad.ops.promotion import check_floating, to_floating
from minigrad.ops.samples import elementwise_samples
from minigrad.ops.select import choose
from minigrad.ops.shape import row_major
from minigrad.ops.write import zero

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _away_from(make: Any, *kinks: float, **kwargs: Any) -> Any:
    """Yield elementwise samples none of whose values is close to a kink."""
    for sample in elementwise_samples(make, low=-3, high=3, **kwargs):
        values = sample.args[0]
        for kink in kinks:
            values = np.where(np.abs(values - kink) < 0.1, kink + 0.2, values)
        yield make.sample(values, **kwargs)


@op(method=True, inplace=True, reference=lambda x: np.maximum(x, 0))
def relu(input: Tensor) -> Tensor:
    """Rectified linear unit ``max(input, 0)``, elementwise; the gradient at 0 is 0."""
    if input.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    return kernels_of(input).relu(input)


@relu.gradient
def _(grad, out):
    return threshold_backward(grad, out)


@relu.samples
def _(make):
    yield from _away_from(make, 0)


@op(namespace=None, reference=lambda g, out: g * (out > 0))
def threshold_backward(grad_output: Tensor, out: Tensor) -> Tensor:
    """Gradient of `relu`: ``grad_output`` where the output is positive, else 0."""
    return kernels_of(out).relu_backward(grad_output, out)


@threshold_backward.gradient("grad_output")
def _(grad, out):
    return threshold_backward(grad, out)


@threshold_backward.gradient("out")
def _(grad):
    return zero(grad)


@threshold_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3))


@op(method=True, inplace=True, reference=lambda x: 1 / (1 + np.exp(-x)))
def sigmoid(input: Tensor) -> Tensor:
    """Logistic function ``1 / (1 + exp(-input))``, elementwise."""
    return kernels_of(input).sigmoid(to_floating(input))


@sigmoid.gradient
def _(grad, out):
    return sigmoid_backward(grad, out)


@sigmoid.samples
def _(make):
    yield from elementwise_samples(make, low=-6, high=6)


@op(namespace=None, reference=lambda g, out: g * out * (1 - out))
def sigmoid_backward(grad_output: Tensor, out: Tensor) -> Tensor:
    """Gradient of `sigmoid`: ``grad_output * out * (1 - out)``."""
    return kernels_of(out).sigmoid_backward(grad_output, out)


@sigmoid_backward.gradient("grad_output")
def _(grad, out):
    return sigmoid_backward(grad, out)


@sigmoid_backward.gradient("out")
def _(grad, grad_output, out):
    return grad * grad_output * (1 - 2 * out)


@sigmoid_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3, low=0, high=1))


@op(method=True, inplace=True, reference=np.tanh)
def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent ``(exp(x) - exp(-x)) / (exp(x) + exp(-x))``, elementwise."""
    return kernels_of(input).tanh(to_floating(input))


@tanh.gradient
def _(grad, out):
    return tanh_backward(grad, out)


@tanh.samples
def _(make):
    yield from elementwise_samples(make)


@op(namespace=None, reference=lambda g, out: g * (1 - out * out))
def tanh_backward(grad_output: Tensor, out: Tensor) -> Tensor:
    """Gradient of `tanh`: ``grad_output * (1 - out**2)``."""
    return kernels_of(out).tanh_backward(grad_output, out)


@tanh_backward.gradient("grad_output")
def _(grad, out):
    return tanh_backward(grad, out)


@tanh_backward.gradient("out")
def _(grad, grad_output, out):
    return grad * grad_output * out * -2


@tanh_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3, low=-1, high=1))


@op(
    namespace=None,
    inplace=True,
    node="LeakyReluBackward0",
    reference=lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x),
)
def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Leaky rectifier: ``x`` where positive, else ``negative_slope * x``."""
    check_floating("leaky_relu_cpu", input)
    return kernels_of(input).leaky_relu(input, negative_slope)


@leaky_relu.gradient
def _(grad, input, negative_slope):
    return leaky_relu_backward(grad, input, negative_slope)


@leaky_relu.samples
def _(make):
    yield from _away_from(make, 0)
    yield from _away_from(make, 0, negative_slope=0.3)


@op(namespace=None, reference=lambda g, x, slope: np.where(x > 0, g, slope * g))
def leaky_relu_backward(grad_output: Tensor, input: Tensor, negative_slope: float) -> Tensor:
    """Gradient of `leaky_relu`."""
    return kernels_of(input).leaky_relu_backward(grad_output, input, negative_slope)


@leaky_relu_backward.gradient("grad_output")
def _(grad, input, negative_slope):
    return leaky_relu_backward(grad, input, negative_slope)


@leaky_relu_backward.gradient("input")
def _(grad):
    return zero(grad)


@leaky_relu_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3), 0.2)


@op(namespace=None, inplace=True, node="EluBackward0")
def elu(input: Tensor, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Tensor:
    """Exponential linear unit ``scale * x`` where positive, else ``scale * alpha * (exp(input_scale * x) - 1)``."""
    check_floating("elu_cpu", input)
    return kernels_of(input).elu(input, alpha, scale, input_scale)


@elu.gradient
def _(grad, input, alpha, scale, input_scale):
    return elu_backward(grad, input, alpha, scale, input_scale)


@elu.samples
def _(make):
    yield from _away_from(make, 0)
    yield from _away_from(make, 0, alpha=1.3, scale=1.1)


@op(namespace=None)
def elu_backward(grad_output: Tensor, input: Tensor, alpha: float, scale: float, input_scale: float) -> Tensor:
    """Gradient of `elu`."""
    return kernels_of(input).elu_backward(grad_output, input, alpha, scale, input_scale)


@elu_backward.gradient("grad_output")
def _(grad, input, alpha, scale, input_scale):
    return elu_backward(grad, input, alpha, scale, input_scale)


@elu_backward.gradient("input")
def _(grad, grad_output, input, alpha, scale, input_scale):
    curve = grad * grad_output * exp(input * input_scale) * (alpha * scale * input_scale * input_scale)
    return choose(input < 0, curve, 0)


@elu_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3), 1.2, 1.1, 1.0)


@op(namespace=None, reference=None)
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Gaussian error linear unit ``x * Phi(x)``, with the normal distribution's Phi or its tanh approximation [1]_.

    References
    ----------
    .. [1] D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", 2016, arXiv:1606.08415.
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    check_floating("GeluKernelImpl", input)
    return kernels_of(input).gelu(input, approximate)


@gelu.gradient
def _(grad, input, approximate):
    return gelu_backward(grad, input, approximate)


@gelu.samples
def _(make):
    yield from elementwise_samples(make)
    yield from elementwise_samples(make, approximate="tanh")


@op(namespace=None)
def gelu_backward(grad_output: Tensor, input: Tensor, approximate: str) -> Tensor:
    """Gradient of `gelu`."""
    return kernels_of(input).gelu_backward(grad_output, input, approximate)


@gelu_backward.gradient("grad_output")
def _(grad, input, approximate):
    return gelu_backward(grad, input, approximate)


@gelu_backward.gradient("input")
def _(grad, grad_output, input, approximate):
    if approximate == "none":
        density = exp(input * input * -0.5) * (1 / math.sqrt(2 * math.pi))
        return grad * grad_output * density * (2 - input * input)
    root = math.sqrt(2 / math.pi)
    inner = tanh(root * (input + 0.044715 * input * input * input))
    slope = root * (1 + 3 * 0.044715 * input * input)
    sech2 = 1 - inner * inner
    curve = sech2 * (slope + input * (0.5 * root * 6 * 0.044715 * input - inner * slope * slope))
    return grad * grad_output * curve


@gelu_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3), "none")
    yield make.sample(make(2, 3), make(2, 3), "tanh")


@op(namespace=None, inplace=True, reference=lambda x: x / (1 + np.exp(-x)))
def silu(input: Tensor) -> Tensor:
    """Sigmoid-weighted linear unit (swish) ``x * sigmoid(x)``."""
    check_floating("silu_cpu", input)
    return kernels_of(input).silu(input)


@silu.gradient
def _(grad, input):
    return silu_backward(grad, input)


@silu.samples
def _(make):
    yield from elementwise_samples(make)


@op(namespace=None)
def silu_backward(grad_output: Tensor, input: Tensor) -> Tensor:
    """Gradient of `silu`: ``grad_output * s * (1 + x * (1 - s))`` with ``s = sigmoid(x)``."""
    return kernels_of(input).silu_backward(grad_output, input)


@silu_backward.gradient("grad_output")
def _(grad, input):
    return silu_backward(grad, input)


@silu_backward.gradient("input")
def _(grad, grad_output, input):
    s = sigmoid(input)
    return grad * grad_output * s * (1 - s) * (2 + input * (1 - 2 * s))


@silu_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3))


@op(namespace=None, inplace=True)
def mish(input: Tensor) -> Tensor:
    """Mish ``x * tanh(softplus(x))`` [1]_.

    References
    ----------
    .. [1] D. Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019, arXiv:1908.08681.
    """
    check_floating("mish_cpu", input)
    return kernels_of(input).mish(input)


@mish.gradient
def _(grad, input):
    return mish_backward(grad, input)


@mish.samples
def _(make):
    yield from elementwise_samples(make)


@op(namespace=None)
def mish_backward(grad_output: Tensor, input: Tensor) -> Tensor:
    """Gradient of `mish`."""
    return kernels_of(input).mish_backward(grad_output, input)


@mish_backward.gradient("grad_output")
def _(grad, input):
    return mish_backward(grad, input)


@mish_backward.gradient("input")
def _(grad, grad_output, input):
    s = sigmoid(input)
    t = tanh(softplus(input))
    sech2 = 1 - t * t
    return grad * grad_output * sech2 * s * (2 + input * (1 - s) - 2 * input * t * s)


@mish_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3))


@op(namespace="functional", reference=lambda x, beta=1.0, threshold=20.0: np.logaddexp(0, beta * x) / beta)
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Smooth rectifier ``log(1 + exp(beta * x)) / beta``; ``x`` itself where ``beta * x > threshold``."""
    check_floating("softplus_cpu", input)
    return kernels_of(input).softplus(input, beta, threshold)


@softplus.gradient
def _(grad, input, beta, threshold):
    return softplus_backward(grad, input, beta, threshold)


@softplus.samples
def _(make):
    yield from elementwise_samples(make)
    yield from elementwise_samples(make, beta=2.0, threshold=30.0)


@op(namespace=None)
def softplus_backward(grad_output: Tensor, input: Tensor, beta: float, threshold: float) -> Tensor:
    """Gradient of `softplus`: ``grad_output * sigmoid(beta * x)``."""
    return kernels_of(input).softplus_backward(grad_output, input, beta, threshold)


@softplus_backward.gradient("grad_output")
def _(grad, input, beta, threshold):
    return softplus_backward(grad, input, beta, threshold)


@softplus_backward.gradient("input")
def _(grad, grad_output, input, beta, threshold):
    s = sigmoid(input * beta)
    return grad * grad_output * s * (1 - s) * beta * (input * beta <= threshold)


@softplus_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3), 1.5, 20.0)


@op(namespace="functional", node="LogSigmoidBackward0", reference=lambda x: -np.logaddexp(0, -x))
def logsigmoid(input: Tensor) -> Tensor:
    """Logarithm of the logistic function, ``-log(1 + exp(-x))``, without overflow."""
    check_floating("log_sigmoid_cpu", input)
    return kernels_of(input).log_sigmoid(row_major(input))


@logsigmoid.gradient
def _(grad, input):
    return log_sigmoid_backward(grad, input)


@logsigmoid.samples
def _(make):
    yield from elementwise_samples(make)


@op(namespace=None)
def log_sigmoid_backward(grad_output: Tensor, input: Tensor) -> Tensor:
    """Gradient of `logsigmoid`: ``grad_output * sigmoid(-x)``."""
    return kernels_of(input).log_sigmoid_backward(grad_output, input)


@log_sigmoid_backward.gradient("grad_output")
def _(grad, input):
    return log_sigmoid_backward(grad, input)


@log_sigmoid_backward.gradient("input")
def _(grad, grad_output, input):
    s = sigmoid(input)
    return grad * grad_output * (s * (s - 1))


@log_sigmoid_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3))


@op(namespace=None, inplace=True, reference=lambda x, min_val=-1.0, max_val=1.0: np.clip(x, min_val, max_val))
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """Clip to ``min_val .. max_val``; the gradient at the bounds is 0."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if input.dtype.kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if input.dtype.kind == "u" and min_val < 0:
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    if input.dtype.kind in "iu":
        min_val, max_val = int(min_val), int(max_val)
    if input.dtype.kind == "f":
        return kernels_of(input).clip(input, min_val, max_val)
    return np.clip(input, min_val, max_val)


@hardtanh.gradient
def _(grad, input, min_val, max_val):
    return hardtanh_backward(grad, input, min_val, max_val)


@hardtanh.samples
def _(make):
    yield from _away_from(make, -1, 1)
    yield from _away_from(make, 0, 6, min_val=0.0, max_val=6.0)


@op(namespace=None)
def hardtanh_backward(grad_output: Tensor, input: Tensor, min_val: float, max_val: float) -> Tensor:
    """Gradient of `hardtanh`: ``grad_output`` strictly between the bounds, else 0."""
    return kernels_of(input).hardtanh_backward(grad_output, input, min_val, max_val)


@hardtanh_backward.gradient("grad_output")
def _(grad, input, min_val, max_val):
    return hardtanh_backward(grad, input, min_val, max_val)


@hardtanh_backward.gradient("input")
def _(grad):
    return zero(grad)


@hardtanh_backward.samples
def _(make):
    yield make.sample(make(2, 3), make(2, 3), -1.0, 1.0)
