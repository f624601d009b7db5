"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.autograd.grad_mode import no_grad
from minigrad.distributions import constraints
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.distribution import Distribution
from minigrad.nn.functional import log_softmax
from minigrad.size import Size

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A component is drawn, and then a sample of it.

    Parameters
    ----------
    mixture_distribution : Categorical
        Of the components.
    component_distribution : Distribution
        Its last batch dimension counts the components.
    """

    arg_constraints: ClassVar[Any] = {}
    has_rsample = False

    def __init__(
        self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The Component distribution need to be an instance of torch.distributions.Distribution")
        batch = component_distribution.batch_shape[:-1]
        for one, other in zip(
            reversed(mixture_distribution.batch_shape), reversed(batch), strict=False
        ):  # fmt: skip
            if one not in (1, other) and other != 1:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({mixture_distribution.batch_shape}) is not compatible with "
                    f"`component_distribution.batch_shape`({batch})"
                )
        count, given = mixture_distribution.logits.shape[-1], component_distribution.batch_shape[-1]
        if count != given:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal `component_distribution.batch_shape[-1]` "
                f"({given})"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        self._num_component = given
        self._events = len(component_distribution.event_shape)
        super().__init__(batch, component_distribution.event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape."""
        new = MixtureSameFamily(
            self._mixture_distribution.expand(batch_shape),
            self._component_distribution.expand(Size((*batch_shape, self._num_component))),
            validate_args=False,
        )
        new._validate_args = self._validate_args
        return new

    @constraints.dependent_property
    def support(self) -> Any:
        """The components' support."""
        return _OfComponents(self._component_distribution.support)

    mixture_distribution = property(lambda self: self._mixture_distribution)
    component_distribution = property(lambda self: self._component_distribution)

    def _weights(self) -> Any:
        probs = self._mixture_distribution.probs
        return probs.reshape((*probs.shape, *(1,) * self._events))

    @property
    def mean(self) -> Any:
        """The mean of the components' means."""
        return (self._weights() * self._component_distribution.mean).sum(-1 - self._events)

    @property
    def variance(self) -> Any:
        """The mean of the components' variances, and the variance of their means."""
        weights, axis = self._weights(), -1 - self._events
        inside = (weights * self._component_distribution.variance).sum(axis)
        apart = self._component_distribution.mean - self.mean.unsqueeze(axis)
        return inside + (weights * apart.pow(2.0)).sum(axis)

    def cdf(self, value: Any) -> Any:
        """Return the probability of values up to ``value``."""
        return (self._component_distribution.cdf(value.unsqueeze(-1)) * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density or probability."""
        if self._validate_args:
            self._validate_sample(value)
        parts = self._component_distribution.log_prob(value.unsqueeze(-1 - self._events))
        return (parts + log_softmax(self._mixture_distribution.logits, dim=-1)).logsumexp(dim=-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return samples."""
        with no_grad():
            axis = len(sample_shape) + len(self.batch_shape)
            chosen = self._mixture_distribution.sample(sample_shape)
            drawn = self._component_distribution.sample(sample_shape)
            index = chosen.reshape((*chosen.shape, *(1,) * (self._events + 1)))
            shape = [*chosen.shape, *(1,) * (self._events + 1)]
            index = index.expand((*shape[: chosen.dim()], 1, *self.event_shape))
            return drawn.gather(axis, index).squeeze(axis)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self._mixture_distribution},\n  {self._component_distribution})"


class _OfComponents(constraints.Constraint):
    """The support of the components, for values without their dimension."""

    def __init__(self, base: Any) -> None:
        self.base = base
        self.is_discrete, self.event_dim = base.is_discrete, base.event_dim

    def check(self, value: Any) -> Any:
        """Return whether each value is in the support of all components."""
        result = self.base.check(value.unsqueeze(-1 - self.event_dim))
        return result.reshape((*result.shape[: value.dim() - self.event_dim], -1)).all(-1)

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base!r})"
