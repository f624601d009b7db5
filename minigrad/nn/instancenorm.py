"""Instance normalisation."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.tensor import Tensor

from . import functional as F
from .batchnorm import BatchNorm

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class InstanceNorm(BatchNorm):
    """Normalise each channel of each sample to zero mean and unit variance [1]_.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps : float
        Added to the variance.
    momentum : float
        Share of the newest batch in the running averages.
    affine : bool
        Whether there are a weight and a bias.
    track_running_stats : bool
        Whether running averages are kept, and used in eval mode.
    device : device, optional
    dtype : dtype, optional
    bias : bool
        Whether there is a bias.

    Attributes
    ----------
    weight, bias : Parameter, shape (num_features,), or None
    running_mean, running_var : Tensor, shape (num_features,), or None
    num_batches_tracked : Tensor, 0-d integer, or None
        Not counted; there because batch normalisation has it.

    References
    ----------
    .. [1] Ulyanov, Vedaldi, Lempitsky. Instance Normalization: The Missing Ingredient for Fast Stylization. 2016.
       arXiv:1607.08022
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return the input, normalised; a sample without a batch as well."""
        self._check_input_dim(input)
        unbatched = self._ranks[0]
        dim = input.dim() - unbatched
        if input.size(dim) != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: "
                    f"{input.size(dim)}."
                )
            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing "
                "in num_features, which is not used because affine=False",
                stacklevel=2,
            )
        if input.dim() == unbatched:
            return self._normalize(input.unsqueeze(0)).squeeze(0)
        return self._normalize(input)

    def _normalize(self, input: Tensor) -> Tensor:
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(InstanceNorm):
    """Instance normalisation of ``(N, C, L)`` or ``(C, L)``; the parameters are `InstanceNorm`'s."""

    _ranks = (2, 3)


class InstanceNorm2d(InstanceNorm):
    """Instance normalisation of ``(N, C, H, W)`` or ``(C, H, W)``; the parameters are `InstanceNorm`'s."""

    _ranks = (3, 4)


class InstanceNorm3d(InstanceNorm):
    """Instance normalisation of ``(N, C, D, H, W)`` or ``(C, D, H, W)``; the parameters are `InstanceNorm`'s."""

    _ranks = (4, 5)
