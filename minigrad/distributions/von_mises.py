"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.autograd.grad_mode import no_grad
from minigrad.creation import empty, zeros
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import broadcast_all, lazy_property
from minigrad.dtypes import bool as bool_dtype
from minigrad.dtypes import float64
from minigrad.ops.select import where

__all__ = ["VonMises"]

# Coefficients of polynomials for the modified Bessel functions of order 0 and 1, below 3.75 and above it [1]_.
_SMALL = (
    (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813),
    (0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411),
)
_LARGE = (
    (
        *(0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281),
        *(-0.02057706, 0.02635537, -0.01647633, 0.00392377),
    ),
    (
        *(0.39894228, -0.03988024, -0.00362018, 0.00163801, -0.01031555),
        *(0.02282967, -0.02895312, 0.01787654, -0.00420059),
    ),
)


def _polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    total: Any = coefficients[-1]
    for each in coefficients[-2::-1]:
        total = each + x * total
    return total


def _log_bessel(x: Any, order: int) -> Any:
    """Return the logarithm of the modified Bessel function of the first kind, of order 0 or 1, for positive numbers."""
    small = _polynomial((x / 3.75) * (x / 3.75), _SMALL[order])
    small = (x.abs() * small if order else small).log()
    large = x - 0.5 * x.log() + _polynomial(3.75 / x, _LARGE[order]).log()
    return where(x < 3.75, small, large)


class VonMises(Distribution):
    """Angles that gather around one, as normal numbers do on a line.

    The density is ``exp(concentration * cos(x - loc)) / (2 pi I0(concentration))``; the Bessel function is made of
    polynomials [1]_, and samples are drawn by rejection [2]_.

    Parameters
    ----------
    loc : Tensor or float
        The angle, modulo 2 pi.
    concentration : Tensor or float
        How closely they gather: about the inverse of the variance where it is large.

    References
    ----------
    .. [1] M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 1964, 9.8.1 to 9.8.4.
    .. [2] D. Best, N. Fisher, "Efficient simulation of the von Mises distribution", 1979.
    """

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape."""
        loc, concentration = self.loc.expand(batch_shape), self.concentration.expand(batch_shape)
        return type(self)(loc, concentration, validate_args=self.__dict__.get("_validate_args"))

    mean = mode = property(lambda self: self.loc)

    @lazy_property
    def variance(self) -> Any:
        """The circular variance, 1 minus the mean length of the sum of two unit vectors."""
        return 1 - (_log_bessel(self.concentration, 1) - _log_bessel(self.concentration, 0)).exp()

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        height = self.concentration * (value - self.loc).cos()
        return height - math.log(2 * math.pi) - _log_bessel(self.concentration, 0)

    def _envelope(self, kappa: Any) -> Any:
        """Return the parameter of the wrapped Cauchy distribution that proposes angles."""
        tau = 1 + (1 + 4 * kappa**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
        return where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))

    @no_grad()
    def sample(self, sample_shape: Any = ()) -> Any:
        """Return angles between -pi and pi, by rejection, in float64: below 1e-4, float32 would reject for ever."""
        shape = self._extended_shape(sample_shape)
        kappa = self.concentration.to(float64)
        r = self._envelope(kappa)
        angles = empty(shape, dtype=float64, device=self.loc.device)
        done = zeros(shape, dtype=bool_dtype, device=self.loc.device)
        while not bool(done.all()):
            u1, u2, u3 = empty((3, *shape), dtype=float64, device=self.loc.device).uniform_().unbind()
            z = (math.pi * u1).cos()
            f = (1 + r * z) / (r + z)
            c = kappa * (r - f)
            accept = ((c * (2 - c) - u2) > 0) | ((c / u2).log() + 1 - c >= 0)
            angles = where(accept, (u3 - 0.5).sign() * f.acos(), angles)
            done = done | accept
        return ((angles + math.pi + self.loc.to(float64)) % (2 * math.pi) - math.pi).to(self.loc.dtype)
