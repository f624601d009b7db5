"""Scatter-add against np.add.at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad_kernels import cpu


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 6),
    width=st.lists(st.integers(0, 4), max_size=2),
    count=st.integers(0, 12),
    dtype=st.sampled_from([np.float32, np.float64, np.int64]),
    seed=st.integers(0, 99),
)
def test_index_add_sums_repeated_rows(rows, width, count, dtype, seed):
    rng = np.random.default_rng(seed)
    out = rng.integers(-5, 5, (rows, *width)).astype(dtype)
    source = rng.integers(-5, 5, (count, *width)).astype(dtype)
    index = rng.integers(-rows, rows, count)
    want = out.copy()
    np.add.at(want, index, source)
    cpu.index_add(out, index, source)
    np.testing.assert_array_equal(out, want)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    count=st.integers(0, 6),
    data=st.data(),
    seed=st.integers(0, 99),
)
def test_scatter_add_along_any_axis(shape, count, data, seed):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    rng = np.random.default_rng(seed)
    out = rng.integers(-5, 5, shape).astype(np.float32)
    shape[axis] = count
    index = rng.integers(0, out.shape[axis], shape)
    source = rng.integers(-5, 5, shape).astype(np.float32)
    want = out.copy()
    for place in np.ndindex(*shape):
        target = list(place)
        target[axis] = index[place]
        want[tuple(target)] += source[place]
    cpu.scatter_add(out, axis, index, source)
    np.testing.assert_array_equal(out, want)


def test_indices_out_of_range_are_named_and_nothing_is_written():
    out = np.zeros((3, 2), np.float32)
    with pytest.raises(IndexError, match="index 3 is out of bounds for dimension 0 with size 3"):
        cpu.index_add(out, np.array([0, 3]), np.ones((2, 2), np.float32))
    with pytest.raises(IndexError, match="index -4 is out of bounds"):
        cpu.index_add(out, np.array([0, -4]), np.ones((2, 2), np.float32))
    with pytest.raises(IndexError, match="index 2 is out of bounds for dimension 1 with size 2"):
        cpu.scatter_add(out, 1, np.array([[0, 2]]), np.ones((1, 2), np.float32))
    assert not out.any()


def test_strided_outputs_are_written():
    out = np.zeros((3, 4), np.float32)
    cpu.index_add(out[:, ::2], np.array([1, 1]), np.ones((2, 2), np.float32))
    np.testing.assert_array_equal(out[1], [2, 0, 2, 0])
    assert out.sum() == 4


def test_embedding_backward_leaves_the_padding_row_out():
    grad = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    got = cpu.embedding_backward(grad, np.array([[0, 2], [2, 1]]), 4, padding_idx=1)
    np.testing.assert_array_equal(got, [[0, 1, 2], [0, 0, 0], [9, 11, 13], [0, 0, 0]])


def test_add_at_takes_flat_positions():
    out = np.zeros((2, 3), np.float64)
    cpu.add_at(out, np.array([[0, 5], [5, -1]]), np.array([[1.0, 2], [3, 4]]))
    np.testing.assert_array_equal(out, [[1, 0, 0], [0, 0, 9]])


def test_scatter_add_into_a_scalar():
    out = np.array(1.0, np.float32)
    cpu.scatter_add(out, 0, np.array(0), np.array(2.0, np.float32))
    assert out == 3


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_, np.float16])
def test_rows_and_columns_are_selected(axis, dtype):
    x = np.random.default_rng(0).integers(-5, 5, (3, 4, 5)).astype(dtype)
    for index in (np.array([2, 0, 2]), np.array([[1], [2]], np.int32), np.zeros(0, np.int64)):
        for source in (x, x.transpose(2, 1, 0).copy().transpose(2, 1, 0)):
            got = cpu.select(source, axis, index)
            np.testing.assert_array_equal(got, np.take(x, index, axis))
            assert got.dtype == dtype


@pytest.mark.parametrize("bad", [-1, 3, 2**40])
def test_what_is_picked_must_exist(bad):
    x = np.ones((2, 3), np.float32)
    for strided in (x, np.ones((3, 2), np.float32).T):
        with pytest.raises(IndexError):
            cpu.select(strided, 1, np.array([0, bad]))
    with pytest.raises(IndexError, match=f"index {bad} is out of bounds for dimension 1 with size 3"):
        cpu.gather(x, 1, np.array([[0], [bad]]))
