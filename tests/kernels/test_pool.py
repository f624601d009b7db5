"""Pooling kernels against a loop over the windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minigrad_kernels.cpu import pool


def _length(n, k, s, p, d):
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


@settings(max_examples=80, deadline=None)
@example(size=(1, 1), kernel=(2, 1), stride=(1, 1), share=(1, 0), dilation=2, seed=0)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    share=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.integers(1, 2),
    seed=st.integers(0, 99),
)
def test_maxima_and_their_places(size, kernel, stride, share, dilation, seed):
    padding = tuple(min(s, (dilation * (k - 1) + 1) // 2) for s, k in zip(share, kernel, strict=True))
    dilations = (dilation, dilation)
    out = tuple(map(_length, size, kernel, stride, padding, dilations))
    if min(out) < 1:
        return
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 3, (2, *size)).astype(np.float32)
    view = pool.pool_windows(size, kernel, stride, padding, dilations, out)
    values, places = pool.max_pool(x, view)
    _, indices = pool.max_pool(x, view, True)
    grad = rng.integers(-3, 3, values.shape).astype(np.float32)
    want = np.zeros_like(x)
    for n, i, j in np.ndindex(*values.shape):
        rows = [r for r in range(i * stride[0] - padding[0], size[0], dilation) if r >= 0][: kernel[0]]
        rows = [r for r in rows if r < i * stride[0] - padding[0] + dilation * kernel[0]]
        columns = [c for c in range(j * stride[1] - padding[1], size[1], dilation) if c >= 0]
        columns = [c for c in columns if c < j * stride[1] - padding[1] + dilation * kernel[1]]
        window = x[n][np.ix_(rows, columns)]
        if not window.size:
            assert (values[n, i, j], indices[n, i, j]) == (-np.inf, -1)
            continue
        r, c = np.unravel_index(window.argmax(), window.shape)
        assert values[n, i, j] == window.max()
        assert indices[n, i, j] == rows[r] * size[1] + columns[c]
        want[n, rows[r], columns[c]] += grad[n, i, j]
    np.testing.assert_array_equal(pool.max_pool_backward(grad, places, view), want)
    np.testing.assert_array_equal(pool.max_pool_backward(grad, indices, view), want)
    np.testing.assert_array_equal(pool.at_maxima(x, places, view), np.where(indices < 0, 0, values))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8, np.int64])
def test_indices_of_many_windows_and_of_few_are_alike(dtype):
    rng = np.random.default_rng(0)
    for size, kernel, stride, padding, out in (
        ((20, 30), (2, 2), (2, 2), (0, 0), (10, 15)),
        ((6, 9, 8), (2, 3, 3), (1, 2, 2), (1, 1, 0), (7, 5, 3)),
    ):
        x = rng.integers(0, 256, (12, *size)).astype(dtype)
        if dtype != np.uint8 and dtype != np.int64:
            x[rng.uniform(size=x.shape) < 0.02] = np.nan
        view = pool.pool_windows(size, kernel, stride, padding, (1,) * len(size), out)
        values, indices = pool.max_pool(x, view, True)
        for n in range(len(x)):
            few, where = pool.max_pool(x[n], view, True)
            np.testing.assert_array_equal(values[n], few)
            np.testing.assert_array_equal(indices[n], where)
            np.testing.assert_array_equal(values[n], x[n].reshape(-1)[where])


def test_the_largest_of_windows_of_any_size():
    rng = np.random.default_rng(1)
    for size, out in (((40,), (3,)), ((9, 70), (2, 3)), ((3, 5, 40), (2, 2, 1))):
        for x in (
            rng.normal(size=(2, *size)),
            rng.integers(-5, 5, (2, *size)),
            rng.integers(0, 255, size, np.uint8)[None],
        ):
            values, places = pool.max_pool(x, pool.even_windows(size, out))
            for n, *at in np.ndindex(*values.shape):
                window = tuple(slice(j * m // k, -(-(j + 1) * m // k)) for j, m, k in zip(at, size, out, strict=True))
                inside = np.unravel_index(x[n][window].argmax(), x[n][window].shape)
                place = np.ravel_multi_index([a + b.start for a, b in zip(inside, window, strict=True)], size)
                here = (n, *at)
                assert (values[here], places[here]) == (x[n][window].max(), place)


def test_the_last_nan_of_a_window_is_the_largest():
    x = np.array([[[1.0, np.nan, 2], [3, 9, 0], [np.nan, 4, 1]]])
    _, places = pool.max_pool(x, pool.even_windows((3, 3), (1, 1)))
    assert places.item() == 6
    _, places = pool.max_pool(x, pool.even_windows((3, 3), (1, 3)))
    assert places.tolist() == [[[6, 1, 2]]]


@settings(max_examples=40, deadline=None)
@given(size=st.tuples(st.integers(1, 7), st.integers(1, 7)), out=st.tuples(st.integers(1, 8), st.integers(1, 8)))
def test_means_of_windows_that_cover_evenly(size, out):
    rng = np.random.default_rng(0)
    x, grad = rng.normal(size=(3, *size)), rng.normal(size=(3, *out))
    view = pool.even_windows(size, out)
    got = pool.mean_pool(x, view)
    for i, j in np.ndindex(*out):
        rows = slice(i * size[0] // out[0], -(-(i + 1) * size[0] // out[0]))
        columns = slice(j * size[1] // out[1], -(-(j + 1) * size[1] // out[1]))
        np.testing.assert_allclose(got[:, i, j], x[:, rows, columns].mean((1, 2)), rtol=1e-12, atol=1e-12)
    # The gradient is adjoint to the mean.
    np.testing.assert_allclose(
        (pool.mean_pool_backward(grad, view) * x).sum(), (grad * got).sum(), rtol=1e-9, atol=1e-9
    )
