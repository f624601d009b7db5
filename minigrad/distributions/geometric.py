"""The geometric distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.autograd.grad_mode import no_grad
from minigrad.creation import empty, zeros_like
from minigrad.distributions import constraints
from minigrad.distributions.distribution import BinaryChoice
from minigrad.distributions.utils import broadcast_all, either
from minigrad.nn.functional import binary_cross_entropy_with_logits
from minigrad.numeric_limits import finfo

__all__ = ["Geometric"]


class Geometric(BinaryChoice):
    """The number of failures before the first success.

    Parameters
    ----------
    probs, logits : Tensor or float
        The probability of a success, or its log-odds: one of them.
    """

    arg_constraints: ClassVar[Any] = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        either(probs, logits)
        self._take(validate_args, **({"probs": probs} if logits is None else {"logits": logits}))
        if self._validate_args and probs is not None:
            valid = self.probs > 0
            if not bool(valid.all()):
                raise ValueError(
                    f"Expected parameter probs ({type(self.probs).__name__} of shape {tuple(self.probs.shape)}) of "
                    f"distribution {self!r} to be positive but found invalid values:\n{self.probs.data[~valid]}"
                )

    mean = property(lambda self: 1.0 / self.probs - 1.0)
    mode = property(lambda self: zeros_like(self.probs))
    variance = property(lambda self: (1.0 / self.probs - 1.0) / self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Return numbers of failures."""
        with no_grad():
            noise = empty(self._extended_shape(sample_shape), dtype=self.probs.dtype)
            noise.uniform_(finfo(self.probs.dtype).tiny, 1)
            return (noise.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the probability."""
        self._checked(value)
        value, probs = broadcast_all(value, self.probs)
        probs = probs.clone()
        probs[(probs == 1) & (value == 0)] = 0
        return value * (-probs).log1p() + self.probs.log()

    def entropy(self) -> Any:
        """Return the entropy."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs
