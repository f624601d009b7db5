"""Normalisation of layers and batches."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minigrad.autograd import no_grad
from minigrad.ops import norm
from minigrad.ops.naming import named
from minigrad.tensor import Tensor


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise the trailing dimensions to zero mean and unit variance, then scale and shift [1]_.

    Parameters
    ----------
    input : Tensor, shape (..., *normalized_shape)
    normalized_shape : sequence of int
    weight, bias : Tensor, shape normalized_shape, optional
    eps : float
        Added to the biased variance.

    References
    ----------
    .. [1] Ba, Kiros, Hinton. Layer Normalization. 2016. arXiv:1607.06450
    """
    shape = list(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and list(given.shape) != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(given.shape)} and normalized_shape = {shape}"
            )
    if list(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={shape}, expected input with shape [*, {', '.join(map(str, shape))}], "
            f"but got input of size{list(input.shape)}"
        )
    return norm.layer_norm(input, weight, bias, len(shape), eps, True)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel, dimension 1, to zero mean and unit variance, then scale and shift [1]_.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, ...)
    running_mean, running_var : Tensor, shape (channels,), optional
        Running averages, updated in place in training and used otherwise.
    weight, bias : Tensor, shape (channels,), optional
    training : bool
        Whether the moments of the batch are used.
    momentum : float
        Share of this batch in the running averages.
    eps : float
        Added to the variance.

    References
    ----------
    .. [1] Ioffe, Szegedy. Batch Normalization: Accelerating Deep Network Training. 2015. arXiv:1502.03167
    """
    if eps <= 0 and (training or eps < 0):
        bound = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {bound}, but got {eps}")
    channels = input.size(1) if input.dim() > 1 else input.numel()
    for name, given in (
        ("running_mean", running_mean),
        ("running_var", running_var),
        ("weight", weight),
        ("bias", bias),
    ):
        if given is None:
            if not training and name.startswith("running"):
                raise RuntimeError(f"{name} must be defined in evaluation mode")
        elif given.numel() != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {given.numel()}")
    if input.dim() < 2:  # and therefore empty
        return named(input.clone(), "NativeBatchNormBackward0")
    count = input.numel() // channels if channels else input.size(0) * math.prod(input.shape[2:])
    if training:
        if count == 1:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
        out, means, variances = norm.batch_norm(input, weight, bias, eps)
        if count:
            _update_averages(running_mean, running_var, means, variances, momentum, count)
        return out
    assert running_mean is not None
    assert running_var is not None
    scale = (running_var + eps).rsqrt()
    scale = scale if weight is None else scale * weight
    shift = -running_mean * scale
    return norm.scale_channels(input, scale, shift if bias is None else bias + shift)


@no_grad()
def _update_averages(
    running_mean: Tensor | None,
    running_var: Tensor | None,
    means: Tensor,
    variances: Tensor,
    momentum: float,
    count: int,
) -> None:
    """Mix the moments of a batch into the running averages; the variance of the batch is made unbiased for it."""
    if running_mean is not None:
        running_mean.lerp_(means, momentum)
    if running_var is not None:
        running_var.lerp_(variances * (count / (count - 1)), momentum)
