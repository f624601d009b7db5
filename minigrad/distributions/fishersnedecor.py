"""The F-distribution of Fisher and Snedecor."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Parametric
from minigrad.distributions.gamma import Gamma
from minigrad.numeric_limits import finfo
from minigrad.ops.select import where

__all__ = ["FisherSnedecor"]


class FisherSnedecor(Parametric):
    """The ratio of two mean squares of normal numbers.

    Parameters
    ----------
    df1, df2 : Tensor or float
        How many numbers each mean square is of.
    """

    arg_constraints: ClassVar[Any] = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True
    parameter_names = ("df1", "df2", "_gamma1", "_gamma2")

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self._take(validate_args, df1=df1, df2=df2)
        self._gamma1 = Gamma(self.df1 * 0.5, self.df1)
        self._gamma2 = Gamma(self.df2 * 0.5, self.df2)

    @property
    def mean(self) -> Any:
        """The expected value; undefined up to ``df2 = 2``."""
        df2 = where(self.df2 <= 2, math.nan, self.df2)
        return df2 / (df2 - 2)

    @property
    def mode(self) -> Any:
        """The likeliest value; undefined up to ``df1 = 2``."""
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return where(self.df1 <= 2, math.nan, mode)

    @property
    def variance(self) -> Any:
        """The variance; undefined up to ``df2 = 4``."""
        df2 = where(self.df2 <= 4, math.nan, self.df2)
        return 2 * df2.pow(2) * (self.df1 + df2 - 2) / (self.df1 * (df2 - 2).pow(2) * (df2 - 4))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return ratios of gamma numbers."""
        shape = self._extended_shape(sample_shape)
        above, below = (each.rsample(sample_shape).view(shape) for each in (self._gamma1, self._gamma2))
        tiny = finfo(below.dtype).tiny
        return (above / below.clamp(min=tiny)).clamp(min=tiny)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._checked(value)
        half1, half2, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        normalizer = (half1 + half2).lgamma() - half1.lgamma() - half2.lgamma()
        powers = half1 * ratio.log() + (half1 - 1) * value.log()
        return normalizer + powers - (half1 + half2) * (ratio * value).log1p()
