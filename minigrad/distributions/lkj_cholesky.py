"""Cholesky factors of random correlation matrices."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.creation import empty
from minigrad.distributions import constraints
from minigrad.distributions.beta import Beta
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import broadcast_all
from minigrad.numeric_limits import finfo
from minigrad.ops.gamma import mvlgamma
from minigrad.ops.join import cat
from minigrad.ranges import arange
from minigrad.size import Size

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Lower triangular L for which ``L @ L.T`` is a correlation matrix of density ``det**(concentration - 1)`` [1]_.

    Parameters
    ----------
    dim : int
        How many rows the matrices have.
    concentration : Tensor or float
        1 for a uniform distribution of the correlation matrices; more draws them towards the identity.

    References
    ----------
    .. [1] D. Lewandowski, D. Kurowicka, H. Joe, "Generating random correlation matrices based on vines and extended
       onion method", 2009.
    """

    arg_constraints: ClassVar[Any] = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        rows = arange(dim - 1, dtype=self.concentration.dtype, device=self.concentration.device)
        rows = cat([rows.new_zeros((1,)), rows])
        marginal = (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1)
        self._beta = Beta(rows + 0.5, marginal - 0.5 * rows)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape."""
        new = self._get_checked_instance(LKJCholesky, _instance)
        new.dim = self.dim
        new.concentration = self.concentration.expand(batch_shape)
        new._beta = self._beta.expand((*batch_shape, self.dim))
        Distribution.__init__(new, Size(batch_shape), self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return factors whose rows are random directions, each of a length that a beta number gives (the onion)."""
        squares = self._beta.sample(sample_shape).unsqueeze(-1)
        shape = self._extended_shape(sample_shape)
        normal = empty(shape, dtype=squares.dtype, device=squares.device).normal_().tril(-1)
        directions = normal / normal.norm(dim=-1, keepdim=True)
        directions[..., 0, :].fill_(0.0)  # of the first row, which has no entry below the diagonal
        rows = squares.sqrt() * directions
        diagonal = (1 - (rows**2).sum(-1)).clamp(min=finfo(rows.dtype).tiny).sqrt()
        return rows + diagonal.diag_embed()

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density, a product of powers of the diagonal's entries."""
        if self._validate_args:
            self._validate_sample(value)
        rows = arange(2, self.dim + 1, device=self.concentration.device)
        powers = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - rows
        unnormalized = (powers * value.diagonal(dim1=-1, dim2=-2)[..., 1:].log()).sum(-1)
        count = self.dim - 1
        alpha = self.concentration + 0.5 * count
        normalizer = 0.5 * count * math.log(math.pi) + mvlgamma(alpha - 0.5, count) - alpha.lgamma() * count
        return unnormalized - normalizer
