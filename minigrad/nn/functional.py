"""Layers' mathematics as functions: PyTorch's ``torch.nn.functional``.

The operations themselves are in `minigrad.ops`. Most of them are this namespace's functions as they are; the functions
below give the others the signatures that they have here (``inplace=``, a ``dim`` that may be left out) or are short
compositions.
"""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.ops import activation as _activation
from minigrad.ops import softmax as _softmax
from minigrad.ops.activation import gelu, glu, logsigmoid, sigmoid, softplus, tanh
from minigrad.ops.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from minigrad.ops.margin_loss import (
    cosine_embedding_loss,
    gaussian_nll_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    poisson_nll_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from minigrad.ops.matmul import linear
from minigrad.ops.pairs import bilinear, cosine_similarity, normalize, pairwise_distance
from minigrad.ops.piecewise import hardshrink, prelu, softshrink
from minigrad.tensor import Tensor

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "cross_entropy",
    "elu",
    "gelu",
    "glu",
    "hardtanh",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mish",
    "mse_loss",
    "nll_loss",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "tanh",
    "tanhshrink",
]

# --------------------------------------------------------------------------------------------------------- activations


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``max(0, input)``, elementwise."""
    return input.relu_() if inplace else _activation.relu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Return ``input`` where positive and ``negative_slope * input`` elsewhere."""
    return input.leaky_relu_(negative_slope) if inplace else _activation.leaky_relu(input, negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return ``input`` where positive and ``alpha * (exp(input) - 1)`` elsewhere."""
    return input.elu_(alpha) if inplace else _activation.elu(input, alpha)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return ``input`` where positive and ``alpha * (exp(input / alpha) - 1)`` elsewhere."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    settings = (alpha, 1.0, 1.0 / alpha)
    return input.elu_(*settings) if inplace else _activation.elu(input, *settings)


# The fixed point of Klambauer et al. 2017, equation 14, to the digits of a float64.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ELU with the scale and the ``alpha`` that keep zero mean and unit variance."""
    settings = (_SELU_ALPHA, _SELU_SCALE)
    return input.elu_(*settings) if inplace else _activation.elu(input, *settings)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``input * sigmoid(input)``, elementwise."""
    return input.silu_() if inplace else _activation.silu(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``input * tanh(softplus(input))``, elementwise."""
    return input.mish_() if inplace else _activation.mish(input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Return ``input`` clipped to ``min_val .. max_val``."""
    return input.hardtanh_(min_val, max_val) if inplace else _activation.hardtanh(input, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``input`` clipped to 0 .. 6."""
    return hardtanh(input, 0.0, 6.0, inplace)


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
    return _softmax.softmax(input, _implicit_dim("softmax", input, dim, _stacklevel), dtype)  # type: ignore[no-any-return]


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Return the softmax of ``-input``; the parameters are :func:`softmax`'s."""
    return _softmax.softmax(-input, _implicit_dim("softmin", input, dim, _stacklevel), dtype)  # type: ignore[no-any-return]


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """Return the logarithm of the softmax, without forming the softmax; the parameters are :func:`softmax`'s."""
    return _softmax.log_softmax(input, _implicit_dim("log_softmax", input, dim, _stacklevel), dtype)  # type: ignore[no-any-return]


def _implicit_dim(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input.dim() in (0, 1, 3) else 1
