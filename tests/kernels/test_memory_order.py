"""In which order pointwise kernels go through memory, and how their results lie there."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

from minigrad_kernels import cpu
from minigrad_kernels.cpu._kernel import In, New, pointwise

ORDERS = list(itertools.permutations(range(3)))


@pointwise
def _difference_loop(x: In, y: In, out: New):
    """out[i] = x[i] - y[i], where y may have one element."""
    for i in range(out.size):
        out[i] = x[i] - (y[0] if y.size == 1 else y[i])
    return out


def difference(x, y):
    return _difference_loop[x.dtype](x, y, x)


def _numbers(order=(0, 1, 2), dtype=np.float32, step=1):
    """Return an array of shape (2, 3, 4) whose axes lie in memory in this order, every so many elements."""
    shape = np.array([2, 3, 4])[list(order)]
    shape[-1] *= step
    numbers = np.arange(shape.prod(), dtype=dtype).reshape(shape)[..., ::step]
    return numbers.transpose(np.argsort(order))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("order", ORDERS)
def test_results_lie_in_memory_as_a_dense_input_does(order, dtype):
    x = _numbers(order, dtype)
    out = difference(x, x - 1)
    assert out.strides == x.strides
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, np.ones((2, 3, 4)))


@pytest.mark.parametrize("first", ORDERS)
@pytest.mark.parametrize("second", ORDERS)
def test_the_first_of_two_arrays_decides(first, second):
    x, y = _numbers(first), _numbers(second)
    out = difference(x, y)
    assert out.strides == x.strides
    np.testing.assert_array_equal(out, np.subtract(x, y))


@pytest.mark.parametrize("order", ORDERS)
def test_results_of_arrays_with_gaps_are_dense_in_the_same_order(order):
    x = _numbers(order, step=2)
    out = difference(x, np.float32(1))
    assert out.strides == _numbers(order).strides
    np.testing.assert_array_equal(out, x - 1)


def test_repeated_axes_leave_the_order_to_the_other_arrays():
    x = np.broadcast_to(np.arange(4, dtype=np.float32), (3, 4))
    y = np.ones((4, 3), np.float32).T
    assert difference(x, np.float32(1)).flags.c_contiguous
    assert difference(x, y).strides == y.strides
    np.testing.assert_array_equal(difference(x, y), x - 1)


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (1, 1, 1), (3, 1)])
def test_results_have_the_shape_that_is_given(shape):
    x = np.full(shape, 3, np.float32)
    for each in (x, x.T):
        out = difference(each, np.ones((), np.float32))
        assert out.shape == each.shape
        assert out.tolist() == np.full(each.shape, 2.0).tolist()


def test_a_sum_takes_permuted_arrays_too():
    x, y = _numbers((2, 0, 1)), _numbers((0, 1, 2))
    for reduction in ("mean", "sum"):
        found = cpu.mse_loss(x, y, reduction)
        assert found.shape == ()
        np.testing.assert_allclose(found, getattr(np.square(x - y), reduction)(), rtol=1e-6)


def test_arrays_of_other_shapes_are_refused_where_axes_are_permuted():
    with pytest.raises(TypeError, match="1 dimensions among those of 3"):
        difference(_numbers((2, 1, 0)), np.ones(24, np.float32))


def test_results_are_ones_own():
    x = np.ones((3, 4), np.float32)
    for each in (x, x.T, x.astype(np.float64).T):
        difference(x.T, each.reshape(4, 3))
        counted = [x, x.T, None, np.dtype(np.float32), *ORDERS]
        before = [sys.getrefcount(one) for one in counted]
        for _ in range(200):
            out = difference(x.T, each.reshape(4, 3))
            assert sys.getrefcount(out) == 2
        after = [sys.getrefcount(one) for one in counted]
        assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 50
