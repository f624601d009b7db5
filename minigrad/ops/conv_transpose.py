"""Transposed convolutions: `conv`'s gradient with respect to its images, as an operation of its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from minigrad.ops import window_references as references
from minigrad.ops.backend import kernels_of
from minigrad.ops.conv import (
    Settings,
    _check_filters,
    _check_numbers,
    _check_rank,
    _check_types,
    _node_name,
    channel_sums,
    convolution,
    convolution_weight,
    per_dim,
)
from minigrad.ops.dims import hashable
from minigrad.ops.op import op

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor


@functools.lru_cache(maxsize=512)
def _settings(
    name: str,
    shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> tuple[tuple[int, ...], Settings]:
    """Check the arguments of a transposed convolution; return its output lengths and the convolution's settings."""
    rank = int(name[14])
    _check_rank(name, rank, shape, weight_shape)
    kernel, size = weight_shape[2:], shape[-rank:]
    stride, dilation = per_dim("stride", stride, rank), per_dim("dilation", dilation, rank)
    padding, extra = per_dim("padding", padding, rank), per_dim("output_padding", output_padding, rank)
    _check_numbers(stride, padding, dilation, groups)
    if any(e < 0 for e in extra):
        raise RuntimeError("negative output_padding is not supported")
    _check_filters(weight_shape, groups)
    if shape[-rank - 1] != weight_shape[0]:
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(weight_shape)}, expected input"
            f"{list(shape if len(shape) == rank + 2 else (1, *shape))} to have {weight_shape[0]} channels, but got "
            f"{shape[-rank - 1]} channels instead"
        )
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise RuntimeError(
            f"output padding must be smaller than either stride or dilation, but got output_padding: {list(extra)} "
            f"stride: {list(stride)} dilation: {list(dilation)}"
        )
    out = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, k, s, p, d, e in zip(size, kernel, stride, padding, dilation, extra, strict=True)
    )
    if any(n <= 0 for n in out):
        raise RuntimeError(
            f"Given input size per channel: {list(size)}. Calculated output size per channel: {list(out)}. "
            "Output size is too small"
        )
    return out, Settings(stride, padding, dilation, groups, size)


def _transpose(name: str, input: Any, weight: Any, bias: Any, *rest: Any) -> Any:
    """Return ``conv_transpose1d``, ``2d`` or ``3d`` of arrays."""
    size, settings = _settings(name, input.shape, weight.shape, *map(hashable, rest))
    stride, padding, dilation, groups, _ = settings
    kernel = f"slow_conv_transpose{3 if weight.ndim == 5 else 2}d_out_cpu"
    _check_types(input, weight, bias, weight.shape[1] * groups, True, kernel)
    batch = input if input.ndim == weight.ndim else input[None]
    out = kernels_of(input).convolve_input(batch, weight, size, stride, padding, dilation, groups)
    if bias is not None:
        out += bias.reshape(-1, *(1,) * len(size))
    return out if input.ndim == weight.ndim else out[0]


def _give_gradients(function: Any, rank: int) -> None:
    """Register the rules of a transposed convolution."""
    name = f"conv_transpose{rank}d"

    def find(shape: Any, weight_shape: Any, *rest: Any) -> Settings:
        return _settings(name, tuple(shape), tuple(weight_shape), *map(hashable, rest))[1]

    @function.gradient("input")
    def _(grad, weight, input_shape, stride, padding, output_padding, groups, dilation):
        settings = find(input_shape, weight.shape, stride, padding, output_padding, groups, dilation)
        return convolution(grad, weight, settings)

    @function.gradient("weight")
    def _(grad, input, weight_shape, stride, padding, output_padding, groups, dilation):
        settings = find(input.shape, weight_shape, stride, padding, output_padding, groups, dilation)
        return convolution_weight(grad, input, weight_shape[2:], settings)

    @function.gradient("bias")
    def _(grad):
        return channel_sums(grad, rank)


@op(variant=_node_name(1), reference=references.transposed_convolution(1))
def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution of signals: every element adds its multiple of a filter to the output.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, length) or (channels, length)
    weight : Tensor, shape (channels, filters / groups, kernel)
    bias : Tensor, shape (filters,), optional
    stride, dilation : int
        Steps between the filters' places, and within them.
    padding : int
        So much is cut off on both sides.
    output_padding : int
        So much is appended at the end.
    groups : int

    Returns
    -------
    Tensor, shape (batch, filters, out) or (filters, out)
        ``out = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1``
    """
    return _transpose("conv_transpose1d", input, weight, bias, stride, padding, output_padding, groups, dilation)


_give_gradients(conv_transpose1d, 1)


@conv_transpose1d.samples
def _(make):
    yield make.sample(make(2, 3, 4), make(3, 2, 3), make(2))
    yield make.sample(make(4, 3), make(4, 2, 3), make(4), 2, 1, 1, 2, 2)


@op(variant=_node_name(2), reference=references.transposed_convolution(2))
def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution of images: every element adds its multiple of a filter to the output.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, height, width) or (channels, height, width)
    weight : Tensor, shape (channels, filters / groups, kernel height, kernel width)
    bias : Tensor, shape (filters,), optional
    stride, dilation : int or (int, int)
        Steps between the filters' places, and within them.
    padding : int or (int, int)
        So much is cut off on both sides.
    output_padding : int or (int, int)
        So much is appended at the end.
    groups : int

    Returns
    -------
    Tensor, shape (batch, filters, *out) or (filters, *out)
        ``out = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1``
    """
    return _transpose("conv_transpose2d", input, weight, bias, stride, padding, output_padding, groups, dilation)


_give_gradients(conv_transpose2d, 2)


@conv_transpose2d.samples
def _(make):
    yield make.sample(make(2, 3, 3, 4), make(3, 2, 3, 2), make(2))
    yield make.sample(make(2, 4, 2, 3), make(4, 1, 3, 2), None, (2, 1), (1, 0), (1, 0), 2, (1, 2))
    yield make.sample(make(3, 2, 2), make(3, 2, 2, 2), make(2), 2)
    yield make.sample(make(2, 3, 2, 2), make(3, 2, 1, 1))


@op(variant=_node_name(3), reference=references.transposed_convolution(3))
def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution of volumes: every element adds its multiple of a filter to the output.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, depth, height, width) or (channels, depth, height, width)
    weight : Tensor, shape (channels, filters / groups, *kernel)
    bias : Tensor, shape (filters,), optional
    stride, dilation : int or three
        Steps between the filters' places, and within them.
    padding : int or three
        So much is cut off on both sides.
    output_padding : int or three
        So much is appended at the end.
    groups : int

    Returns
    -------
    Tensor, shape (batch, filters, *out) or (filters, *out)
        ``out = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1``
    """
    return _transpose("conv_transpose3d", input, weight, bias, stride, padding, output_padding, groups, dilation)


_give_gradients(conv_transpose3d, 3)


@conv_transpose3d.samples
def _(make):
    yield make.sample(make(1, 2, 2, 2, 3), make(2, 2, 2, 2, 2), make(2), 2, 1)
    yield make.sample(make(2, 2, 2, 1), make(2, 1, 2, 1, 3), None, (1, 2, 2), 0, (0, 1, 1), 2)
