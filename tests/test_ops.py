"""Every entry of the table on every one of its samples.

Values against the reference, first and second gradients against differences, the in-place form against the other, and
that inputs are left alone whatever their memory looks like.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor
from minigrad.ops.op import Op
from tests.cases import Case, all_cases, arrays_in, convert, is_floating, map_arrays, with_gaps

CASES = all_cases()

# Results whose dtype does not follow the input's.
FIXED_DTYPE = {"float_power"}

# Operations that refuse, or mean something else for, memory that is not contiguous.
NEEDS_ITS_MEMORY = {"view", "as_strided", "is_contiguous", "stride", "contiguous"}


def cases(accept: Any = lambda case: True) -> Any:
    """Parametrise a test over the cases that it applies to."""
    chosen = [case for case in CASES if accept(case)]
    return pytest.mark.parametrize("case", chosen, ids=[case.name for case in chosen])


def as_tensors(case: Case, value: Any) -> Any:
    """Return sample arguments with tensors for arrays; internal operations take arrays outside their tensor slots."""
    if case.entry.namespace is not None or type(value) is dict:
        return map_arrays(value, _tensor)
    slots = (0,) if case.entry.signature.takes_sequence else case.entry.signature.tensor_positions
    return tuple(map_arrays(each, _tensor) if k in slots else each for k, each in enumerate(value))


def _tensor(array: Any) -> Tensor:
    return minigrad.from_numpy(array) if all(step >= 0 for step in array.strides) else minigrad.tensor(array)


def run(case: Case, args: Any, kwargs: Any) -> list[Any]:
    """Call an entry, from the same state of the random generator each time; return its results as a flat list."""
    if hasattr(minigrad, "manual_seed"):
        minigrad.manual_seed(0)
    return _flatten(case.entry.call(*as_tensors(case, args), **as_tensors(case, kwargs)))


def _flatten(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [one for each in result for one in _flatten(each)]
    return [result]


def _array(result: Any) -> Any:
    return result.detach().numpy() if isinstance(result, Tensor) else np.asarray(result)


def assert_same(found: list[Any], expected: list[Any], **tolerance: Any) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        one, other = _array(one), _array(other)
        assert one.shape == other.shape
        single = {"rtol": 1e-6, "atol": 1e-6} if one.dtype == np.float32 else tolerance
        np.testing.assert_allclose(one, other, **single)


@cases(lambda case: case.entry.reference is not None)
def test_matches_reference(case):
    sample = case.sample
    found = run(case, sample.args, sample.kwargs)
    with np.errstate(all="ignore"):
        expected = _flatten(case.entry.reference(*sample.args, **sample.kwargs))
    assert_same(found, expected, rtol=1e-10, atol=1e-12)


@cases()
def test_leaves_inputs_alone(case):
    args, kwargs = map_arrays((case.sample.args, case.sample.kwargs), lambda array: array.copy(order="K"))
    run(case, args, kwargs)
    for array, original in zip(
        arrays_in((args, kwargs)), arrays_in((case.sample.args, case.sample.kwargs)), strict=True
    ):
        np.testing.assert_array_equal(array, original)


@cases(lambda case: case.entry.namespace is not None and case.key not in FIXED_DTYPE)
def test_single_precision_stays_single(case):
    sample = case.sample
    wide = run(case, sample.args, sample.kwargs)
    args, kwargs = map_arrays((sample.args, sample.kwargs), lambda array: convert(array, np.float32))
    narrow = run(case, args, kwargs)
    if not any(is_floating(array) for array in arrays_in((sample.args, sample.kwargs))):
        return
    explicit = "dtype" in sample.kwargs or any(isinstance(each, minigrad.float32.__class__) for each in sample.args)
    for one, other in zip(narrow, wide, strict=True):
        if isinstance(one, Tensor) and not explicit:
            expected = minigrad.float32 if other.dtype == minigrad.float64 else other.dtype
            assert one.dtype == expected


@cases(lambda case: case.entry.namespace is not None and case.entry.name not in NEEDS_ITS_MEMORY)
def test_memory_may_have_gaps(case):
    sample = case.sample
    expected = run(case, sample.args, sample.kwargs)
    args, kwargs = map_arrays((sample.args, sample.kwargs), with_gaps)
    found = run(case, args, kwargs)
    if case.entry.name.startswith("empty"):
        return
    assert_same(found, expected, rtol=1e-10, atol=1e-12)


@cases(lambda case: case.entry.inplace and is_floating(case.sample.args[0]))
def test_inplace_form_does_the_same(case):
    sample = case.sample
    expected = run(case, sample.args, sample.kwargs)[0]
    first, *rest = map_arrays(sample.args, lambda array: array.copy(order="K"))
    if tuple(expected.shape) != first.shape:
        return
    target = minigrad.tensor(first)
    if hasattr(minigrad, "manual_seed"):
        minigrad.manual_seed(0)
    method = getattr(target, f"{case.entry.name}_")
    found = method(*map_arrays(tuple(rest), _tensor), **map_arrays(sample.kwargs, _tensor))
    assert found is target
    np.testing.assert_array_equal(target.numpy(), expected.numpy().astype(np.float64))


class Perturbed:
    """A case as a function of the arrays through which gradients flow."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.slots = case.differentiable_slots()
        self.bound = case.bound()
        self.points = [array for k in self.slots for array in arrays_in(self.bound[k]) if is_floating(array)]

    def __call__(self, values: list[Any]) -> list[Any]:
        """Return the floating results, as tensors, for other values (arrays or tensors) in place of the points."""
        if hasattr(minigrad, "manual_seed"):
            minigrad.manual_seed(0)
        left = iter(values)
        bound = list(as_tensors(self.case, tuple(self.bound)))
        for k in self.slots:
            bound[k] = _replaced(self.bound[k], left)
        found = _flatten(self.case.call(bound))
        return [each for each in found if isinstance(each, Tensor) and each.dtype.is_floating_point]


def _replaced(value: Any, left: Any) -> Any:
    def replace(array: Any) -> Any:
        if not is_floating(array):
            return _tensor(array)
        given = next(left)
        return given if isinstance(given, Tensor) else minigrad.tensor(given)

    return map_arrays(value, replace)


def _differentiable(case: Case) -> bool:
    return (
        getattr(case.entry, "differentiable", True)
        and case.sample.gradient
        and any(is_floating(array) for k in case.differentiable_slots() for array in _slot_arrays(case, k))
    )


def _slot_arrays(case: Case, position: int) -> list[Any]:
    return arrays_in(case.bound()[position])


def checkable(case: Case) -> tuple[Any, list[Tensor]]:
    """Return a case as a function of tensors, and those tensors; what gets no gradient does not require it.

    The list is empty where nothing does: for composed functions whose sample leads around every gradient.
    """
    perturbed = Perturbed(case)
    leaves = [minigrad.tensor(array, requires_grad=True) for array in perturbed.points]
    outs = [each for each in perturbed(leaves) if each.requires_grad]
    if not outs:
        assert not isinstance(case.entry, Op), "recorded nothing"
        return perturbed, []
    grads = minigrad.autograd.grad(outs, leaves, [minigrad.ones_like(each) for each in outs], allow_unused=True)
    assert any(grad is not None for grad in grads)
    for grad, leaf in zip(grads, leaves, strict=True):
        assert grad is None or (grad.shape == leaf.shape and grad.dtype == leaf.dtype)
        leaf.requires_grad_(grad is not None)
    return lambda *values: tuple(perturbed(list(values))), leaves


@cases(_differentiable)
def test_gradient(case):
    function, inputs = checkable(case)
    if inputs:
        assert minigrad.autograd.gradcheck(function, inputs, fast_mode=True, atol=1e-6, rtol=1e-4)


@cases(_differentiable)
def test_double_backward(case):
    function, inputs = checkable(case)
    if inputs:
        assert minigrad.autograd.gradgradcheck(function, inputs, fast_mode=True, atol=1e-6, rtol=1e-4)
