"""Channels traded for pixels, pixels for channels, and channels between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.ops.op import op
from minigrad.ops.shape import row_major

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


def _shuffled(x: Any, r: int) -> Any:
    *batch, channels, height, width = x.shape
    b = len(batch)
    split = x.reshape(*batch, channels // (r * r), r, r, height, width)
    order = (*range(b), b, b + 3, b + 1, b + 4, b + 2)
    return split.transpose(order)


def _unshuffled(x: Any, r: int) -> Any:
    *batch, channels, height, width = x.shape
    b = len(batch)
    split = x.reshape(*batch, channels, height // r, r, width // r, r)
    order = (*range(b), b, b + 2, b + 4, b + 1, b + 3)
    return split.transpose(order)


def _pixel_shuffle_reference(x: Any, upscale_factor: int) -> Any:
    *batch, channels, height, width = x.shape
    r = upscale_factor
    return _shuffled(x, r).reshape(*batch, channels // (r * r), height * r, width * r)


def _check_image(name: str, factor_name: str, input: Any, factor: int) -> None:
    if input.ndim < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {factor_name}, but got {factor}")


@op(reference=_pixel_shuffle_reference)
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Images of which each block of ``r * r`` pixels comes from ``r * r`` channels, ``r`` being the factor.

    Parameters
    ----------
    input : Tensor, shape (..., channels * r * r, height, width)
    upscale_factor : int

    Returns
    -------
    Tensor, shape (..., channels, height * r, width * r)

    Raises
    ------
    RuntimeError
        Where the factor does not divide the channels.
    """
    _check_image("pixel_shuffle", "upscale_factor", input, upscale_factor)
    *batch, channels, height, width = input.shape
    square = upscale_factor * upscale_factor
    if channels % square:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {square}"
        )
    shape = (*batch, channels // square, height * upscale_factor, width * upscale_factor)
    return row_major(_shuffled(input, upscale_factor).reshape(shape))


@pixel_shuffle.gradient
def _(grad, upscale_factor):
    return pixel_unshuffle(grad, upscale_factor)


@pixel_shuffle.samples
def _(make):
    yield make.sample(make(2, 8, 2, 3), 2)
    yield make.sample(make(9, 1, 2), 3)
    yield make.sample(make(2, 1, 2, 3), 1)


def _pixel_unshuffle_reference(x: Any, downscale_factor: int) -> Any:
    *batch, channels, height, width = x.shape
    r = downscale_factor
    return _unshuffled(x, r).reshape(*batch, channels * r * r, height // r, width // r)


@op(reference=_pixel_unshuffle_reference)
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Images with ``r * r`` channels for each block of ``r * r`` pixels, ``r`` being the factor.

    Parameters
    ----------
    input : Tensor, shape (..., channels, height * r, width * r)
    downscale_factor : int

    Returns
    -------
    Tensor, shape (..., channels * r * r, height, width)

    Raises
    ------
    RuntimeError
        Where the factor does not divide height and width.
    """
    _check_image("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    *batch, channels, height, width = input.shape
    for name, place, length in (("height", -2, height), ("width", -1, width)):
        if length % downscale_factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({place})={length} "
                f"is not divisible by {downscale_factor}"
            )
    shape = (*batch, channels * downscale_factor**2, height // downscale_factor, width // downscale_factor)
    return _unshuffled(input, downscale_factor).reshape(shape)


@pixel_unshuffle.gradient
def _(grad, downscale_factor):
    return pixel_shuffle(grad, downscale_factor)


@pixel_unshuffle.samples
def _(make):
    yield make.sample(make(2, 2, 4, 6), 2)
    yield make.sample(make(1, 3, 6), 3)


def _channel_shuffle_reference(x: Any, groups: int) -> Any:
    n, channels, *size = x.shape
    return x.reshape(n, groups, channels // groups, *size).swapaxes(1, 2).reshape(x.shape)


@op(reference=_channel_shuffle_reference)
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels dealt out: the first of each group, then the second of each, and so on.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, ...)
    groups : int

    Raises
    ------
    RuntimeError
        For fewer than three dimensions, and for groups that do not divide the channels.
    """
    if input.ndim <= 2:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    channels = input.shape[1]
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups."
        )
    split = input.reshape((input.shape[0], groups, channels // groups, *input.shape[2:]))
    return split.swapaxes(1, 2).reshape(input.shape)


@channel_shuffle.gradient
def _(grad, groups):
    return channel_shuffle(grad, grad.shape[1] // groups or 1)


@channel_shuffle.samples
def _(make):
    yield make.sample(make(2, 6, 2, 3), 2)
    yield make.sample(make(1, 6, 2), 3)
