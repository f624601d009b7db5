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
from minigrad.opcheck.gradients import TOLERANCES, as_function, as_tensors, flatten, is_differentiable, to_tensor
from tests.cases import Case, all_cases, arrays_in, convert, is_floating, map_arrays, with_gaps

CASES = all_cases()

# Results whose dtype does not follow the input's.
FIXED_DTYPE = {"float_power"}

# Operations that refuse, or mean something else for, memory that is not contiguous.
NEEDS_ITS_MEMORY = {"view", "as_strided", "as_strided_copy", "view_copy", "is_contiguous", "stride", "contiguous"}


def cases(accept: Any = lambda case: True) -> Any:
    """Parametrise a test over the cases that it applies to."""
    chosen = [case for case in CASES if accept(case)]
    return pytest.mark.parametrize("case", chosen, ids=[case.name for case in chosen])


def run(case: Case, args: Any, kwargs: Any) -> list[Any]:
    """Call an entry, from the same state of the random generator each time; return its results as a flat list."""
    if hasattr(minigrad, "manual_seed"):
        minigrad.manual_seed(0)
    return flatten(case.entry.call(*as_tensors(case, args), **as_tensors(case, kwargs)))


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
        expected = flatten(case.entry.reference(*sample.args, **sample.kwargs))
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
    found = method(*map_arrays(tuple(rest), to_tensor), **map_arrays(sample.kwargs, to_tensor))
    assert found is target
    np.testing.assert_array_equal(target.numpy(), expected.numpy().astype(np.float64))


@cases(is_differentiable)
def test_gradient(case):
    function, inputs = as_function(case)
    if inputs:
        assert minigrad.autograd.gradcheck(function, inputs, fast_mode=True, **TOLERANCES)


@cases(is_differentiable)
def test_double_backward(case):
    function, inputs = as_function(case)
    if inputs:
        assert minigrad.autograd.gradgradcheck(function, inputs, fast_mode=True, **TOLERANCES)
