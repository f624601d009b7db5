"""The Laplace distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.creation import empty
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Parametric
from minigrad.numeric_limits import finfo

__all__ = ["Laplace"]


class Laplace(Parametric):
    """Laplace distribution: exponential to both sides.

    Parameters
    ----------
    loc : Tensor or float
        The mean.
    scale : Tensor or float
    """

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    parameter_names = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self._take(validate_args, loc=loc, scale=scale)

    mean = mode = property(lambda self: self.loc)
    variance = property(lambda self: 2 * self.scale.pow(2))
    stddev = property(lambda self: (2**0.5) * self.scale)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return samples by the quantiles of uniform numbers."""
        noise = empty(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        noise.uniform_(finfo(self.loc.dtype).eps - 1, 1)
        return self.loc - self.scale * noise.sign() * (-noise.abs()).log1p()

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._checked(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def cdf(self, value: Any) -> Any:
        """Return the probability of values up to ``value``."""
        self._checked(value)
        distance = value - self.loc
        return 0.5 - 0.5 * distance.sign() * (-distance.abs() / self.scale).expm1()

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        term = value - 0.5
        return self.loc - self.scale * term.sign() * (-2 * term.abs()).log1p()

    def entropy(self) -> Any:
        """Return the entropy."""
        return 1 + (2 * self.scale).log()
