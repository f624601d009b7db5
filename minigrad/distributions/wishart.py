"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any

from minigrad.creation import empty, tensor
from minigrad.distributions import constraints
from minigrad.distributions._covariance import CovarianceForms, cholesky_factor, only_form
from minigrad.distributions.chi2 import Chi2
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.exp_family import ExponentialFamily
from minigrad.distributions.utils import Number
from minigrad.linalg import slogdet
from minigrad.numeric_limits import finfo
from minigrad.ops.gamma import mvlgamma
from minigrad.ops.linear_systems import cholesky_solve
from minigrad.ops.select import where
from minigrad.ops.stacking import broadcast_shapes
from minigrad.ranges import arange, tril_indices
from minigrad.size import Size

__all__ = ["Wishart"]


class Wishart(CovarianceForms, ExponentialFamily):
    """Sums ``x @ x.T`` of ``df`` normal vectors, which are random covariance matrices.

    Parameters
    ----------
    df : Tensor or float
        How many vectors, more than n - 1; any real number from there on.
    covariance_matrix, precision_matrix, scale_tril : Tensor, shape (..., n, n)
        The vectors' covariance, its inverse, or its Cholesky factor: one of them.
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    @property
    def arg_constraints(self) -> Any:
        """What the parameters must be; the least number of vectors depends on their length."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def __init__(
        self,
        df: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = only_form((covariance_matrix, precision_matrix, scale_tril), AssertionError)
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        event_shape = matrix.shape[-2:]
        if isinstance(df, Number):
            batch_shape = Size(matrix.shape[:-2])
            self.df = tensor(df, dtype=matrix.dtype, device=matrix.device)
        else:
            batch_shape = Size(broadcast_shapes(tuple(matrix.shape[:-2]), tuple(df.shape)))
            self.df = df.expand(batch_shape)
        n = event_shape[-1]
        if bool((self.df <= n - 1).any()):
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        if bool((self.df < n).any()):
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        self._tril = cholesky_factor(name, matrix)
        self._chi2 = self._diagonal_squares()

    def _diagonal_squares(self) -> Chi2:
        """Return the distribution of the squares on the diagonal of Bartlett's factor."""
        counts = arange(self._event_shape[-1], dtype=self._tril.dtype).expand((*self._batch_shape, -1))
        return Chi2(self.df.unsqueeze(-1) - counts)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape."""
        new = self._get_checked_instance(Wishart, _instance)
        shape = (*batch_shape, *self.event_shape)
        new._tril, new.df = self._tril.expand(shape), self.df.expand(batch_shape)
        self._expand_forms(new, batch_shape)
        Distribution.__init__(new, Size(batch_shape), self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        new._chi2 = new._diagonal_squares()
        return new

    def _factor(self, number: Any) -> Any:
        return number.reshape((*self._batch_shape, 1, 1))

    mean = property(lambda self: self._factor(self.df) * self.covariance_matrix)

    @property
    def mode(self) -> Any:
        """The likeliest matrix; undefined up to ``df = n + 1``."""
        factor = self.df - self._event_shape[-1] - 1
        return self._factor(where(factor <= 0, math.nan, factor)) * self.covariance_matrix

    @property
    def variance(self) -> Any:
        """The variances of the entries."""
        diagonal = self.covariance_matrix.diagonal(dim1=-2, dim2=-1)
        products = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self._factor(self.df) * (self.covariance_matrix.pow(2) + products)

    def _bartlett(self, sample_shape: Any) -> Any:
        """Return samples from a random triangular factor: chi on the diagonal, normal numbers below it."""
        n = self._event_shape[-1]
        roots = self._chi2.rsample(sample_shape).sqrt()
        factor = roots.clamp(min=finfo(roots.dtype).eps).diag_embed()
        rows, columns = tril_indices(n, n, offset=-1)
        shape = (*sample_shape, *self._batch_shape, n * (n - 1) // 2)
        factor[..., rows, columns] = empty(shape, dtype=factor.dtype, device=factor.device).normal_()
        tril = self._tril @ factor
        return tril @ tril.mT

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Any:
        """Return samples; as PyTorch does, those that are positive definite are drawn a second time.

        Parameters
        ----------
        max_try_correction : int, optional
            How often, at most, what is not positive definite is drawn again; 10 if None.
        """
        sample = self._bartlett(tuple(sample_shape))
        again = self._any_of_batch(self.support.check(sample))
        for _ in range(10 if max_try_correction is None else max_try_correction):
            if not bool(again.any()):
                break
            drawn = self._bartlett((int(again.sum()),))
            sample[again] = drawn
            again = again.clone()
            again[again.clone()] = self._any_of_batch(~self.support.check(drawn))
        return sample

    def _any_of_batch(self, truth: Any) -> Any:
        rank = len(self._batch_shape)
        return truth.amax(tuple(range(-rank, 0))) if rank else truth

    def _log_det(self) -> Any:
        """Return half the logarithm of the determinant of twice the covariance."""
        n = self._event_shape[-1]
        return n * math.log(2) / 2 + self._tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        n = self._event_shape[-1]
        trace = cholesky_solve(value, self._tril).diagonal(dim1=-2, dim2=-1).sum(-1)
        normalizer = self.df * self._log_det() + mvlgamma(self.df / 2, n)
        return (self.df - n - 1) / 2 * slogdet(value).logabsdet - trace / 2 - normalizer

    def entropy(self) -> Any:
        """Return the entropy."""
        n = self._event_shape[-1]
        half = self.df / 2
        digammas = (half.unsqueeze(-1) - arange(n, dtype=half.dtype) / 2).digamma().sum(-1)
        return (n + 1) * self._log_det() + mvlgamma(half, n) - (self.df - n - 1) / 2 * digammas + self.df * n / 2

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        n = self._event_shape[-1]
        return (y + (n + 1) / 2) * (n * math.log(2) - slogdet(-2 * x).logabsdet) + mvlgamma(y + (n + 1) / 2, n)
