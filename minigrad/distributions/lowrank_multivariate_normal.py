"""The multivariate normal distribution whose covariance is of low rank but for its diagonal."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.multivariate_normal import mahalanobis
from minigrad.distributions.utils import lazy_property, standard_normal
from minigrad.linalg import cholesky, solve_triangular
from minigrad.ops.stacking import broadcast_tensors
from minigrad.ranges import eye
from minigrad.size import Size

__all__ = ["LowRankMultivariateNormal"]


class LowRankMultivariateNormal(Distribution):
    """Normal distribution of vectors with the covariance ``W @ W.T + diag(d)``.

    Only matrices of W's rank are factored: with the capacitance ``C = I + W.T @ diag(1/d) @ W``, the determinant is
    ``det(C) * prod(d)``, and Woodbury's identity gives the inverse.

    Parameters
    ----------
    loc : Tensor, shape (..., n)
        The mean.
    cov_factor : Tensor, shape (..., n, rank)
        W.
    cov_diag : Tensor, shape (..., n)
        d.
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event_shape = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
        if cov_factor.shape[-2:-1] != event_shape:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m")
        if cov_diag.shape[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        try:
            whole = broadcast_tensors(loc.unsqueeze(-1), cov_factor, cov_diag.unsqueeze(-1))
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, cov_diag {cov_diag.shape}"
            ) from error
        self.loc, self.cov_factor, self.cov_diag = whole[0][..., 0], whole[1], whole[2][..., 0]
        super().__init__(self.loc.shape[:-1], event_shape, validate_args=validate_args)
        self._factor, self._diagonal = cov_factor, cov_diag
        self._set_capacitance()

    def _set_capacitance(self) -> None:
        rank = self._factor.shape[-1]
        one = eye(rank, dtype=self._factor.dtype, device=self._factor.device)
        self._capacitance_tril = cholesky(one + self._weighted() @ self._factor)

    def _weighted(self) -> Any:
        """Return ``W.T @ diag(1/d)``."""
        return self._factor.mT / self._diagonal.unsqueeze(-2)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape."""
        new = self._get_checked_instance(LowRankMultivariateNormal, _instance)
        shape = (*batch_shape, *self.event_shape)
        new.loc, new.cov_diag = self.loc.expand(shape), self.cov_diag.expand(shape)
        new.cov_factor = self.cov_factor.expand((*shape, self.cov_factor.shape[-1]))
        new._factor, new._diagonal, new._capacitance_tril = self._factor, self._diagonal, self._capacitance_tril
        Distribution.__init__(new, Size(batch_shape), self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    mean = mode = property(lambda self: self.loc)

    @lazy_property
    def variance(self) -> Any:
        """The variances of the entries."""
        return (self._factor.pow(2).sum(-1) + self._diagonal).expand((*self._batch_shape, *self._event_shape))

    def _whole(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance, by way of one with eigenvalues of at least 1."""
        root = self._diagonal.sqrt().unsqueeze(-1)
        scaled = self._factor / root
        one = eye(self._event_shape[0], dtype=root.dtype, device=root.device)
        return self._whole(root * cholesky(one + scaled @ scaled.mT))

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return self._whole(self._factor @ self._factor.mT + self._diagonal.diag_embed())

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        inner = self._inner()
        return self._whole(self._diagonal.reciprocal().diag_embed() - inner.mT @ inner)

    def _inner(self) -> Any:
        """Return A, for which the precision is ``diag(1/d) - A.T @ A``."""
        return solve_triangular(self._capacitance_tril, self._weighted(), upper=False)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return ``loc + W @ noise + sqrt(d) * noise``."""
        shape = self._extended_shape(sample_shape)
        of_factor = standard_normal((*shape[:-1], self.cov_factor.shape[-1]), self.loc)
        of_diagonal = standard_normal(shape, self.loc)
        common = (self._factor @ of_factor.unsqueeze(-1)).squeeze(-1)
        return self.loc + common + self._diagonal.sqrt() * of_diagonal

    def _log_det(self) -> Any:
        """Return the logarithm of the covariance's determinant."""
        return 2 * self._capacitance_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1) + self._diagonal.log().sum(-1)

    def _distance(self, difference: Any) -> Any:
        """Return squared lengths of vectors in units of the covariance."""
        common = (self._weighted() @ difference.unsqueeze(-1)).squeeze(-1)
        return (difference.pow(2) / self._diagonal).sum(-1) - mahalanobis(self._capacitance_tril, common)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + self._log_det() + self._distance(value - self.loc))

    def entropy(self) -> Any:
        """Return the entropy."""
        entropy = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det())
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy
