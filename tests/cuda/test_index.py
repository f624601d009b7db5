"""Scatter-add on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu, cuda
from tests.cuda.twins import DTYPES, assert_same, check, on_device, on_host


@pytest.mark.parametrize("dtype", [*DTYPES, np.int64])
@pytest.mark.parametrize(
    ("rows", "width", "count"), [(5, (), 23), (3, (2,), 9), (1, (), 40), (40, (), 7), (4, (0,), 3)]
)
def test_sums_of_repeated_rows_are_those_of_the_cpu(rows, width, count, dtype):
    rng = np.random.default_rng(0)
    out, source = (rng.integers(-5, 5, (n, *width)).astype(dtype) for n in (rows, count))
    check("index_add", out, rng.integers(-rows, rows, count), source, tolerance=1e-7)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_sums_along_an_axis_are_those_of_the_cpu(axis):
    rng = np.random.default_rng(0)
    shape = [3, 4, 2]
    out = rng.normal(size=shape).astype(np.float32)
    shape[axis] = 5
    check("scatter_add", out, axis, rng.integers(0, out.shape[axis], shape), rng.normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("order", [range(12), range(12)[::-1], [0] * 12, [3] * 5 + [0] * 4 + [3] * 3])
def test_runs_of_any_length_reach_over_any_number_of_chunks(order):
    values = np.arange(1.0, 13)
    check("add_at", np.zeros((3, 4)), np.array(order), values, tolerance=1e-15)
    check("index_add", np.zeros((12, 2)), np.array(order), np.stack([values, -values], 1), tolerance=1e-15)


def test_the_same_input_gives_the_same_bits():
    rng = np.random.default_rng(0)
    index, source = rng.integers(0, 2, 30), rng.normal(size=30).astype(np.float32)
    outs = [on_device(np.zeros(2, np.float32)) for _ in range(2)]
    for out in outs:
        cuda.index_add(out, on_device(index), on_device(source))
    np.testing.assert_array_equal(outs[0].get(), outs[1].get())


def test_shapes_of_indices_and_negative_positions():
    check("add_at", np.zeros((2, 3)), np.array([[0, 5], [5, -1]]), np.array([[1.0, 2], [3, 4]]))
    check("embedding_backward", np.arange(12.0).reshape(2, 2, 3), np.array([[0, 2], [2, 1]]), 4)
    check("embedding_backward", np.arange(12.0).reshape(2, 2, 3), np.array([[0, 2], [2, 1]]), 4, padding_idx=2)
    check("scatter_add", np.array(1.0), 0, np.array(0), np.array(2.0))


def test_strided_arrays_are_taken_and_written():
    out, index = np.zeros((3, 4), np.float32), np.array([[1, 1], [2, 0]])
    check("index_add", out[:, ::2], index.T, np.ones((2, 2, 2), np.float32).T)
    check("scatter_add", out.T, 0, np.array([[1, 0, 3]]), np.ones((3, 1), np.float32).T)


def test_nothing_is_added_for_no_indices():
    none = np.zeros(0, np.int64)
    check("index_add", np.ones((3, 2)), none, np.ones((0, 2)))
    check("scatter_add", np.ones((3, 2)), 0, none.reshape(0, 2), np.ones((0, 2)))
    check("embedding_backward", np.ones((0, 2)), none, 3)


def test_indices_out_of_range_add_nothing():
    out = on_device(np.zeros((3, 2)))
    cuda.index_add(out, on_device(np.array([0, 3, -4])), on_device(np.ones((3, 2))))
    cuda.scatter_add(out, 1, on_device(np.array([[1, 2], [-1, 0], [1, 0]])), on_device(np.ones((3, 2))))
    np.testing.assert_array_equal(out.get(), [[1, 2], [1, 0], [1, 1]])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_elements_are_taken_along_an_axis(axis):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 4, 5))
    index = rng.integers(0, x.shape[axis], [6 if k == axis else n for k, n in enumerate(x.shape)])
    check("gather", x, axis, index)
    check("select", x, axis, rng.integers(0, x.shape[axis], (2, 3)))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, -1])
def test_running_sums(axis, reverse):
    rng = np.random.default_rng(0)
    check("cumsum", rng.normal(size=(3, 4)), axis, reverse)
    check("cumprod", rng.normal(size=(3, 4)), axis)
    check("running_extreme", rng.integers(-3, 4, (9, 11)).astype(np.float32), reverse, axis)


@pytest.mark.parametrize("largest", [False, True])
def test_the_first_elements_of_rows(largest):
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, (5, 9)).astype(np.float32)
    assert_same(on_host(cuda.topk(on_device(x), 4, largest)), cpu.first_of_rows(x, 4, largest))
