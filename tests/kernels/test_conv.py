"""Convolution kernels against loops over every output element, whatever the blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad_kernels.cpu import _planes, _threads, conv
from minigrad_kernels.cpu import columns as columns_of
from tests.kernels import naive


@pytest.fixture(params=[1, 2000, 1 << 19], ids=["line by line", "small blocks", "one block"])
def _blocks(request, monkeypatch):
    monkeypatch.setattr(_planes, "_CACHE", request.param)


CASES = {
    "plain": ((5, 4), (3, 2), (1, 1), (0, 0), (1, 1), 1),
    "same": ((5, 4), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    "wide border": ((3, 4), (3, 3), (1, 1), (4, 3), (1, 1), 1),
    "strides": ((7, 6), (3, 2), (2, 3), (1, 0), (1, 1), 2),
    "dilation": ((7, 8), (2, 3), (1, 2), (1, 2), (2, 3), 2),
    "a point": ((4, 3), (1, 1), (1, 1), (0, 0), (1, 1), 2),
    "depthwise": ((5, 6), (3, 3), (1, 1), (1, 1), (1, 1), 4),
    "a line": ((9,), (4,), (1,), (2,), (1,), 1),
    "a volume": ((3, 4, 5), (2, 3, 3), (1, 1, 1), (1, 1, 1), (1, 1, 1), 1),
}


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_convolution_and_its_gradients(case, dtype):
    size, kernel, stride, padding, dilation, groups = case
    rng = np.random.default_rng(0)
    x, w, b = (rng.integers(-3, 4, shape).astype(dtype) for shape in ((3, 4, *size), (8, 4 // groups, *kernel), (8,)))
    want = naive.convolve(x, w, stride, padding, dilation, groups)
    rest = (stride, padding, dilation, groups)
    out = want.shape[2:]
    got = conv.convolve(x, w, b, *rest, out)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, want + b.reshape(8, *(1,) * len(size)))
    # Both gradients are adjoint to the convolution: <grad, conv(x, w)> = <x, of_input> = <w, of_weight>.
    grad = rng.integers(-3, 4, want.shape).astype(dtype)
    of_input = conv.convolve_input(grad, w, size, *rest)
    of_weight = conv.convolve_weight(x, grad, kernel, *rest)
    assert of_input.shape == x.shape
    assert of_weight.shape == w.shape
    inner = (grad * want).sum()
    assert (x * of_input).sum() == inner
    assert (w * of_weight).sum() == inner


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 20)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    groups=st.integers(1, 3),
    filters=st.integers(1, 13),
    images=st.integers(1, 4),
)
def test_any_geometry(size, kernel, stride, padding, dilation, groups, filters, images):
    out = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    if min(out) < 1:
        return
    rng = np.random.default_rng(0)
    shapes = (images, 2 * groups, *size), (filters * groups, 2, *kernel)
    x, w = (rng.integers(-3, 4, shape).astype(np.float32) for shape in shapes)
    rest = (stride, padding, dilation, groups)
    want = naive.convolve(x, w, *rest)
    np.testing.assert_array_equal(conv.convolve(x, w, None, *rest, out), want)
    grad = rng.integers(-3, 4, want.shape).astype(np.float32)
    inner = (grad * want).sum()
    assert (x * conv.convolve_input(grad, w, size, *rest)).sum() == inner
    assert (w * conv.convolve_weight(x, grad, kernel, *rest)).sum() == inner


def test_nothing_of_an_earlier_call_is_seen():
    rest = (1, 1), (1, 1), (1, 1), 1
    rng = np.random.default_rng(0)
    x, w = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 2, 5, 7), (5, 2, 3, 3)))
    bad = np.full((8, 2, 9, 9), np.nan, np.float32)
    conv.convolve_weight(bad, conv.convolve(bad, w, None, *rest, (9, 9)), (3, 3), *rest)
    grad = conv.convolve(x, w, None, *rest, (5, 7))
    assert np.isfinite(grad).all()
    assert np.isfinite(conv.convolve_input(grad, w, (5, 7), *rest)).all()
    assert np.isfinite(conv.convolve_weight(x, grad, (3, 3), *rest)).all()


def test_threads_share_the_images(monkeypatch):
    rest = (2, 1), (1, 1), (1, 1), 1
    rng = np.random.default_rng(0)
    x, w, b = (rng.integers(-3, 4, shape).astype(np.float32) for shape in ((5, 2, 9, 7), (5, 2, 3, 3), (5,)))

    def run():
        out = conv.convolve(x, w, b, *rest, (5, 7))
        return out, conv.convolve_input(out, w, (9, 7), *rest), conv.convolve_weight(x, out, (3, 3), *rest)

    monkeypatch.setattr(_threads, "_WORTHWHILE", 2)
    monkeypatch.setattr(_threads, "_state", {"count": 1, "pool": None})
    alone = run()
    for count in (2, 3, 8):
        _threads.set_count(count)
        for got, want in zip(run(), alone, strict=True):
            np.testing.assert_array_equal(got, want)


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 2),
)
def test_unfold_and_fold(size, kernel, stride, padding, dilation):
    rest = (stride,) * 2, (padding,) * 2, (dilation,) * 2
    out = tuple((n + 2 * padding - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(size, kernel, strict=True))
    if min(out) < 1:
        return
    rng = np.random.default_rng(0)
    x = rng.integers(-5, 5, (2, 2, *size)).astype(np.float64)
    taps = 2 * kernel[0] * kernel[1]
    columns = columns_of.unfold(x, kernel, *rest, out)
    identity = np.eye(taps).reshape(taps, 2, *kernel)
    np.testing.assert_array_equal(columns, naive.convolve(x, identity, *rest, 1).reshape(2, taps, -1))
    other = rng.integers(-5, 5, columns.shape).astype(np.float64)
    kept = other.copy()
    assert (columns_of.fold(other, size, kernel, *rest, out) * x).sum() == (other * columns).sum()
    np.testing.assert_array_equal(other, kept)


@pytest.mark.parametrize("shape", [(0, 4, 5, 5), (2, 0, 5, 5)])
def test_empty(shape):
    x, w = np.ones(shape, np.float32), np.ones((3, shape[1], 3, 3), np.float32)
    rest = (1, 1), (0, 0), (1, 1), 1
    out = conv.convolve(x, w, np.ones(3, np.float32), *rest, (3, 3))
    assert out.shape == (shape[0], 3, 3, 3)
    assert (out == 1).all()
    assert conv.convolve_input(out, w, (5, 5), *rest).shape == shape
    assert conv.convolve_weight(x, out, (3, 3), *rest).shape == w.shape


def test_half_precision_is_summed_in_single():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3, 5, 5)).astype(np.float16), rng.normal(size=(4, 3, 3, 3)).astype(np.float16)
    rest = (1, 1), (0, 0), (1, 1), 1
    got = conv.convolve(x, w, None, *rest, (3, 3))
    assert got.dtype == np.float16
    want = conv.convolve(x.astype(np.float32), w.astype(np.float32), None, *rest, (3, 3))
    np.testing.assert_array_equal(got, want.astype(np.float16))
