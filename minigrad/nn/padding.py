"""Padding layers: a border around the input."""

from __future__ import annotations

from typing import Any

from minigrad.tensor import Tensor

from . import functional as F
from ._functions.sizes import per_dim
from .module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """A border that shows the input itself.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border; or two for each dimension, before and after, the last dimension's first.
    """

    _rank = 0
    _mode = ""

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = per_dim(padding, 2 * self._rank)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with its border."""
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class _CircularPad(_Pad):
    """What the circular paddings share."""

    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with its border."""
        rank = self._rank
        if input.dim() not in (rank + 1, rank + 2):
            raise ValueError(f"expected {rank + 1}D or {rank + 2}D input (got {input.dim()}D input)")
        return F.pad(input, self.padding, self._mode)


class _ConstantPad(Module):
    """What the paddings with a constant share."""

    _rank = 0

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__()
        self.padding = per_dim(padding, 2 * self._rank)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with its border."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """Return the widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Border of one value around a signal.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or two widths.
    value : float
    """

    _rank = 1


class ZeroPad1d(ConstantPad1d):
    """Border of zeros around a signal.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or two widths.
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class ConstantPad2d(_ConstantPad):
    """Border of one value around an image.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or four widths: left, right, top and bottom.
    value : float
    """

    _rank = 2


class ZeroPad2d(ConstantPad2d):
    """Border of zeros around an image.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or four widths: left, right, top and bottom.
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class ConstantPad3d(_ConstantPad):
    """Border of one value around a volume.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or six widths, two a dimension, the last one's first.
    value : float
    """

    _rank = 3


class ZeroPad3d(ConstantPad3d):
    """Border of zeros around a volume.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or six widths, two a dimension, the last one's first.
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"{self.padding}"


class ReflectionPad1d(_Pad):
    """Border around a signal that shows the input mirrored at its edges.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or two widths.
    """

    _rank = 1
    _mode = "reflect"


class ReflectionPad2d(_Pad):
    """Border around an image that shows the input mirrored at its edges.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or four widths: left, right, top and bottom.
    """

    _rank = 2
    _mode = "reflect"


class ReflectionPad3d(_Pad):
    """Border around a volume that shows the input mirrored at its edges.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or six widths, two a dimension, the last one's first.
    """

    _rank = 3
    _mode = "reflect"


class ReplicationPad1d(_Pad):
    """Border around a signal that shows its outermost elements repeated.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or two widths.
    """

    _rank = 1
    _mode = "replicate"


class ReplicationPad2d(_Pad):
    """Border around an image that shows its outermost elements repeated.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or four widths: left, right, top and bottom.
    """

    _rank = 2
    _mode = "replicate"


class ReplicationPad3d(_Pad):
    """Border around a volume that shows its outermost elements repeated.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or six widths, two a dimension, the last one's first.
    """

    _rank = 3
    _mode = "replicate"


class CircularPad1d(_CircularPad):
    """Border around a signal that shows what is at its other end.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or two widths.
    """

    _rank = 1


class CircularPad2d(_CircularPad):
    """Border around an image that shows what is at its other end.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or four widths: left, right, top and bottom.
    """

    _rank = 2


class CircularPad3d(_CircularPad):
    """Border around a volume that shows what is at its other end.

    Parameters
    ----------
    padding : int or sequence of int
        Width of the border, or six widths, two a dimension, the last one's first.
    """

    _rank = 3
