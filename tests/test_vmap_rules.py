"""``vmap`` of every operation of the table, on its own samples, against a loop over the samples of the batch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minigrad
import minigrad.func
import minigrad.nn.functional
from minigrad.batching.dispatch import OF_DYNAMIC_SHAPE
from minigrad.ops.op import Op, composed_table, table
from minigrad.ops.samples import Make

SIZE = 3

ENTRIES = [
    (key, entry)
    for key, entry in (*table.items(), *composed_table.items())
    if entry.make_samples is not None and entry.name not in OF_DYNAMIC_SHAPE
]

# Functions of Python numbers, and one that gives views of its inputs only.
LEFT_OUT = {"equal", "allclose", "all_hold"}


def variants(array):
    """Return arrays of the same elements, so of the same domain; of matrices with a structure, the same matrix."""
    if array.ndim == 2 and array.shape[0] == array.shape[1]:
        return np.stack([array] * SIZE)
    return np.stack([array, np.flip(array, -1) if array.ndim else array, array])


def choices(arrays):
    """Yield which of the tensors are batched: all, and each alone."""
    yield tuple(True for _ in arrays)
    if len(arrays) > 1:
        for k in range(len(arrays)):
            yield tuple(j == k for j in range(len(arrays)))


def leaves_of(value, found):
    """Replace the arrays among arguments by their numbers in ``found``, to be put back by `filled`."""
    if isinstance(value, np.ndarray):
        found.append(value)
        return Place(len(found) - 1)
    if isinstance(value, (list, tuple)) and any(isinstance(each, np.ndarray) for each in value):
        return type(value)(leaves_of(each, found) for each in value)
    return value


class Place:
    def __init__(self, number):
        self.number = number


def filled(value, tensors):
    if isinstance(value, Place):
        return tensors[value.number]
    if type(value) in (list, tuple):
        return type(value)(filled(each, tensors) for each in value)
    return value


def flat(result):
    return [result] if isinstance(result, minigrad.Tensor) else [each for part in result for each in flat(part)]


def tensor_arguments(entry, sample):
    """Return the arguments with places for those arrays that tensors may stand for."""
    found = []
    names = entry.signature.names
    if isinstance(entry, Op):
        positions = (0,) if entry.signature.takes_sequence else entry.signature.tensor_positions
    else:
        positions = range(max(len(names), len(sample.args)))  # some take any number of tensors
    plain = [name for k, name in enumerate(names) if k not in positions]
    args = [leaves_of(each, found) if k in positions else each for k, each in enumerate(sample.args)]
    kwargs = {k: v if k in plain else leaves_of(v, found) for k, v in sample.kwargs.items()}
    return args, kwargs, found


CASES = [
    pytest.param(entry, sample, id=f"{key}-{k}")
    for key, entry in ENTRIES
    if key not in LEFT_OUT
    for k, sample in enumerate(itertools.islice(entry.make_samples(Make()), 12))
]


@pytest.mark.parametrize(("entry", "sample"), CASES)
def test_a_batch_is_computed_as_its_samples_are(entry, sample):
    args, kwargs, arrays = tensor_arguments(entry, sample)
    for batched in choices(arrays):
        if not any(batched):
            continue
        given = [variants(each) if is_batched else each for each, is_batched in zip(arrays, batched, strict=True)]

        def call(*tensors):
            return entry.call(*filled(args, tensors), **{k: filled(v, tensors) for k, v in kwargs.items()})

        rows = []
        try:
            for k in range(SIZE):
                picked = [each[k] if is_batched else each for each, is_batched in zip(given, batched, strict=True)]
                rows.append(flat(call(*(minigrad.tensor(each) for each in picked))))
        except (RuntimeError, ValueError, TypeError, IndexError):
            continue  # a sample of gradients, or a variant, that does not suit the operation
        if any(one.shape != other.shape for row in rows for one, other in zip(row, rows[0], strict=True)):
            continue
        mapped = minigrad.func.vmap(call, in_dims=tuple(0 if each else None for each in batched))
        try:
            results = flat(mapped(*(minigrad.tensor(each) for each in given)))
        except RuntimeError as error:
            if "dynamic shape" in str(error):
                continue  # `where` of a condition alone
            raise
        for result, row in zip(results, zip(*rows, strict=True), strict=True):
            expected = minigrad.stack(list(row))
            assert result.dtype == expected.dtype
            np.testing.assert_allclose(result.numpy(), expected.numpy(), rtol=1e-6, atol=1e-7)


GRADIENT_CASES = [
    pytest.param(entry, sample, id=f"{key}-{k}")
    for key, entry in ENTRIES
    if key not in LEFT_OUT and (not isinstance(entry, Op) or (entry.differentiable and not key.endswith("_backward")))
    for k, sample in enumerate(itertools.islice(entry.make_samples(Make()), 3))
    if sample.gradient
]


@pytest.mark.parametrize(("entry", "sample"), GRADIENT_CASES)
def test_a_batch_of_gradients_is_computed_as_they_are_one_by_one(entry, sample):
    args, kwargs, arrays = tensor_arguments(entry, sample)
    leaves = [minigrad.tensor(each) for each in arrays]
    for each in leaves:
        if each.is_floating_point():
            each.requires_grad_()
    try:
        result = entry.call(*filled(args, leaves), **{k: filled(v, leaves) for k, v in kwargs.items()})
    except (RuntimeError, ValueError, TypeError, IndexError):
        pytest.skip("the samples of a gradient, or what takes no tensor that requires grad")
    outputs = [each for each in flat(result) if each.requires_grad] if not isinstance(result, bool) else []
    wanted = [each for each in leaves if each.requires_grad]
    if not outputs or not wanted:
        pytest.skip("no derivative")
    output = outputs[0]
    entering = minigrad.stack([minigrad.ones_like(output), minigrad.arange(output.numel()).reshape(output.shape) * 0.3])

    def pull(v):
        found = minigrad.autograd.grad(output, wanted, v, retain_graph=True, allow_unused=True, materialize_grads=True)
        return tuple(found)

    mapped = minigrad.func.vmap(pull)(entering)
    for k in range(2):
        for one, all_of_them in zip(pull(entering[k]), mapped, strict=True):
            np.testing.assert_allclose(all_of_them[k].numpy(), one.numpy(), rtol=1e-6, atol=1e-8)
