"""The base classes of all distributions."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.distributions import constraints
from minigrad.distributions.utils import Number, broadcast_all, lazy_property, logits_to_probs, probs_to_logits
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = ["Distribution"]


class Distribution:
    """Base of probability distributions.

    Parameters
    ----------
    batch_shape : Size
        Of the parameters: each entry is a distribution of its own.
    event_shape : Size
        Of one sample of one of them.
    validate_args : bool, optional
        Whether parameters and values are checked; by default as `set_default_validate_args` says, which is True unless
        Python runs optimised.
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = __debug__

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Let the type checker believe in the parameters, which are set by name."""

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Say whether distributions check their arguments when they are not told."""
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    def __init__(
        self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None
    ) -> None:  # fmt: skip
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()
        super().__init__()  # which may be a module's, of a class that is both

    def _check_parameters(self) -> None:
        try:
            limits = self.arg_constraints
        except NotImplementedError:
            limits = {}
            warnings.warn(
                f"{self.__class__} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or "
                "initialize the distribution with `validate_args=False` to turn off validation.",
                stacklevel=4,
            )
        for name, constraint in limits.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name, None), lazy_property):
                continue
            value = getattr(self, name)
            if not bool(constraint.check(value).all()):
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape, without copying parameters."""
        raise NotImplementedError

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one sample."""
        return self._event_shape

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """What each parameter has to satisfy."""
        raise NotImplementedError

    @property
    def support(self) -> Any:
        """The constraint that samples satisfy."""
        raise NotImplementedError

    @property
    def mean(self) -> Any:
        """The expected value."""
        raise NotImplementedError

    @property
    def mode(self) -> Any:
        """The most likely value."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return samples, without a graph; ``sample_shape`` comes before the batch's."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Return samples that are differentiable functions of the parameters."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Any:
        """Return ``n`` samples; ``sample((n,))`` is to be preferred."""
        warnings.warn(
            "`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", FutureWarning, stacklevel=2
        )  # fmt: skip
        return self.sample(Size((n,)))

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density or probability of a value."""
        raise NotImplementedError

    def cdf(self, value: Any) -> Any:
        """Return the probability of values up to ``value``."""
        raise NotImplementedError

    def icdf(self, value: Any) -> Any:
        """Return the quantile of a probability: the inverse of `cdf`."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return all values of a discrete distribution along a new first dimension.

        Parameters
        ----------
        expand : bool
            Whether the batch's dimensions have their lengths, or length 1.

        Raises
        ------
        NotImplementedError
            For distributions whose values cannot be listed.
        """
        raise NotImplementedError

    def entropy(self) -> Any:
        """Return the entropy, in nats."""
        raise NotImplementedError

    def perplexity(self) -> Any:
        """Return the exponential of the entropy."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        """Refuse a value whose shape does not fit, or that is outside of the support.

        Raises
        ------
        ValueError
        """
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        start = value.dim() - len(self._event_shape)
        if value.shape[max(start, 0) :] != self._event_shape:
            raise ValueError(
                f"The right-most size of value must match event_shape: {value.shape} vs {self._event_shape}."
            )
        expected = Size((*self._batch_shape, *self._event_shape))
        for i, j in zip(reversed(value.shape), reversed(expected), strict=False):
            if i != 1 and j not in (1, i):
                raise ValueError(
                    f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {expected}."
                )
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{self.__class__} does not define `support` to enable sample validation. Please initialize the "
                "distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if not bool(support.check(value).all()):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the "
                f"support ({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _get_checked_instance(self, cls: Any, _instance: Any = None) -> Any:
        if _instance is None and type(self).__init__ != cls.__init__:
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method must also "
                "define a custom .expand() method."
            )
        return type(self).__new__(type(self)) if _instance is None else _instance

    def __repr__(self) -> str:
        names = [name for name in self.arg_constraints if name in self.__dict__]
        values = (self.__dict__[name] for name in names)
        shown = [each if each.numel() == 1 else each.size() for each in values]
        return f"{type(self).__name__}({', '.join(f'{k}: {v}' for k, v in zip(names, shown, strict=True))})"


class Parametric(Distribution):
    """Base of distributions of single numbers, whose parameters broadcast against each other.

    Attributes
    ----------
    parameter_names : tuple of str
    """

    parameter_names: tuple[str, ...] = ()

    def _take(self, validate_args: bool | None, **parameters: Any) -> None:
        """Set broadcast parameters, and the batch's shape."""
        values = broadcast_all(*parameters.values())
        for name, value in zip(parameters, values, strict=True):
            setattr(self, name, value)
        plain = all(isinstance(each, Number) for each in parameters.values())
        Distribution.__init__(self, Size() if plain else values[0].size(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """Return the distribution with its batch expanded to another shape."""
        own = next(cls for cls in type(self).__mro__ if cls.__module__.startswith("minigrad."))
        new = self._get_checked_instance(own, _instance)
        for name in self.parameter_names:
            if name in self.__dict__:
                setattr(new, name, getattr(self, name).expand(Size(batch_shape)))
        Distribution.__init__(new, batch_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _checked(self, value: Any) -> Any:
        """Check a value if values are checked."""
        if self._validate_args:
            self._validate_sample(value)
        return value


class BinaryChoice(Parametric):
    """Base of distributions with the probability (or log-odds) of one of two outcomes."""

    parameter_names: tuple[str, ...] = ("probs", "logits")

    @lazy_property
    def logits(self) -> Any:
        """The log-odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """The probability."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def _param(self) -> Any:
        return self.probs if "probs" in self.__dict__ else self.logits

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._param.size()
