"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.autograd.grad_mode import no_grad
from minigrad.creation import empty
from minigrad.distributions import constraints
from minigrad.distributions.distribution import BinaryChoice
from minigrad.distributions.exp_family import ExponentialFamily
from minigrad.distributions.utils import broadcast_all, clamp_probs, either, lazy_property, logits_to_probs
from minigrad.nn.functional import binary_cross_entropy_with_logits
from minigrad.ops.select import where

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(BinaryChoice, ExponentialFamily):
    """Numbers between 0 and 1 whose density is proportional to ``probs**x * (1 - probs)**(1 - x)`` [1]_.

    Near ``probs = 0.5`` the closed forms lose all their digits; there, between ``lims``, Taylor polynomials stand in.

    Parameters
    ----------
    probs, logits : Tensor or float
        One of them. They are not the probability and log-odds of anything, only named alike.
    lims : tuple of float
        Between which values of ``probs`` the polynomials are used.

    References
    ----------
    .. [1] G. Loaiza-Ganem, J. Cunningham, "The continuous Bernoulli: fixing a pervasive error in variational
       autoencoders", 2019, arXiv:1907.06845.
    """

    arg_constraints: ClassVar[Any] = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        either(probs, logits)
        self._lims = lims
        if probs is None:
            self._take(validate_args, logits=logits)
            return
        (given,) = broadcast_all(probs)
        if validate_args is not None and not bool(constraints.unit_interval.check(given).all()):
            raise ValueError("The parameter probs has invalid values")
        self._take(validate_args, probs=probs)
        self.probs = clamp_probs(self.probs)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape."""
        new = super().expand(batch_shape, _instance)
        new._lims = self._lims
        return new

    @lazy_property
    def probs(self) -> Any:
        """The parameter between 0 and 1."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _is_stable(self) -> Any:
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _away_from_half(self) -> Any:
        """Return ``probs``, and the lower limit where the polynomials are used."""
        return where(self._is_stable(), self.probs, self._lims[0])

    def _log_norm(self) -> Any:
        """Return the logarithm of the factor that makes the density integrate to 1."""
        p = self._away_from_half()
        below, above = where(p <= 0.5, p, 0.0), where(p >= 0.5, p, 1.0)
        width = where(p <= 0.5, (-2.0 * below).log1p(), (2.0 * above - 1.0).log())
        square = (self.probs - 0.5).pow(2)
        near = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * square) * square
        return where(self._is_stable(), ((-p).log1p() - p.log()).abs().log() - width, near)

    @property
    def mean(self) -> Any:
        """The expected value."""
        p, off = self._away_from_half(), self.probs - 0.5
        exact = p / (2.0 * p - 1.0) + 1.0 / ((-p).log1p() - p.log())
        return where(self._is_stable(), exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * off.pow(2)) * off)

    @property
    def variance(self) -> Any:
        """The variance."""
        p, square = self._away_from_half(), (self.probs - 0.5).pow(2)
        exact = p * (p - 1.0) / (1.0 - 2.0 * p).pow(2) + 1.0 / ((-p).log1p() - p.log()).pow(2)
        return where(self._is_stable(), exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * square) * square)

    stddev = property(lambda self: self.variance.sqrt())

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return samples without a gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return the quantiles of uniform numbers."""
        shape = self._extended_shape(sample_shape)
        return self.icdf(empty(shape, dtype=self.probs.dtype, device=self.probs.device).uniform_())

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._checked(value)
        logits, value = broadcast_all(self.logits, value)
        return self._log_norm() - binary_cross_entropy_with_logits(logits, value, reduction="none")

    def cdf(self, value: Any) -> Any:
        """Return the probability of no more than a value."""
        self._checked(value)
        p = self._away_from_half()
        exact = (p.pow(value) * (1.0 - p).pow(1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inside = where(self._is_stable(), exact, value)
        return where(value <= 0.0, 0.0, where(value >= 1.0, 1.0, inside))

    def icdf(self, value: Any) -> Any:
        """Return the value up to which there is a probability."""
        p = self._away_from_half()
        exact = ((-p + value * (2.0 * p - 1.0)).log1p() - (-p).log1p()) / (p.log() - (-p).log1p())
        return where(self._is_stable(), exact, value)

    def entropy(self) -> Any:
        """Return the entropy."""
        log_zero, log_one = (-self.probs).log1p(), self.probs.log()
        return self.mean * (log_zero - log_one) - self._log_norm() - log_zero

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Any) -> Any:
        low, high = (limit - 0.5 for limit in self._lims)
        is_stable = (x <= low) | (x > high)
        cut = where(is_stable, x, low)
        near = 0.5 * x + x.pow(2) / 24.0 - x.pow(4) / 2880.0
        return where(is_stable, cut.expm1().abs().log() - cut.abs().log(), near)
