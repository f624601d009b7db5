"""Pooling layers: the largest element, the mean or another power mean of windows."""

from __future__ import annotations

from typing import Any

from minigrad.tensor import Tensor

from . import functional as F
from ._functions.sizes import per_dim
from .module import Module

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxPool(Module):
    """What the max poolings share."""

    _function: Any = None

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and their places if asked for."""
        return type(self)._function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        """Return the settings."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """Largest element of each window of a signal; the parameters are `MaxPool2d`'s."""

    _function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """Largest element of each window.

    Parameters
    ----------
    kernel_size : int or tuple of int
    stride : int or tuple of int, optional
        Steps between windows; by default their size.
    padding : int or tuple of int
        Width of a border whose elements are never the largest.
    dilation : int or tuple of int
        Steps within windows.
    return_indices : bool
        Whether to return, too, where the maxima were; `MaxUnpool2d` wants to know.
    ceil_mode : bool
        Whether the last window may reach over the end.
    """

    _function = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """Largest element of each window of a volume; the parameters are `MaxPool2d`'s."""

    _function = staticmethod(F.max_pool3d)


class _MaxUnpool(Module):
    """What the inverses of max pooling share."""

    _function: Any = None
    _rank = 0

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = per_dim(kernel_size, self._rank)
        self.stride = per_dim(stride if stride is not None else kernel_size, self._rank)
        self.padding = per_dim(padding, self._rank)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """Return the maxima among zeros.

        Parameters
        ----------
        input, indices : Tensor
            What the pooling returned.
        output_size : sequence of int, optional
            Which of the sizes that it could have come from.
        """
        return type(self)._function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Inverse of `MaxPool1d`; the parameters are `MaxUnpool2d`'s."""

    _rank = 1
    _function = staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """Zeros with maxima put back where a pooling found them.

    Parameters
    ----------
    kernel_size, stride, padding : int or tuple of int
        Those of the pooling.
    """

    _rank = 2
    _function = staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """Inverse of `MaxPool3d`; the parameters are `MaxUnpool2d`'s."""

    _rank = 3
    _function = staticmethod(F.max_unpool3d)


class _AvgPool(Module):
    """What the average poolings share."""

    kernel_size: Any
    stride: Any
    padding: Any

    def extra_repr(self) -> str:
        """Return the settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPool):
    """Mean of each window of a signal.

    Parameters
    ----------
    kernel_size, stride, padding : int
        Size of the windows, the steps between them (by default the size), and the width of a border of zeros.
    ceil_mode : bool
        Whether the last window may reach over the end.
    count_include_pad : bool
        Whether the border counts.
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = per_dim(kernel_size, 1)
        self.stride = per_dim(stride if stride is not None else kernel_size, 1)
        self.padding = per_dim(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


class AvgPool2d(_AvgPool):
    """Mean of each window of an image.

    Parameters
    ----------
    kernel_size, stride, padding : int or tuple of int
        Size of the windows, the steps between them (by default the size), and the width of a border of zeros.
    ceil_mode : bool
        Whether the last window may reach over the end.
    count_include_pad : bool
        Whether the border counts.
    divisor_override : int, optional
        What the sums are divided by, instead of how many there are.
    """

    _function = staticmethod(F.avg_pool2d)

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return type(self)._function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool3d(AvgPool2d):
    """Mean of each window of a volume; the parameters are `AvgPool2d`'s."""

    _function = staticmethod(F.avg_pool3d)


class _LPPool(Module):
    """What the poolings by power means share."""

    _function: Any = None

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """Return the power means, times the number of elements."""
        return type(self)._function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """Return the settings."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """``sum(x**p) ** (1 / p)`` over each window of a signal; the parameters are `LPPool2d`'s."""

    _function = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPool):
    """``sum(x**p) ** (1 / p)`` over each window.

    Parameters
    ----------
    norm_type : float
        The power ``p``.
    kernel_size : int or tuple of int
    stride : int or tuple of int, optional
        Steps between windows; by default their size.
    ceil_mode : bool
        Whether the last window may reach over the end.
    """

    _function = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPool):
    """``sum(x**p) ** (1 / p)`` over each window of a volume; the parameters are `LPPool2d`'s."""

    _function = staticmethod(F.lp_pool3d)


class _AdaptiveAvgPool(Module):
    """What the even average poolings share."""

    _function: Any = None

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return type(self)._function(input, self.output_size)

    def extra_repr(self) -> str:
        """Return the setting."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Mean of each of ``output_size`` windows that cover a signal evenly."""

    _function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Mean of each of so many windows that cover the input evenly.

    Parameters
    ----------
    output_size : int, None or tuple of them
        How many windows along each dimension; None for as many as there are elements.
    """

    _function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Mean of each of ``output_size`` windows that cover a volume evenly."""

    _function = staticmethod(F.adaptive_avg_pool3d)


class _AdaptiveMaxPool(Module):
    """What the even max poolings share."""

    _function: Any = None

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and their places if asked for."""
        return type(self)._function(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        """Return the setting."""
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """Largest element of each of ``output_size`` windows that cover a signal evenly."""

    _function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Largest element of each of so many windows that cover the input evenly.

    Parameters
    ----------
    output_size : int, None or tuple of them
        How many windows along each dimension; None for as many as there are elements.
    return_indices : bool
        Whether to return, too, where the maxima were.
    """

    _function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """Largest element of each of ``output_size`` windows that cover a volume evenly."""

    _function = staticmethod(F.adaptive_max_pool3d)
