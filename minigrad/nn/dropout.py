"""Dropout and its variants: in training mode, part of the input is zeroed at random."""

from __future__ import annotations

from minigrad.tensor import Tensor

from . import functional as F
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """What the dropout layers share.

    Parameters
    ----------
    p : float
        Probability that an element (or a channel) is zeroed.
    inplace : bool
        Change the input itself.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Zero each element with probability ``p`` and divide the others by ``1 - p``; the identity in eval mode."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Zero whole channels of ``(N, C, L)`` or ``(C, L)`` with probability ``p``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Zero whole channels of ``(N, C, H, W)`` with probability ``p``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Zero whole channels of ``(N, C, D, H, W)`` with probability ``p``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout for SELU networks: keeps zero mean and unit variance [1]_.

    References
    ----------
    .. [1] Klambauer, Unterthiner, Mayr, Hochreiter. Self-Normalizing Neural Networks. 2017. arXiv:1706.02515
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with elements set to SELU's negative limit."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """:class:`AlphaDropout` of whole channels."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels set to SELU's negative limit."""
        return F.feature_alpha_dropout(input, self.p, self.training)
