"""Which transform takes real numbers to the values that a constraint allows.

`biject_to` gives bijective transforms, which know the determinant of their Jacobian; `transform_to` gives any, the one
that suits optimisation entry by entry (softmax, and not a broken stick, for vectors that sum to 1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.distributions import constraints, transforms
from minigrad.distributions.utils import Number

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """Transforms by classes of constraints."""

    def __init__(self) -> None:
        self._registry: dict[type, Callable[[Any], Any]] = {}

    def register(self, constraint: Any, factory: Callable[[Any], Any] | None = None) -> Any:
        """Let a function make the transforms for a class of constraints; without a function, decorate one.

        Parameters
        ----------
        constraint : Constraint, or class of them
            One constraint stands for its class.
        factory : callable, optional
            Takes the constraint and returns a transform.

        Raises
        ------
        TypeError
            For what is no constraint.
        """
        if factory is None:
            return lambda function: self.register(constraint, function)
        if isinstance(constraint, constraints.Constraint):
            constraint = type(constraint)
        if not isinstance(constraint, type) or not issubclass(constraint, constraints.Constraint):
            raise TypeError(f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}")
        self._registry[constraint] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        """Return the transform for a constraint.

        Raises
        ------
        NotImplementedError
            For classes that no function is registered for.
        """
        factory = self._registry.get(type(constraint))
        if factory is None:
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints")
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _above(constraint: Any) -> Any:
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(constraint.lower_bound, 1)]
    )


def _below(constraint: Any) -> Any:
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(constraint.upper_bound, -1)]
    )


def _between(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, Number) and low == 0 and isinstance(high, Number) and high == 1:
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform([transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)])


def _register_both() -> None:
    """Register what both registries answer alike, or in the same way from their own answers."""
    for registry in (biject_to, transform_to):
        registry.register(constraints.real, lambda constraint: transforms.identity_transform)
        registry.register(constraints.greater_than, _above)  # so also `positive`
        registry.register(constraints.greater_than_eq, _above)  # so also `nonnegative`
        registry.register(constraints.less_than, _below)
        registry.register(constraints.interval, _between)
        registry.register(constraints.half_open_interval, _between)
        registry.register(constraints.corr_cholesky, lambda constraint: transforms.CorrCholeskyTransform())
        _register_compound(registry)


def _register_compound(registry: ConstraintRegistry) -> None:
    def independent(constraint: Any) -> Any:
        base = registry(constraint.base_constraint)
        return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)

    def cat(constraint: Any) -> Any:
        parts = [registry(each) for each in constraint.cseq]
        return transforms.CatTransform(parts, constraint.dim, constraint.lengths)

    def stack(constraint: Any) -> Any:
        return transforms.StackTransform([registry(each) for each in constraint.cseq], constraint.dim)

    registry.register(constraints.independent, independent)
    registry.register(constraints.cat, cat)
    registry.register(constraints.stack, stack)


_register_both()
biject_to.register(constraints.simplex, lambda constraint: transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda constraint: transforms.SoftmaxTransform())
transform_to.register(constraints.lower_cholesky, lambda constraint: transforms.LowerCholeskyTransform())
for _each in (constraints.positive_definite, constraints.positive_semidefinite):
    transform_to.register(_each, lambda constraint: transforms.PositiveDefiniteTransform())
