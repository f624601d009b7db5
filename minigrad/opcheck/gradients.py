"""A case as a function of the tensors through which gradients flow, as `autograd.gradcheck` wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.autograd import grad as autograd_grad
from minigrad.creation import from_numpy, tensor
from minigrad.opcheck.cases import Case, arrays_in, is_floating, map_arrays
from minigrad.ops.op import Op
from minigrad.random import manual_seed
from minigrad.tensor import Tensor

__all__ = ["TOLERANCES", "as_function", "as_tensors", "flatten", "is_differentiable", "to_tensor"]

TOLERANCES = {"atol": 1e-6, "rtol": 1e-4}


def to_tensor(array: Any) -> Tensor:
    """Return a tensor of an array's values, sharing its memory where its strides allow."""
    return from_numpy(array) if all(step >= 0 for step in array.strides) else tensor(array)


def as_tensors(case: Case, value: Any) -> Any:
    """Return sample arguments with tensors for arrays; internal operations take arrays outside their tensor slots."""
    if case.entry.namespace is not None or type(value) is dict:
        return map_arrays(value, to_tensor)
    slots = (0,) if case.entry.signature.takes_sequence else case.entry.signature.tensor_positions
    return tuple(map_arrays(each, to_tensor) if k in slots else each for k, each in enumerate(value))


def flatten(result: Any) -> list[Any]:
    """Return the results in a result, however nested in tuples and lists."""
    if isinstance(result, (tuple, list)):
        return [one for each in result for one in flatten(each)]
    return [result]


def is_differentiable(case: Case) -> bool:
    """Whether gradients flow through a case."""
    bound = case.bound()
    return (
        getattr(case.entry, "differentiable", True)
        and case.sample.gradient
        and any(is_floating(array) for k in case.differentiable_slots() for array in arrays_in(bound[k]))
    )


def as_function(case: Case) -> tuple[Callable[..., tuple[Tensor, ...]], list[Tensor]]:
    """Return a case as a function of tensors, and those tensors; what gets no gradient does not require it.

    The list is empty where nothing does: for composed functions whose sample leads around every gradient.

    Raises
    ------
    AssertionError
        When an operation recorded nothing, or a gradient has another shape or dtype than its input.
    """
    perturbed = _Perturbed(case)
    leaves = [tensor(array, requires_grad=True) for array in perturbed.points]
    outs = [each for each in perturbed(*leaves) if each.requires_grad]
    if not outs:
        assert not isinstance(case.entry, Op), f"{case.name} recorded nothing"
        return perturbed, []
    grads = autograd_grad(outs, leaves, [each.detach() * 0 + 1 for each in outs], allow_unused=True)
    assert any(grad is not None for grad in grads), f"{case.name} has no gradient"
    for grad, leaf in zip(grads, leaves, strict=True):
        given = None if grad is None else (grad.shape, grad.dtype)
        assert given in (None, (leaf.shape, leaf.dtype)), f"{case.name}: {given} for {leaf.shape, leaf.dtype}"
        leaf.requires_grad_(grad is not None)
    return perturbed, leaves


class _Perturbed:
    """A case as a function of the arrays through which gradients flow."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.slots = case.differentiable_slots()
        self.bound = case.bound()
        self.points = [array for k in self.slots for array in arrays_in(self.bound[k]) if is_floating(array)]

    def __call__(self, *values: Tensor) -> tuple[Tensor, ...]:
        """Return the floating results for other tensors in place of the points, from one random state."""
        manual_seed(0)
        left = iter(values)
        bound = list(as_tensors(self.case, tuple(self.bound)))
        for k in self.slots:
            bound[k] = map_arrays(self.bound[k], lambda array: next(left) if is_floating(array) else to_tensor(array))
        found = flatten(self.case.call(bound))
        return tuple(each for each in found if isinstance(each, Tensor) and each.dtype.is_floating_point)
