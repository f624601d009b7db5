"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.distributions import constraints
from minigrad.distributions._covariance import CovarianceForms, cholesky_factor, only_form
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import standard_normal
from minigrad.linalg import solve_triangular
from minigrad.ops.stacking import broadcast_shapes

__all__ = ["MultivariateNormal"]


class MultivariateNormal(CovarianceForms, Distribution):
    """Normal distribution of vectors.

    Parameters
    ----------
    loc : Tensor, shape (..., n)
        The mean.
    covariance_matrix, precision_matrix, scale_tril : Tensor, shape (..., n, n)
        The covariance, its inverse, or its Cholesky factor: one of them.
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = only_form((covariance_matrix, precision_matrix, scale_tril), ValueError)
        if matrix.dim() < 2:
            what = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(f"{what} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = broadcast_shapes(tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        self.loc = loc.expand((*batch_shape, -1))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._tril = cholesky_factor(name, matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape."""
        new = self._get_checked_instance(MultivariateNormal, _instance)
        new.loc, new._tril = self.loc.expand((*batch_shape, self.event_shape[0])), self._tril
        self._expand_forms(new, batch_shape)
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    mean = mode = property(lambda self: self.loc)
    variance = property(
        lambda self: self._tril.pow(2).sum(-1).expand((*self._batch_shape, *self._event_shape))
    )  # fmt: skip

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return ``loc + L @ noise``."""
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._tril @ noise.unsqueeze(-1)).squeeze(-1)

    def _half_log_det(self) -> Any:
        return self._tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        distance = mahalanobis(self._tril, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - self._half_log_det()

    def entropy(self) -> Any:
        """Return the entropy."""
        entropy = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy


def mahalanobis(tril: Any, difference: Any) -> Any:
    """Return squared lengths of vectors in units of a covariance, given by its Cholesky factor; batches broadcast."""
    rank = max(tril.dim() - 1, difference.dim())
    tril = tril.reshape((*(1,) * (rank + 1 - tril.dim()), *tril.shape))
    batch = broadcast_shapes(tuple(tril.shape[:-2]), tuple(difference.shape[:-1]))
    columns = difference.expand((*batch, difference.shape[-1])).unsqueeze(-1)
    return solve_triangular(tril, columns, upper=False).squeeze(-1).pow(2).sum(-1)
