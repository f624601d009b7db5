"""Pooling kernels against a loop over the windows."""

from __future__ import annotations

import numpy as np
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
    indices = pool.plane_indices(places, view)
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
