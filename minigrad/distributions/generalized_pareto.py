"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.creation import empty, zeros_like
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Parametric
from minigrad.ops.compare import isclose
from minigrad.ops.select import where

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Parametric):
    """The tail of other distributions beyond a threshold: ``P(X > loc + scale * z) = (1 + c * z)**(-1 / c)``.

    With concentration c = 0 it is exponential, with c = -1 uniform, and a Pareto distribution where ``c > 0`` and
    ``loc = scale / c``.

    Parameters
    ----------
    loc, scale, concentration : Tensor or float
        The threshold, the scale beyond it, and c.
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True
    parameter_names = ("loc", "scale", "concentration")

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self._take(validate_args, loc=loc, scale=scale, concentration=concentration)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return the quantiles of uniform numbers."""
        shape = self._extended_shape(sample_shape)
        return self.icdf(empty(shape, dtype=self.loc.dtype, device=self.loc.device).uniform_())

    def _shape(self) -> tuple[Any, Any]:
        """Return where the concentration is 0, and the concentration with 1 there."""
        is_zero = isclose(self.concentration, zeros_like(self.concentration))
        return is_zero, where(is_zero, 1.0, self.concentration)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._checked(value)
        z = (value - self.loc) / self.scale
        is_zero, c = self._shape()
        power = 1 / c + 1.0
        return -self.scale.log() - where(is_zero, z, where(power == 0, power, power * (c * z).log1p()))

    def log_survival_function(self, value: Any) -> Any:
        """Return the logarithm of the probability of more than a value."""
        self._checked(value)
        z = (value - self.loc) / self.scale
        is_zero, c = self._shape()
        return where(is_zero, -z, -(c * z).log1p() / c)

    def log_cdf(self, value: Any) -> Any:
        """Return the logarithm of the probability of no more than a value."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Any) -> Any:
        """Return the probability of no more than a value."""
        return self.log_cdf(value).exp()

    def icdf(self, value: Any) -> Any:
        """Return the value up to which there is a probability."""
        is_zero, c = self._shape()
        rest = (-value).log1p()
        return where(is_zero, self.loc - self.scale * rest, self.loc + self.scale / c * (-c * rest).expm1())

    @property
    def mean(self) -> Any:
        """The expected value; undefined from concentration 1 on."""
        exists = self.concentration < 1
        c = where(exists, self.concentration, 0.5)
        return where(exists, self.loc + self.scale / (1 - c), math.nan)

    @property
    def variance(self) -> Any:
        """The variance; undefined from concentration 0.5 on."""
        exists = self.concentration < 0.5
        c = where(exists, self.concentration, 0.25)
        return where(exists, self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c)), math.nan)

    mode = property(lambda self: self.loc)

    def entropy(self) -> Any:
        """Return the entropy."""
        return (self.scale.log() + self.concentration + 1).expand(self._batch_shape)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From the threshold on, up to an end where the concentration is negative."""
        end = where(self.concentration < 0, self.loc - self.scale / self.concentration, math.inf)
        return constraints.interval(self.loc, end)
