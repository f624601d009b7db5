"""Normalisation within groups of channels, within channels, by the root mean square, and across channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minigrad.autograd import is_grad_enabled, no_grad
from minigrad.dtypes import float32
from minigrad.numeric_limits import finfo
from minigrad.ops import norm
from minigrad.ops.avg_pool import avg_pool2d
from minigrad.ops.naming import named
from minigrad.ops.pad import pad
from minigrad.ops.promotion import not_implemented
from minigrad.tensor import Tensor


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Normalise each group of channels to zero mean and unit variance, then scale and shift each channel [1]_.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, ...)
    num_groups : int
        Groups of as many channels each.
    weight, bias : Tensor, shape (channels,), optional
    eps : float
        Added to the biased variance.

    Raises
    ------
    RuntimeError
        Where the channels do not divide into the groups, and for weights or biases of another shape.
    ValueError
        For groups of one element.

    References
    ----------
    .. [1] Wu, He. Group Normalization. 2018. arXiv:1803.08494
    """
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    channels = shape[1]
    count = shape[0] * channels // num_groups
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if count == 1 == math.prod(shape[2:]):
        sizes = [count, num_groups, *shape[2:]]
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {sizes}")
    if channels % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(shape)} and num_groups={num_groups}"
        )
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.shape != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of "
                f"shape {list(given.shape)} and input of shape {list(shape)}"
            )
    return norm.group_norm(input, weight, bias, num_groups, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel of each sample to zero mean and unit variance, then scale and shift it [1]_.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, ...)
    running_mean, running_var : Tensor, shape (channels,), optional
        Running averages of the samples' moments, updated in place where those are used.
    weight, bias : Tensor, shape (channels,), optional
    use_input_stats : bool
        Whether the moments of the samples are used, and not the running averages.
    momentum : float
        Share of this batch in the running averages.
    eps : float
        Added to the variance.

    Raises
    ------
    RuntimeError
        For weights, biases or averages that do not fit the channels, or that are missing.
    ValueError
        Where a channel of a sample has one element only.

    References
    ----------
    .. [1] Ulyanov, Vedaldi, Lempitsky. Instance Normalization: The Missing Ingredient for Fast Stylization. 2016.
       arXiv:1607.08022
    """
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    channels = input.shape[1]
    for name, given in (
        ("running_mean", running_mean),
        ("running_var", running_var),
        ("weight", weight),
        ("bias", bias),
    ):
        if given is not None and given.dim() > 1:
            raise RuntimeError(
                "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
            )
        if given is not None and given.numel() != channels:
            batch = input.shape[0]
            raise RuntimeError(f"{name} should contain {batch * channels} elements not {batch * given.numel()}")
        if given is not None and given.requires_grad and name.startswith("running") and is_grad_enabled():
            raise RuntimeError(
                f"The function 'native_batch_norm' is not differentiable with respect to argument '{name}'. This input "
                "cannot have requires_grad True."
            )
    if not input.dtype.is_floating_point:
        raise not_implemented("batch_norm", input.detach().numpy())
    if use_input_stats:
        dims = tuple(range(2, input.dim()))
        with no_grad():
            if running_mean is not None:
                running_mean.copy_(running_mean * (1 - momentum) + input.mean(dims).mean(0) * momentum)
            if running_var is not None:
                running_var.copy_(running_var * (1 - momentum) + input.var(dims).mean(0) * momentum)
        return named(norm.group_norm(input, weight, bias, channels, eps), "ViewBackward0")
    if running_mean is None or running_var is None:
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    known = (each.detach().to(input.dtype) for each in (running_mean, running_var))
    return named(norm.batch_norm(input, weight, bias, *known, False, momentum, eps), "ViewBackward0")


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divide by the root mean square over the trailing dimensions, then scale [1]_.

    Parameters
    ----------
    input : Tensor, shape (..., *normalized_shape)
    normalized_shape : sequence of int
    weight : Tensor, shape normalized_shape, optional
    eps : float, optional
        Added to the mean square; by default the step from 1 to the next number.

    Raises
    ------
    RuntimeError
        Where the input does not end in ``normalized_shape``, or the weight has another shape.
    ValueError
        For an input of fewer dimensions.

    References
    ----------
    .. [1] Zhang, Sennrich. Root Mean Square Layer Normalization. 2019. arXiv:1910.07467
    """
    shape = list(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    if weight is not None and list(weight.shape) != shape:
        raise RuntimeError(
            f"Expected weight to be of same shape as normalized_shape, but got weight of shape {list(weight.shape)} "
            f"and normalized_shape = {shape}"
        )
    if input.dim() < len(shape):
        raise ValueError(f"Input tensor must have at least {len(shape)} dimensions, but got {input.dim()}")
    if list(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={shape}, expected input with shape [*{', '.join(map(str, shape))}], but got input "
            f"of size{list(input.shape)}"
        )
    if not input.dtype.is_floating_point:
        raise not_implemented("rms_norm", input.detach().numpy())
    if eps is None:
        eps = finfo(float32 if input.dtype.itemsize == 2 else input.dtype).eps
    return norm.layer_norm(input, weight, None, len(shape), eps, False)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Divide by ``(k + alpha * s) ** beta``, ``s`` being the mean square over neighbouring channels [1]_.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, ...) with at least one more dimension
    size : int
        How many channels make a neighbourhood.
    alpha, beta, k : float

    Raises
    ------
    ValueError
        For an input of fewer than three dimensions.

    References
    ----------
    .. [1] Krizhevsky, Sutskever, Hinton. ImageNet Classification with Deep Convolutional Neural Networks. 2012.
    """
    if input.dim() < 3:
        gap = " " * 26
        raise ValueError(f"Expected 3D or higher dimensionality{gap}input (got {input.dim()} dimensions)")
    if not input.numel():
        return input
    batch, channels = input.shape[:2]
    square = (input * input).reshape((batch, 1, channels, -1))
    means = avg_pool2d(pad(square, (0, 0, size // 2, (size - 1) // 2)), (size, 1), 1).reshape(input.shape)
    return input / (means * alpha + k) ** beta
