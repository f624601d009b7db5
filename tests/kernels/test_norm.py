"""Normalisation beside the formulas, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu

TOLERANCE = {np.float32: {"rtol": 2e-4, "atol": 2e-5}, np.float64: {"rtol": 1e-10, "atol": 1e-11}}
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)
EPS = 1e-3


def moments(x, axes, centred=True):
    x = x.astype(float)
    mean = x.mean(axes, keepdims=True) if centred else np.zeros((1,) * x.ndim)
    return mean, 1 / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + EPS)


def gradients(grad, x, weight, axes, centred=True):
    """Return the gradients for x and, not yet summed, for weight and bias."""
    mean, rstd = moments(x, axes, centred)
    y, scaled = (x - mean) * rstd, grad.astype(float) * weight
    of_x = scaled - y * (scaled * y).mean(axes, keepdims=True)
    if centred:
        of_x -= scaled.mean(axes, keepdims=True)
    return rstd * of_x, grad * y, grad


def numbers(dtype, *shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(1, 2, shape).astype(dtype) for shape in shapes]


def assert_all_close(found, wanted, dtype):
    for got, want in zip(found, wanted, strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, **TOLERANCE[dtype])


@dtypes
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 70), (1, 1), (5, 1000)])
def test_layer_norm(dtype, shape, centred):
    width = shape[-1]
    x, grad, weight, bias = numbers(dtype, shape, shape, (width,), (width,))
    mean, rstd = moments(x, -1, centred)
    out, means, rstds = cpu.layer_norm(x, weight, bias, width, centred, EPS)
    assert_all_close([out], [(x - mean) * rstd * weight + bias], dtype)
    assert_all_close(cpu.layer_norm(x, None, None, width, centred, EPS)[:1], [(x - mean) * rstd], dtype)
    assert_all_close(cpu.layer_norm(x, None, bias, width, centred, EPS)[:1], [(x - mean) * rstd + bias], dtype)
    for scale in (weight, None):
        found = cpu.layer_norm_backward(grad, x, scale, means, rstds, width, centred)
        wanted = gradients(grad, x, 1 if scale is None else scale, -1, centred)
        rows = tuple(range(len(shape) - 1))
        assert_all_close(found, [wanted[0], wanted[1].sum(rows), wanted[2].sum(rows)], dtype)


@dtypes
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 5), (2, 4, 9, 7)])
def test_group_norm(dtype, shape, groups):
    if groups == 4 and len(shape) == 2:
        pytest.skip("one number a group")
    x, grad, weight, bias = numbers(dtype, shape, shape, (4,), (4,))
    split, parameters = (shape[0], groups, 4 // groups, -1), (1, groups, 4 // groups, 1)
    mean, rstd = moments(x.reshape(split), (2, 3))
    out, means, rstds = cpu.group_norm(x, weight, bias, groups, EPS)
    normalised = (x.reshape(split) - mean) * rstd
    wanted = normalised * weight.reshape(parameters) + bias.reshape(parameters)
    assert_all_close([out], [wanted.reshape(shape)], dtype)
    assert_all_close(cpu.group_norm(x, None, None, groups, EPS)[:1], [normalised.reshape(shape)], dtype)
    found = cpu.group_norm_backward(grad, x, weight, means, rstds, groups)
    wanted = gradients(grad.reshape(split), x.reshape(split), weight.reshape(parameters), (2, 3))
    of_parameters = [each.sum((0, 3)).reshape(4) for each in wanted[1:]]
    assert_all_close(found, [wanted[0].reshape(shape), *of_parameters], dtype)


@dtypes
@pytest.mark.parametrize("shape", [(6, 3), (200, 70), (4, 3, 5), (3, 2, 20, 9)])
def test_batch_norm(dtype, shape):
    channels = shape[1]
    x, grad, weight, bias = numbers(dtype, shape, shape, (channels,), (channels,))
    axes, along = (0, *range(2, len(shape))), (channels,) + (1,) * (len(shape) - 2)
    mean, rstd = moments(x, axes)
    averages = [np.zeros(channels, x.dtype), np.ones(channels, x.dtype)]
    out, means, rstds = cpu.batch_norm(x, weight, bias, *averages, True, 0.25, EPS)
    assert_all_close([out], [(x - mean) * rstd * weight.reshape(along) + bias.reshape(along)], dtype)
    assert_all_close([means, rstds], [mean.reshape(-1), rstd.reshape(-1)], dtype)
    wide = x.astype(float)
    assert_all_close(averages, [wide.mean(axes) / 4, 0.75 + wide.var(axes, ddof=1) / 4], dtype)
    assert_all_close(cpu.batch_norm(x, None, None, None, None, True, 0.0, EPS)[:1], [(x - mean) * rstd], dtype)
    found = cpu.batch_norm_backward(grad, x, weight, means, rstds, True)
    wanted = gradients(grad, x, weight.reshape(along), axes)
    assert_all_close(found, [wanted[0], wanted[1].sum(axes), wanted[2].sum(axes)], dtype)


@dtypes
@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 1, 1), (4, 3, 5, 7), (0, 3, 2)])
def test_batch_norm_by_known_moments(dtype, shape):
    x, grad, weight, bias, mean = numbers(dtype, shape, shape, (3,), (3,), (3,))
    variance, axes, along = np.square(bias) + 1, (0, *range(2, len(shape))), (3,) + (1,) * (len(shape) - 2)
    rstd = 1 / np.sqrt(variance.reshape(along) + EPS)
    normalised = (x - mean.reshape(along)) * rstd
    out, means, rstds = cpu.batch_norm(x, weight, bias, mean, variance, False, 0.1, EPS)
    assert_all_close([out], [normalised * weight.reshape(along) + bias.reshape(along)], dtype)
    found = cpu.batch_norm_backward(grad, x, weight, means, rstds, False)
    wanted = grad * rstd * weight.reshape(along), (grad * normalised).sum(axes), grad.sum(axes)
    assert_all_close(found, wanted, dtype)


def test_an_infinite_element_leaves_the_gradients_by_known_moments_finite():
    for shape in ((2, 3), (2, 3, 4)):
        x, one = np.full(shape, np.inf, np.float32), np.ones(3, np.float32)
        out = cpu.batch_norm_backward(np.ones(shape, np.float32), x, None, one, one, False)[0]
        np.testing.assert_array_equal(out, np.ones(shape))


def test_large_means_do_not_swallow_the_variance():
    x = np.random.default_rng(0).normal(1e3, 1, (4, 3, 1000)).astype(np.float32)
    for out in (
        cpu.layer_norm(x, None, None, 1000, True, 0.0)[0],
        cpu.group_norm(x, None, None, 3, 0.0)[0],
        cpu.batch_norm(x, None, None, None, None, True, 0.0, 0.0)[0],
    ):
        assert abs(out.std() - 1) < 1e-3


def test_half_precision_is_computed_in_single():
    x = np.linspace(-1e3, 1e3, 512).astype(np.float16).reshape(2, 256)
    out, means, _ = cpu.layer_norm(x, None, None, 256, True, 1e-5)
    assert (out.dtype, means.dtype) == (np.float16, np.float32)
    assert np.isfinite(out).all()
    assert cpu.batch_norm(x, None, None, None, None, True, 0.0, 1e-5)[0].dtype == np.float16


def test_empty_arrays():
    x = np.empty((0, 3), np.float32)
    out, means, rstds = cpu.layer_norm(x, None, None, 3, True, EPS)
    assert out.shape == (0, 3)
    of_x, of_weight, of_bias = cpu.layer_norm_backward(x, x, None, means, rstds, 3, True)
    assert of_x.shape == (0, 3)
    np.testing.assert_array_equal([of_weight, of_bias], np.zeros((2, 3)))
    assert cpu.group_norm(np.empty((0, 4, 2), np.float32), None, None, 2, EPS)[0].shape == (0, 4, 2)
