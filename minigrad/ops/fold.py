"""Windows of images laid out as columns, and columns added up to images: each is the other's gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import window_references as references
from minigrad.ops.backend import kernels_of
from minigrad.ops.op import op
from minigrad.ops.promotion import not_implemented

if TYPE_CHECKING:
    from minigrad.ops.typing import Tensor

_Pair = tuple[int, int]


def _pair(name: str, value: Any) -> _Pair:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(pair)}")
    return pair


def _check(kernel: Any, dilation: Any, padding: Any, stride: Any) -> tuple[_Pair, _Pair, _Pair, _Pair]:
    """Return the arguments as pairs, and refuse what no window has."""
    pairs = (
        _pair("kernel_size", kernel),
        _pair("dilation", dilation),
        _pair("padding", padding),
        _pair("stride", stride),
    )
    for name, short, pair, least in zip(
        ("kernel size", "dilation", "padding", "stride"),
        ("kernel", "dilation", "pad", "stride"),
        pairs,
        (1, 1, 0, 1),
        strict=True,
    ):
        if min(pair) < least:
            raise RuntimeError(
                f"{name} should be {'greater than zero' if least else 'non-negative'}, but got {short}_height: "
                f"{pair[0]} {short}_width: {pair[1]}"
            )
    return pairs


def _counts(size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> _Pair:
    """Return how many windows there are along each dimension."""
    height, width = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, kernel, dilation, padding, stride, strict=True)
    )
    return height, width


def _unfold_reference(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    kernel = references.per_dim(kernel_size, 2)
    channels = x.shape[-3]
    taps = channels * math.prod(kernel)
    identity = np.eye(taps).reshape(taps, channels, *kernel)
    out = references.convolution(2)(x, identity, None, stride, padding, dilation)
    return out.reshape(*out.shape[:-2], math.prod(out.shape[-2:]))


@op(namespace="functional", node="Im2ColBackward0", reference=_unfold_reference)
def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """All windows of images, each as a column.

    Parameters
    ----------
    input : Tensor, shape (batch, channels, height, width) or (channels, height, width)
    kernel_size, dilation, padding, stride : int or (int, int)
        Size of the windows, the steps within them, the border of zeros, and the steps between windows.

    Returns
    -------
    Tensor, shape (batch, channels * kernel elements, windows), without the batch where the input has none

    Raises
    ------
    RuntimeError
        For what is no image, for integers, and for windows that do not fit in.
    """
    kernel, dilation, padding, stride = _check(kernel_size, dilation, padding, stride)
    if input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
            f"input, but got: {list(input.shape)}"
        )
    size = input.shape[-2:]
    counts = _counts(size, kernel, dilation, padding, stride)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {size}, kernel_size={kernel}, dilation={dilation}, padding={padding}, "
            f"calculated shape of the array of sliding blocks as {counts}, but its components must be at least one."
        )
    if input.dtype.kind not in "fb":
        raise not_implemented("im2col_out_cpu", input)
    images = input if input.ndim == 4 else input[None]
    is_bool = input.dtype.kind == "b"
    images = images.view(np.uint8) if is_bool else images
    out = kernels_of(input).unfold(images, kernel, stride, padding, dilation, counts)
    out = out.view(np.bool_) if is_bool else out
    return out if input.ndim == 4 else out[0]


@unfold.gradient
def _(grad, input_shape, kernel_size, dilation, padding, stride):
    return fold(grad, tuple(input_shape[-2:]), kernel_size, dilation, padding, stride)


@unfold.samples
def _(make):
    yield make.sample(make(2, 3, 4, 5), 2)
    yield make.sample(make(2, 5, 6), (3, 2), (1, 2), (1, 0), (2, 1))
    yield make.sample(make(0, 2, 3, 3), 2, gradient=False)
    yield make.sample(make(5, 4, 2).T, 3, padding=1)


def _fold_reference(
    columns: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    kernel = references.per_dim(kernel_size, 2)
    size, pads = references.per_dim(output_size, 2), references.per_dim(padding, 2)
    counts = _counts(size, kernel, references.per_dim(dilation, 2), pads, references.per_dim(stride, 2))
    taps = columns.shape[-2]
    identity = np.eye(taps).reshape(taps, -1, *kernel)
    images = columns.reshape(*columns.shape[:-1], *counts)
    reached = [
        (n - 1) * s - 2 * p + d * (k - 1) + 1
        for n, s, p, d, k in zip(
            counts, references.per_dim(stride, 2), pads, references.per_dim(dilation, 2), kernel, strict=True
        )
    ]
    extra = [n - m for n, m in zip(size, reached, strict=True)]
    return references.transposed_convolution(2)(images, identity, None, stride, padding, extra, 1, dilation)


@op(namespace="functional", node="Col2ImBackward0", reference=_fold_reference)
def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Images to which every column is added where `unfold` takes it from.

    Parameters
    ----------
    input : Tensor, shape (batch, channels * kernel elements, windows) or without the batch
    output_size : int or (int, int)
        Height and width of the images.
    kernel_size, dilation, padding, stride : int or (int, int)
        As of `unfold`.

    Returns
    -------
    Tensor, shape (batch, channels, *output_size), without the batch where the input has none

    Raises
    ------
    RuntimeError
        For columns that cannot be those of such an image, and for integers.
    """
    size = _pair("output_size", output_size)
    kernel, dilation, padding, stride = _check(kernel_size, dilation, padding, stride)
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            f"input, but got: {list(input.shape)}"
        )
    taps, windows = input.shape[-2:]
    if taps % math.prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={taps} and kernel_size={kernel}."
        )
    counts = _counts(size, kernel, dilation, padding, stride)
    if min(counts) < 1 or math.prod(counts) != windows:
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={dilation}, padding={padding}, stride={stride}, "
            "expected size of input's dimension 2 to match the calculated number of sliding blocks "
            f"{counts[0]} * {counts[1]} = {math.prod(counts)}, but got input.size(2)={windows}."
        )
    if input.dtype.kind not in "fb":
        raise not_implemented("col2im_out_cpu", input)
    columns = input if input.ndim == 3 else input[None]
    columns = columns.astype(np.int64) if input.dtype.kind == "b" else columns
    out = kernels_of(input).fold(columns, size, kernel, stride, padding, dilation, counts)
    out = out.astype(input.dtype, copy=False)
    return out if input.ndim == 3 else out[0]


@fold.gradient
def _(grad, kernel_size, dilation, padding, stride):
    return unfold(grad, kernel_size, dilation, padding, stride)


@fold.samples
def _(make):
    yield make.sample(make(2, 12, 12), (4, 5), 2)
    yield make.sample(make(12, 6), (5, 6), (3, 2), (1, 2), (1, 0), (2, 2))
    yield make.sample(make(1, 4, 9), 6, 2, stride=2)
