"""Convolutions, and windows as columns, on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu
from minigrad_kernels.cuda import conv
from tests.cuda.twins import DTYPES, check, on_device

CASES = {
    "same": ((3, 4), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    "wide border": ((3, 2), (3, 3), (1, 1), (4, 3), (1, 1), 1),
    "strides and dilation": ((6, 7), (2, 3), (2, 3), (1, 2), (3, 2), 2),
    "a point": ((3, 2), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    "a strided point": ((3, 5), (1, 1), (2, 2), (0, 0), (1, 1), 1),
    "depthwise": ((4, 3), (3, 3), (2, 1), (1, 1), (1, 1), 4),
    "depthwise dilated": ((5, 4), (2, 2), (2, 3), (1, 2), (3, 2), 4),
    "a line": ((7,), (4,), (1,), (2,), (1,), 1),
    "a volume": ((2, 3, 4), (2, 3, 2), (1, 2, 1), (1, 1, 1), (1, 1, 2), 1),
}


def lengths_of(size, kernel, stride, padding, dilation):
    """Return how many windows there are along each dimension."""
    rows = zip(size, kernel, stride, padding, dilation, strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in rows)


def numbers(*shape, dtype=np.float64):
    """Return whole numbers, whose sums are exact."""
    return np.random.default_rng(0).integers(-4, 5, shape).astype(dtype)


def check_all(case, dtype=np.float64, tolerance=None):
    """Compare a convolution, with four channels and eight filters, and its gradients."""
    size, kernel, *rest, groups = case
    out = lengths_of(size, kernel, *rest)
    x, weight = numbers(2, 4, *size, dtype=dtype), numbers(8, 4 // groups, *kernel, dtype=dtype)
    grad = check("convolve", x, weight, numbers(8, dtype=dtype), *rest, groups, out, tolerance=tolerance)
    check("convolve_input", grad, weight, size, *rest, groups, tolerance=tolerance)
    check("convolve_weight", x, grad, kernel, *rest, groups, tolerance=tolerance)


@pytest.mark.parametrize("few", [0, 128], ids=["by image", "side by side"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_convolution_and_its_gradients_are_those_of_the_cpu(case, few, monkeypatch):
    monkeypatch.setattr(conv, "_NARROW", 0)
    monkeypatch.setattr(conv, "_FEW", few)
    check_all(case)


@pytest.mark.parametrize("case", [case for case in CASES.values() if case[-1] > 1])
def test_narrow_groups_are_summed_without_products(case, monkeypatch):
    monkeypatch.delattr(conv, "_multiply")
    monkeypatch.delattr(conv, "_multiply_back")
    check_all(case)


@pytest.mark.parametrize("few", [0, 128], ids=["by image", "side by side"])
@pytest.mark.parametrize("limit", [1, 3500], ids=["line by line", "image by image"])
@pytest.mark.parametrize("case", ["same", "a strided point", "a point", "a volume"])
def test_blocks_of_any_size_give_the_same(case, limit, few, monkeypatch):
    monkeypatch.setattr(conv, "_BLOCK", limit)
    monkeypatch.setattr(conv, "_FEW", few)
    check_all(CASES[case])


@pytest.mark.parametrize("dtype", [*DTYPES, np.int64])
@pytest.mark.parametrize("case", ["a line", "depthwise"])
def test_dtypes(case, dtype):
    check_all(CASES[case], dtype, tolerance=2e-3 if dtype == np.float16 else None)


@pytest.mark.parametrize(("images", "channels"), [(0, 4), (2, 0)])
def test_empty_arrays_are_taken(images, channels):
    rest = (1, 1), (0, 0), (1, 1)
    x, weight = np.ones((images, channels, 3, 3)), np.ones((3, channels, 2, 2))
    grad = check("convolve", x, weight, np.ones(3), *rest, 1, (2, 2))
    check("convolve_input", grad, weight, (3, 3), *rest, 1)
    check("convolve_weight", x, grad, (2, 2), *rest, 1)


def test_strided_arrays_are_taken():
    rest = (1, 1), (1, 1), (1, 1), 1
    x, weight = numbers(3, 4, 2, 2).T, numbers(3, 3, 2, 5).T
    out = check("convolve", x, weight, None, *rest, (4, 3))
    check("convolve_input", numbers(*out.shape[::-1]).T, weight, (4, 3), *rest)
    check("convolve_weight", x, numbers(*out.shape[::-1]).T, (3, 3), *rest)


def test_the_input_is_not_kept_where_it_is_the_columns():
    x, weight = on_device(numbers(1, 2, 3)), on_device(numbers(2, 2, 1))
    conv.convolve_input(x, weight, (3,), (1,), (0,), (1,), 1)
    np.testing.assert_array_equal(x.get(), numbers(1, 2, 3))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_columns_of_windows_and_their_sums_are_those_of_the_cpu(case):
    size, kernel, *rest, _ = case
    out = lengths_of(size, kernel, *rest)
    columns = check("unfold", numbers(2, 2, *size), kernel, *rest, out)
    check("fold", numbers(*columns.shape), size, kernel, *rest, out)


def test_no_columns():
    rest = (2, 2), (1, 1), (0, 0), (1, 1), (2, 2)
    for images, channels in ((0, 2), (2, 0)):
        columns = check("unfold", np.ones((images, channels, 3, 3)), *rest)
        check("fold", columns, (3, 3), *rest)


def test_blocks_cover_all_windows_once():
    view = cpu.columns.windows(2, (7, 3), (3, 3), (1, 1), (1, 1), (1, 1), (7, 3))
    for limit in (1, 1000, 4000, 1 << 20):
        covered = np.zeros((5, view.lines), int)
        for image, images, first, lines in view.blocks(5, 2, 8, limit):
            covered[image : image + images, first : first + lines] += 1
        assert (covered == 1).all()
