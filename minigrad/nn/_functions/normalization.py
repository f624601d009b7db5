"""Normalisation of layers and batches."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minigrad.autograd import is_grad_enabled
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

    Raises
    ------
    RuntimeError
        Where the input does not end in ``normalized_shape``, or the weight or the bias has another shape.

    References
    ----------
    .. [1] Ba, Kiros, Hinton. Layer Normalization. 2016. arXiv:1607.06450
    """
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(given.shape)} and normalized_shape = {list(shape)}"
            )
    if tuple(input.shape)[-len(shape) :] != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], "
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

    Raises
    ------
    ValueError
        For one value a channel in training, and for an ``eps`` that is out of bounds.
    RuntimeError
        For averages that require grad.

    References
    ----------
    .. [1] Ioffe, Szegedy. Batch Normalization: Accelerating Deep Network Training. 2015. arXiv:1502.03167
    """
    shape = tuple(input.shape)
    if training and len(shape) < 2 and shape != (0,):
        _ = shape[0], input.size(1)
    channels = shape[1] if len(shape) > 1 else input.numel()
    if training and input.numel() == channels and math.prod((shape[0], *shape[2:])) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
    if eps <= 0 and (training or eps < 0):
        bound = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {bound}, but got {eps}")
    numbers = [each.numel() for each in (running_mean, running_var, weight, bias) if each is not None]
    if running_mean is None or running_var is None or numbers != [channels] * len(numbers):
        _check_parameters(channels, training, running_mean, running_var, weight, bias)
    elif (running_mean.requires_grad or running_var.requires_grad) and is_grad_enabled():
        name = "running_mean" if running_mean.requires_grad else "running_var"
        raise RuntimeError(
            f"The function 'native_batch_norm' is not differentiable with respect to argument '{name}'. This input "
            "cannot have requires_grad True."
        )
    if len(shape) < 2:  # and therefore empty
        return named(input.clone(), "NativeBatchNormBackward0")
    return norm.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def _check_parameters(
    channels: int,
    training: bool,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
) -> None:
    """Refuse averages that are missing, and parameters that have not one number a channel."""
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
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
