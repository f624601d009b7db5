"""Convolutions and transposed convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minigrad.creation import empty
from minigrad.tensor import Tensor

from . import functional as F
from . import init
from ._functions.sizes import per_dim
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_PADDING_MODES = {"zeros", "reflect", "replicate", "circular"}
_NAMED_PADDINGS = {"same", "valid"}


class _Convolution(Module):
    """What convolutions and their transposes share: the numbers, the parameters and their starting values."""

    _rank = 0

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: Any,
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in _NAMED_PADDINGS:
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {_NAMED_PADDINGS}")
            if padding == "same" and any(s != 1 for s in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {_PADDING_MODES}, but got padding_mode='{padding_mode}'")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._border()
        outer, inner = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        self.weight = Parameter(empty((outer, inner // groups, *kernel_size), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _border(self) -> Any:
        """Return the padding as `F.pad` takes it: two widths a dimension, the last dimension's first."""
        if not isinstance(self.padding, str):
            return tuple(width for width in reversed(self.padding) for _ in range(2))
        widths = [0, 0] * len(self.kernel_size)
        if self.padding == "same":
            for k, (dilation, size) in enumerate(zip(self.dilation[::-1], self.kernel_size[::-1], strict=False)):
                total = dilation * (size - 1)
                widths[2 * k : 2 * k + 2] = [total // 2, total - total // 2]
        return widths

    def reset_parameters(self) -> None:
        """Draw the parameters anew: uniform in ``±1 / sqrt(fan_in)``."""
        # With a = sqrt(5) the bound sqrt(6 / ((1 + a**2) * fan_in)) is 1 / sqrt(fan_in).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = self.weight.shape[1] * math.prod(self.weight.shape[2:])
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """Return the sizes and whatever differs from the defaults."""
        rank = len(self.kernel_size)
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * rank:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * rank:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * rank:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Forward(_Convolution):
    """The constructor and the call of the convolutions that are not transposed."""

    _function: Any = None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        rank = self._rank
        super().__init__(
            in_channels,
            out_channels,
            per_dim(kernel_size, rank),
            per_dim(stride, rank),
            padding if isinstance(padding, str) else per_dim(padding, rank),
            per_dim(dilation, rank),
            False,
            (0,) * rank,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, filtered."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = 0
        return type(self)._function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Forward):
    """Cross-correlation of signals with a bank of filters: (N, C, L) -> (N, out_channels, L').

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, dilation : int
        Length of the filters, their steps over the signal, and the steps between their taps.
    padding : int or {"valid", "same"}
        Width of the border on both sides.
    groups : int
        Channels and filters are split into so many groups, each by itself.
    bias : bool
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What the border shows.
    device : device, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, kernel_size)
    bias : Parameter, shape (out_channels,), or None
    """

    _rank = 1
    _function = staticmethod(F.conv1d)


class Conv2d(_Forward):
    """Cross-correlation of images with a bank of filters: (N, C, H, W) -> (N, out_channels, H', W').

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, dilation : int or (int, int)
        Size of the filters, their steps over the image, and the steps between their taps.
    padding : int, (int, int) or {"valid", "same"}
        Width of the border on all sides.
    groups : int
        Channels and filters are split into so many groups, each by itself.
    bias : bool
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What the border shows.
    device : device, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, *kernel_size)
    bias : Parameter, shape (out_channels,), or None
    """

    _rank = 2
    _function = staticmethod(F.conv2d)


class Conv3d(_Forward):
    """Cross-correlation of volumes with a bank of filters: (N, C, D, H, W) -> (N, out_channels, D', H', W').

    The parameters are `Conv2d`'s, with three numbers where that has two.
    """

    _rank = 3
    _function = staticmethod(F.conv3d)


class _Transposed(_Convolution):
    """The constructor and the call of the transposed convolutions."""

    _function: Any = None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        rank = self._rank
        super().__init__(
            in_channels,
            out_channels,
            per_dim(kernel_size, rank),
            per_dim(stride, rank),
            per_dim(padding, rank),
            per_dim(dilation, rank),
            True,
            per_dim(output_padding, rank),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the transposed convolution of the input.

        Parameters
        ----------
        input : Tensor
        output_size : sequence of int, optional
            Which of the sizes that the stride allows; it takes the place of ``output_padding``.
        """
        extra = self.output_padding if output_size is None else self._output_padding(input, output_size)
        return type(self)._function(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )

    def _output_padding(self, input: Tensor, wanted: Sequence[int]) -> tuple[int, ...]:
        rank = self._rank
        leading = input.dim() - rank
        if len(wanted) == input.dim():
            wanted = wanted[leading:]
        if len(wanted) != rank:
            raise ValueError(
                f"ConvTranspose{rank}D: for {input.dim()}D input, output_size must have {rank} or {leading + rank} "
                f"elements (got {len(wanted)})"
            )
        smallest = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[leading:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        largest = [n + s - 1 for n, s in zip(smallest, self.stride, strict=True)]
        if any(not low <= n <= high for n, low, high in zip(wanted, smallest, largest, strict=True)):
            raise ValueError(
                f"requested an output size of {wanted}, but valid sizes range from {smallest} to {largest} "
                f"(for an input of {input.shape[leading:]})"
            )
        return tuple(n - low for n, low in zip(wanted, smallest, strict=True))


class ConvTranspose1d(_Transposed):
    """Transposed convolution of signals: (N, C, L) -> (N, out_channels, L'); `ConvTranspose2d` says more."""

    _rank = 1
    _function = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_Transposed):
    """Transposed convolution of images: every element adds its multiple of a filter to the output.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, dilation : int or (int, int)
        Size of the filters, the steps between their places in the output, and between their taps.
    padding : int or (int, int)
        So much is cut off the output, on all sides.
    output_padding : int or (int, int)
        So much is added to the output at the end of each dimension.
    groups : int
    bias : bool
    padding_mode : {"zeros"}
    device : device, optional
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter, shape (in_channels, out_channels / groups, *kernel_size)
    bias : Parameter, shape (out_channels,), or None
    """

    _rank = 2
    _function = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_Transposed):
    """Transposed convolution of volumes: (N, C, D, H, W) -> (N, out_channels, *out); `ConvTranspose2d` says more."""

    _rank = 3
    _function = staticmethod(F.conv_transpose3d)
