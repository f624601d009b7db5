"""Max pooling layers over windows at drawn places."""

from __future__ import annotations

from typing import Any

from minigrad.tensor import Tensor

from . import functional as F
from ._functions.sizes import per_dim
from .module import Module

__all__ = ["FractionalMaxPool2d", "FractionalMaxPool3d"]


class _FractionalMaxPool(Module):
    """What the fractional max poolings share."""

    _function: Any = None
    _rank = 0
    _random_samples: Tensor | None

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        rank = self._rank
        self.kernel_size = per_dim(kernel_size, rank)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = per_dim(output_size, rank) if output_size is not None else None
        self.output_ratio = per_dim(output_ratio, rank) if output_ratio is not None else None
        if output_size is None and output_ratio is None:
            raise ValueError(f"{type(self).__name__} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and their places if asked for."""
        return type(self)._function(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """Largest element of each of so many windows of an image, at places drawn in every call.

    Parameters
    ----------
    kernel_size : int or (int, int)
    output_size : int or (int, int), optional
        How many windows along each dimension.
    output_ratio : float or (float, float), optional
        The same, as a fraction of the input's lengths; one of the two is needed.
    return_indices : bool
        Whether to return, too, where the maxima were.
    """

    _function = staticmethod(F.fractional_max_pool2d)
    _rank = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """Largest element of each of so many windows of a volume; the parameters are `FractionalMaxPool2d`'s."""

    _function = staticmethod(F.fractional_max_pool3d)
    _rank = 3
