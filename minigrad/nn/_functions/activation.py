"""Activations with the signatures of ``nn.functional``: with ``inplace=``, and with a ``dim`` that may be left out."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.creation import empty, ones_like
from minigrad.dtypes import float64
from minigrad.ops import activation, piecewise
from minigrad.ops import softmax as softmax_op
from minigrad.ops.naming import named
from minigrad.tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``max(0, input)``, elementwise."""
    return input.relu_() if inplace else activation.relu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Return ``input`` where positive and ``negative_slope * input`` elsewhere."""
    return input.leaky_relu_(negative_slope) if inplace else activation.leaky_relu(input, negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return ``input`` where positive and ``alpha * (exp(input) - 1)`` elsewhere."""
    return input.elu_(alpha) if inplace else activation.elu(input, alpha)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return ``input`` where positive and ``alpha * (exp(input / alpha) - 1)`` elsewhere."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    settings = (alpha, 1.0, 1.0 / alpha)
    if inplace:
        return named(input.elu_(*settings), "CeluBackward1")
    return named(activation.elu(input, *settings), "CeluBackward0")


# The fixed point of Klambauer et al. 2017, equation 14, to the digits of a float64.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ELU with the scale and the ``alpha`` that keep zero mean and unit variance."""
    settings = (_SELU_ALPHA, _SELU_SCALE)
    return input.elu_(*settings) if inplace else activation.elu(input, *settings)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``input * sigmoid(input)``, elementwise."""
    return input.silu_() if inplace else activation.silu(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``input * tanh(softplus(input))``, elementwise."""
    return input.mish_() if inplace else activation.mish(input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Return ``input`` clipped to ``min_val .. max_val``."""
    return input.hardtanh_(min_val, max_val) if inplace else activation.hardtanh(input, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``input`` clipped to 0 .. 6."""
    return hardtanh(input, 0.0, 6.0, inplace)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Return ``input`` where it exceeds the threshold, ``value`` elsewhere."""
    return input.threshold_(threshold, value) if inplace else piecewise.threshold(input, threshold, value)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``input / 6 + 1 / 2`` clipped to 0 .. 1."""
    return input.hardsigmoid_() if inplace else piecewise.hardsigmoid(input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``input`` times its :func:`hardsigmoid`."""
    return input.hardswish_() if inplace else piecewise.hardswish(input)


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """Return ``input`` where positive, elsewhere times a slope: drawn for each element, or the mean of the range.

    Parameters
    ----------
    input : Tensor
    lower, upper : float
        The range of the slopes.
    training : bool
        Whether they are drawn.
    inplace : bool

    Raises
    ------
    RuntimeError
        Where the lower bound is above the upper one.
    """
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    falls = input.detach() <= 0
    slopes = ones_like(input.detach())
    # One draw in double precision for each element that needs one, in order: PyTorch's stream.
    slopes[falls] = empty(int(falls.sum()), dtype=float64).uniform_(lower, upper).to(input.dtype)
    return input.mul_(slopes) if inplace else input * slopes


def softsign(input: Tensor) -> Tensor:
    """Return ``input / (1 + |input|)``, elementwise."""
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """Return ``input - tanh(input)``, elementwise."""
    return input - input.tanh()


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Return ``exp(input) / sum(exp(input))`` along a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        Leaving it out is deprecated.
    dtype : dtype, optional
        To which the input is converted first.
    """
    return softmax_op.softmax(input, _implicit_dim("softmax", input, dim, _stacklevel), dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Return the softmax of ``-input``; the parameters are :func:`softmax`'s."""
    return softmax_op.softmax(-input, _implicit_dim("softmin", input, dim, _stacklevel), dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Return the logarithm of the softmax, without forming the softmax; the parameters are :func:`softmax`'s."""
    return softmax_op.log_softmax(input, _implicit_dim("log_softmax", input, dim, _stacklevel), dtype)


def _implicit_dim(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input.dim() in (0, 1, 3) else 1


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """Return a random draw from a categorical distribution, relaxed so that gradients flow through it [1]_.

    Parameters
    ----------
    logits : Tensor
    tau : float
        Temperature: the smaller, the closer to a one-hot vector.
    hard : bool
        Return the one-hot vector of the largest entry, with the gradient of the soft one.
    eps : float
        Has no effect.
    dim : int

    References
    ----------
    .. [1] Jang, Gu, Poole. Categorical Reparameterization with Gumbel-Softmax. 2016. arXiv:1611.01144
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -empty(logits.shape, dtype=logits.dtype, device=logits.device).exponential_().log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    largest = (soft.detach() * 0).scatter(dim, soft.max(dim, keepdim=True)[1], 1.0)
    return largest - soft.detach() + soft


def relu_(input: Tensor) -> Tensor:
    """Apply :func:`relu` in place."""
    return input.relu_()


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Apply :func:`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, inplace=True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Apply :func:`elu` in place."""
    return elu(input, alpha, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Apply :func:`celu` in place."""
    return celu(input, alpha, inplace=True)


def selu_(input: Tensor) -> Tensor:
    """Apply :func:`selu` in place."""
    return selu(input, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """Apply :func:`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """Replace what does not exceed the threshold, in place."""
    return input.threshold_(threshold, value)


def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """Apply :func:`rrelu` in place."""
    return rrelu(input, lower, upper, training, inplace=True)
