"""The gamma distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.creation import as_tensor
from minigrad.distributions import constraints
from minigrad.distributions._implicit import GammaSample
from minigrad.distributions.distribution import Parametric
from minigrad.distributions.exp_family import ExponentialFamily
from minigrad.numeric_limits import finfo

__all__ = ["Gamma"]


class Gamma(Parametric, ExponentialFamily):
    """Gamma distribution.

    Parameters
    ----------
    concentration : Tensor or float
        The shape.
    rate : Tensor or float
        One over the scale.
    """

    arg_constraints: ClassVar[Any] = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    parameter_names = ("concentration", "rate")
    _mean_carrier_measure = 0

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self._take(validate_args, concentration=concentration, rate=rate)

    mean = property(lambda self: self.concentration / self.rate)
    mode = property(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0))
    variance = property(lambda self: self.concentration / self.rate.pow(2))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return samples with implicit gradients."""
        shape = self._extended_shape(sample_shape)
        value = GammaSample.apply(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=finfo(value.dtype).tiny)
        return value

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        value = self._checked(as_tensor(value, dtype=self.rate.dtype))
        return (
            self.concentration.xlogy(self.rate)
            + (self.concentration - 1).xlogy(value)
            - self.rate * value
            - self.concentration.lgamma()
        )

    def cdf(self, value: Any) -> Any:
        """Return the probability of values up to ``value``."""
        self._checked(value)
        return self.concentration.igamma(self.rate * value)

    def entropy(self) -> Any:
        """Return the entropy."""
        shape = self.concentration
        return shape - self.rate.log() + shape.lgamma() + (1.0 - shape) * shape.digamma()

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()
