"""Dropout and its variants: random masks, drawn as PyTorch draws them, times the input."""

from __future__ import annotations

import math
import warnings

from minigrad.random.dropping import dropped, scale_of_kept
from minigrad.random.mapped import vmappable
from minigrad.random.sampling import bernoulli_mask
from minigrad.tensor import Tensor

# The negative limit of SELU, with the sign left out: what alpha dropout sets elements to.
_ALPHA = 1.7580993408473766


@vmappable
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each element to zero with probability ``p`` and divide the others by ``1 - p``.

    Parameters
    ----------
    input : Tensor
    p : float
    training : bool
        Without it the input is returned as it is.
    inplace : bool
        Change the input itself.

    Raises
    ------
    RuntimeError
        For integers and bools in training.
    """
    _check_probability(p)
    if not training or p == 0 or not input.numel():
        return input
    if not input.is_floating_point():
        title = input.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(f"result type Float can't be cast to the desired output type {title}")
    if inplace:
        return input.mul_(bernoulli_mask(input, 1 - p).to(input.dtype).mul_(scale_of_kept(input, p)))
    return dropped(input, p)


@vmappable
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set whole channels of ``(N, C, L)`` or ``(C, L)`` to zero; the parameters are :func:`dropout`'s."""
    _check_probability(p)
    rank = input.dim()
    if rank not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {rank}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch "
            "dimension (i.e. 2D or 3D inputs)."
        )
    return _drop_channels(input, p, training, inplace, is_batched=rank == 3)


@vmappable
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set whole channels of ``(N, C, H, W)`` to zero; the parameters are :func:`dropout`'s."""
    _check_probability(p)
    rank = input.dim()
    if rank not in (3, 4):
        _warn_of_rank("dropout2d", rank, 2)
    if rank == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=3,
        )
    return _drop_channels(input, p, training, inplace)


@vmappable
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set whole channels of ``(N, C, D, H, W)`` or ``(C, D, H, W)`` to zero; the parameters are :func:`dropout`'s."""
    _check_probability(p)
    if input.dim() not in (4, 5):
        _warn_of_rank("dropout3d", input.dim(), 3)
    return _drop_channels(input, p, training, inplace, is_batched=input.dim() == 5)


@vmappable
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Set elements to SELU's negative limit with probability ``p``, and keep mean and variance [1]_.

    The parameters are :func:`dropout`'s.

    References
    ----------
    .. [1] Klambauer, Unterthiner, Mayr, Hochreiter. Self-Normalizing Neural Networks. 2017. arXiv:1706.02515
    """
    _check_probability(p)
    if not training or p == 0 or not input.numel():
        return input
    return _alpha_drop(input, bernoulli_mask(input, 1 - p), p, inplace)


@vmappable
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Set whole channels to SELU's negative limit; the parameters are :func:`dropout`'s."""
    _check_probability(p)
    if not training or p == 0 or not input.numel():
        return input
    return _alpha_drop(input, _channel_mask(input, p), p, inplace)


def _drop_channels(input: Tensor, p: float, training: bool, inplace: bool, is_batched: bool = True) -> Tensor:
    if not is_batched:
        batch = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
        dropped = _drop_channels(batch, p, training, inplace)
        return dropped.squeeze_(0) if inplace else dropped.squeeze(0)
    if not training or p == 0 or not input.numel():
        return input
    factors = _channel_mask(input, p).to(input.dtype).mul_(scale_of_kept(input, p))
    return input.mul_(factors) if inplace else input * factors


def _channel_mask(input: Tensor, p: float) -> Tensor:
    """Return booleans for the batch and the channels, of length 1 in all other dimensions."""
    if input.dim() < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return bernoulli_mask(input, 1 - p, (*input.shape[:2], *(1,) * (input.dim() - 2)))


def _alpha_drop(input: Tensor, kept: Tensor, p: float, inplace: bool) -> Tensor:
    """Return ``a * (x or -alpha) + b``, with the ``a`` and ``b`` that keep zero mean and unit variance."""
    if p == 1:
        factors = kept.to(input.dtype)
        return input.mul_(factors) if inplace else input * factors
    a = 1 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    noise = kept.to(input.dtype)
    factors = noise * a
    shifts = (noise - 1) * (_ALPHA * a) + _ALPHA * a * p
    return input.mul_(factors).add_(shifts) if inplace else input * factors + shifts


def _check_probability(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _warn_of_rank(name: str, rank: int, spatial: int) -> None:
    warnings.warn(
        f"{name}: Received a {rank}-D input to {name}, which is deprecated and will result in an error in a future "
        "release. To retain the behavior and silence this warning, please use dropout instead. Note that "
        f"{name} exists to provide channel-wise dropout on inputs with {spatial} spatial dimensions, a channel "
        f"dimension, and an optional batch dimension (i.e. {spatial + 1}D or {spatial + 2}D inputs).",
        stacklevel=3,
    )
