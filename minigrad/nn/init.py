"""Filling parameters with starting values. Every function works in place, outside the graph, and returns its tensor."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.autograd import no_grad
from minigrad.creation import empty, from_numpy, full
from minigrad.tensor import Tensor

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {
    "linear": 1,
    "conv1d": 1,
    "conv2d": 1,
    "conv3d": 1,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
    "sigmoid": 1,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor by which weights are scaled to keep the variance through an activation.

    Parameters
    ----------
    nonlinearity : str
        The name of the activation in ``nn.functional``; "linear" and the convolutions have gain 1.
    param : float, optional
        The negative slope of "leaky_relu", by default 0.01.

    Raises
    ------
    ValueError
        For an unknown function, and for a slope that is no number.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {slope} not a valid number")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _GAINS[nonlinearity]


# ------------------------------------------------------------------------------------------------ simple distributions


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with numbers uniform between ``a`` and ``b``."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with normally distributed numbers."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    return tensor.fill_(val)


@no_grad()
def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return tensor.fill_(1.0)


@no_grad()
def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return tensor.zero_()


@no_grad()
def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Fill with normally distributed numbers between ``a`` and ``b``.

    Parameters
    ----------
    tensor : Tensor
    mean, std : float
        Of the distribution before it is cut.
    a, b : float
        The cuts.
    generator : Generator, optional

    Notes
    -----
    Numbers outside are drawn anew. Where less than 0.3 of the distribution lies inside, uniform numbers are drawn and
    accepted with a probability proportional to the density.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=3,
        )
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    if inside > 0.3:
        # The bounds are rounded to the tensor's dtype first: in float16 a value may round to just outside.
        low, high = (full((), bound, dtype=tensor.dtype) for bound in (a, b))
        tensor.normal_(mean, std, generator=generator)
        while (outside := (tensor < low) | (tensor > high)).any():
            tensor.copy_(_empty_like(tensor).normal_(mean, std, generator=generator).where(outside, tensor))
        return tensor
    mode = max(a, min(mean, b))
    log_peak = -0.5 * ((mode - mean) / std) ** 2
    pending = full(tensor.shape, True)
    while True:
        candidates = _empty_like(tensor).uniform_(a, b, generator=generator)
        tensor.copy_(candidates.where(pending, tensor))
        log_density = ((candidates - mean) / std) ** 2 * -0.5 - log_peak
        pending = pending & (_empty_like(tensor).uniform_(generator=generator).log() > log_density)
        if not pending.any():
            return tensor


def _empty_like(tensor: Tensor) -> Tensor:
    return empty(tensor.shape, dtype=tensor.dtype, device=tensor.device)


def _normal_cdf(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


# ------------------------------------------------------------------------------------------- scaled by the layer's size


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Return how many inputs an output has, and how many outputs an input, in a layer with this weight."""
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    outputs, inputs, *kernel = tensor.shape
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    modes = ["fan_in", "fan_out"]
    if mode.lower() not in modes:
        raise ValueError(f"Mode {mode.lower()} not supported, please use one of {modes}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill uniformly in ``±gain * sqrt(6 / (fan_in + fan_out))`` [1]_.

    References
    ----------
    .. [1] Glorot, Bengio. Understanding the difficulty of training deep feedforward neural networks. 2010.
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    bound = math.sqrt(3.0) * (gain * math.sqrt(2.0 / (fan_in + fan_out)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill normally with standard deviation ``gain * sqrt(2 / (fan_in + fan_out))``."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill uniformly in ``±gain * sqrt(3 / fan)`` [1]_.

    Parameters
    ----------
    tensor : Tensor, at least 2 dimensions
    a : float
        Negative slope of "leaky_relu".
    mode : {"fan_in", "fan_out"}
        Keep the variance in the forward or in the backward pass.
    nonlinearity : str
        See :func:`calculate_gain`.
    generator : Generator, optional

    References
    ----------
    .. [1] He, Zhang, Ren, Sun. Delving Deep into Rectifiers. 2015. arXiv:1502.01852
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill normally with standard deviation ``gain / sqrt(fan)``; the parameters are :func:`kaiming_uniform_`'s."""
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    return calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))


# -------------------------------------------------------------------------------------------------- structured matrices


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on the diagonal and zeros elsewhere."""
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    tensor.zero_()
    for place in range(min(tensor.shape)):
        tensor[place, place] = 1
    return tensor


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight so that it passes as many channels through unchanged as it can.

    Parameters
    ----------
    tensor : Tensor, shape (out_channels, in_channels, ...), 3 to 5 dimensions
    groups : int
        Of the convolution.

    Raises
    ------
    ValueError
        For a tensor that is no filter, and for groups that do not divide the filters.
    """
    if tensor.dim() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    outputs, inputs, *kernel = tensor.shape
    if outputs % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    tensor.zero_()
    centre = tuple(length // 2 for length in kernel)
    for group in range(groups):
        for channel in range(min(outputs // groups, inputs)):
            place = (group * (outputs // groups) + channel, channel, *centre)
            tensor[place] = 1
    return tensor


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Fill with ``gain`` times a matrix whose rows, or columns if it has more rows, are orthonormal [1]_.

    References
    ----------
    .. [1] Saxe, McClelland, Ganguli. Exact solutions to the nonlinear dynamics of learning in deep linear neural
       networks. 2013. arXiv:1312.6120
    """
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    drawn = _empty_like(tensor).normal_(0, 1, generator=generator).reshape(rows, columns)
    array = drawn.cpu().numpy()
    q, r = np.linalg.qr(array.T if rows < columns else array)
    q *= np.sign(np.diagonal(r))  # makes the distribution uniform over the orthogonal matrices
    if rows < columns:
        q = q.T
    return tensor.copy_(from_numpy(np.ascontiguousarray(q)).reshape(tensor.shape)).mul_(gain)


@no_grad()
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Fill a matrix normally and set a share of each column to zero.

    Parameters
    ----------
    tensor : Tensor, shape (rows, columns)
    sparsity : float
        The share of zeros.
    std : float
        Standard deviation of the other elements.
    generator : Generator, optional
        For the normal numbers; the places of the zeros come from the default generator, as in PyTorch.

    Raises
    ------
    ValueError
        For a tensor that is no matrix.
    """
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    from minigrad.random import randperm

    for column in range(columns):
        tensor[randperm(rows)[:zeros], column] = 0
    return tensor


def _former_name(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a function under the name that it had before it ended in an underscore, which warns."""
    new = function.__name__
    old = new.removesuffix("_")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    call.__name__ = old
    call.__doc__ = f"Do what `{new}` does, and warn that this is its former name."
    return call


uniform = _former_name(uniform_)
normal = _former_name(normal_)
constant = _former_name(constant_)
eye = _former_name(eye_)
dirac = _former_name(dirac_)
xavier_uniform = _former_name(xavier_uniform_)
xavier_normal = _former_name(xavier_normal_)
kaiming_uniform = _former_name(kaiming_uniform_)
kaiming_normal = _former_name(kaiming_normal_)
orthogonal = _former_name(orthogonal_)
sparse = _former_name(sparse_)
