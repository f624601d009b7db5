"""What PyTorch's layers call: ``torch.convolution``, ``torch.native_layer_norm`` and their like, as it has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad import dtypes
from minigrad.autograd.grad_mode import no_grad
from minigrad.creation import empty, empty_like, ones_like
from minigrad.nn import functional as F
from minigrad.ops.naming import named
from minigrad.tensor import Tensor

__all__ = [
    "affine_grid_generator",
    "conv_tbc",
    "convolution",
    "ctc_loss",
    "grid_sampler",
    "grid_sampler_2d",
    "grid_sampler_3d",
    "native_batch_norm",
    "native_channel_shuffle",
    "native_dropout",
    "native_group_norm",
    "native_layer_norm",
]

_REDUCTIONS = ("none", "mean", "sum")
_SAMPLING = ("bilinear", "nearest", "bicubic")
_BORDERS = ("zeros", "border", "reflection")


def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """Return the grid of an affine map; see `nn.functional.affine_grid`."""
    return F.affine_grid(theta, size, align_corners)


def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """Return what lies at the places of a grid; see `nn.functional.grid_sample`.

    Parameters
    ----------
    input, grid : Tensor
    interpolation_mode : int
        0 for bilinear, 1 for nearest, 2 for bicubic.
    padding_mode : int
        0 for zeros, 1 for the border, 2 for reflection.
    align_corners : bool
    """
    return F.grid_sample(input, grid, _SAMPLING[interpolation_mode], _BORDERS[padding_mode], align_corners)


def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """Return what lies at the places of a grid in images; see `grid_sampler`."""
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """Return what lies at the places of a grid in volumes; see `grid_sampler`."""
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Tensor:
    """Return a convolution in one to three dimensions, or a transposed one; see `nn.functional.conv2d`."""
    rank = weight.dim() - 2
    stride, padding, dilation, extra = (
        tuple(each) * rank if len(each) == 1 else tuple(each) for each in (stride, padding, dilation, output_padding)
    )
    if transposed:
        run: Any = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[rank - 1]
        return run(input, weight, bias, stride, padding, extra, groups, dilation)
    run = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
    return run(input, weight, bias, stride, padding, dilation, groups)


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """Return the convolution of sequences of shape (time, batch, channels) with filters (length, channels, filters)."""
    found = F.conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return named(found.permute(2, 0, 1).contiguous(), "ConvTbcBackward0")


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: int = 0,
    zero_infinity: bool = False,
) -> Tensor:
    """Return the loss of sequences without an alignment; see `nn.functional.ctc_loss`."""
    return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, _REDUCTIONS[reduction], zero_infinity)


def native_channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Return channels in another order; see `nn.functional.channel_shuffle`."""
    return F.channel_shuffle(input, groups)


def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """Return the input with elements set to zero with probability ``p``, and which were kept."""
    if train is False or not input.numel():
        return input.clone(), ones_like(input, dtype=dtypes.bool)
    with no_grad():
        kept = empty_like(input, dtype=dtypes.bool).bernoulli_(1 - p)
    scale = 0.0 if p == 1 else 1 / (1 - p)
    return named(input * kept * scale, "NativeDropoutBackward0"), kept


def native_layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the input with its trailing dimensions normalised, their means and inverse standard deviations."""
    found = F.layer_norm(input, normalized_shape, weight, bias, eps)
    dims = tuple(range(-len(normalized_shape), 0))
    return (found, *_moments(input.detach(), dims, eps, keepdim=True))


def native_group_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the input with groups of its channels normalised, their means and inverse standard deviations."""
    found = F.group_norm(input, group, weight, bias, eps)
    return (found, *_moments(input.reshape(N, group, -1), (2,), eps))


def native_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the input normalised by channels, and the batch's means and inverse deviations where they are used."""
    found = F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        return found, empty(0, dtype=input.dtype), empty(0, dtype=input.dtype)
    return (found, *_moments(input.detach(), (0, *range(2, input.dim())), eps))


def _moments(input: Tensor, dims: tuple[int, ...], eps: float, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    return input.mean(dims, keepdim), (input.var(dims, correction=0, keepdim=keepdim) + eps).rsqrt()
