"""Distributions of functions of samples."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.autograd.grad_mode import no_grad
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.independent import Independent
from minigrad.distributions.transforms import ComposeTransform, Transform
from minigrad.distributions.utils import sum_rightmost
from minigrad.size import Size

__all__ = ["TransformedDistribution"]


class TransformedDistribution(Distribution):
    """The distribution of ``f(x)`` for invertible ``f``: the density changes by the Jacobian's determinant.

    Parameters
    ----------
    base_distribution : Distribution
        Of x.
    transforms : Transform or list of Transform
        Applied one after the other.
    """

    arg_constraints: ClassVar[Any] = {}

    def __init__(self, base_distribution: Any, transforms: Any, validate_args: bool | None = None) -> None:
        if isinstance(transforms, Transform):
            self.transforms = [transforms]
        elif isinstance(transforms, list):
            if not all(isinstance(each, Transform) for each in transforms):
                raise ValueError("transforms must be a Transform or a list of Transforms")
            self.transforms = transforms
        else:
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        base_shape = Size((*base_distribution.batch_shape, *base_distribution.event_shape))
        base_events = len(base_distribution.event_shape)
        whole = ComposeTransform(self.transforms)
        if len(base_shape) < whole.domain.event_dim:
            raise ValueError(
                f"base_distribution needs to have shape with size at least {whole.domain.event_dim}, but got "
                f"{base_shape}."
            )
        shape = whole.forward_shape(base_shape)
        expanded = Size(whole.inverse_shape(shape))
        if base_shape != expanded:
            base_distribution = base_distribution.expand(expanded[: len(expanded) - base_events])
        coupled = whole.domain.event_dim - base_events
        self.base_dist = Independent(base_distribution, coupled) if coupled > 0 else base_distribution
        change = whole.codomain.event_dim - whole.domain.event_dim
        cut = len(shape) - max(whole.codomain.event_dim, base_events + change)
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape."""
        own = next(cls for cls in type(self).__mro__ if cls.__module__.startswith("minigrad."))
        new = self._get_checked_instance(own, _instance)
        shape = Size((*batch_shape, *self.event_shape))
        for each in reversed(self.transforms):
            shape = each.inverse_shape(shape)
        new.base_dist = self.base_dist.expand(Size(shape[: len(shape) - len(self.base_dist.event_shape)]))
        new.transforms = self.transforms
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """What the last transform gives."""
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        more = len(self.event_shape) - support.event_dim
        return constraints.independent(support, more) if more > 0 else support

    has_rsample = property(lambda self: self.base_dist.has_rsample)

    def _forward(self, value: Any) -> Any:
        for each in self.transforms:
            value = each(value)
        return value

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return transformed samples, without a graph."""
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return transformed samples that are differentiable functions of the parameters."""
        return self._forward(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        events = len(self.event_shape)
        result: Any = 0.0
        y = value
        for each in reversed(self.transforms):
            x = each.inv(y)
            events += each.domain.event_dim - each.codomain.event_dim
            result = result - sum_rightmost(each.log_abs_det_jacobian(x, y), events - each.domain.event_dim)
            y = x
        return result + sum_rightmost(self.base_dist.log_prob(y), events - len(self.base_dist.event_shape))

    def _increasing(self, value: Any) -> Any:
        """Return a probability, or its complement where the transforms turn the order round."""
        sign: Any = 1
        for each in self.transforms:
            sign = sign * each.sign
        return value if isinstance(sign, int) and sign == 1 else sign * (value - 0.5) + 0.5

    def cdf(self, value: Any) -> Any:
        """Return the probability of values up to ``value``."""
        for each in self.transforms[::-1]:
            value = each.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._increasing(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return self._forward(self.base_dist.icdf(self._increasing(value)))
