"""Initialisers: bounds, distributions, refusals. Values beside PyTorch's are in tests/parity."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as torch
from minigrad import nn
from minigrad.nn import init


@pytest.fixture
def weight():
    return nn.Parameter(torch.empty(40, 60))


def values(tensor):
    return tensor.detach().numpy()


def test_initialisers_work_in_place_on_parameters(weight):
    assert init.uniform_(weight, 2.0, 3.0) is weight
    assert weight.requires_grad
    assert weight.is_leaf
    assert values(weight).min() >= 2.0
    assert values(weight).max() < 3.0


def test_constants(weight):
    assert (values(init.constant_(weight, 0.5)) == 0.5).all()
    assert (values(init.ones_(weight)) == 1).all()
    assert (values(init.zeros_(weight)) == 0).all()
    np.testing.assert_array_equal(values(init.eye_(weight)), np.eye(40, 60))


def test_normal(weight):
    init.normal_(weight, 3.0, 0.5)
    assert values(weight).mean() == pytest.approx(3.0, abs=0.05)
    assert values(weight).std() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("a", "b"), [(-2.0, 2.0), (-0.1, 0.2), (1.5, 4.0), (2.5, 4.0)])
def test_truncated_normal_stays_inside(weight, a, b):
    if a > 2:
        with pytest.warns(UserWarning, match=r"mean is more than 2 std"):
            init.trunc_normal_(weight, 0.0, 1.0, a, b)
    else:
        init.trunc_normal_(weight, 0.0, 1.0, a, b)
    assert values(weight).min() >= a
    assert values(weight).max() <= b


def test_truncated_normal_without_mass_at_the_mean_has_the_right_mean(weight):
    init.trunc_normal_(weight, 0.0, 1.0, 1.5, 4.0)
    density = np.exp(-(np.linspace(1.5, 4.0, 10_001) ** 2) / 2)
    expected = (np.linspace(1.5, 4.0, 10_001) * density).sum() / density.sum()
    assert values(weight).mean() == pytest.approx(expected, abs=0.03)


def test_fans_count_the_kernel_too():
    assert init._calculate_fan_in_and_fan_out(torch.empty(3, 5)) == (5, 3)
    assert init._calculate_fan_in_and_fan_out(torch.empty(3, 5, 2, 4)) == (40, 24)
    with pytest.raises(ValueError, match=r"fewer than 2 dimensions"):
        init._calculate_fan_in_and_fan_out(torch.empty(3))


@pytest.mark.parametrize(
    ("fill", "bound"),
    [
        (lambda w: init.xavier_uniform_(w, 2.0), 2 * math.sqrt(6 / 100)),
        (lambda w: init.kaiming_uniform_(w, nonlinearity="relu"), math.sqrt(6 / 60)),
        (lambda w: init.kaiming_uniform_(w, mode="fan_out", nonlinearity="linear"), math.sqrt(3 / 40)),
        (lambda w: init.kaiming_uniform_(w, a=math.sqrt(5)), 1 / math.sqrt(60)),
    ],
)
def test_uniform_bounds(weight, fill, bound):
    largest = np.abs(values(fill(weight))).max()
    assert 0.98 * bound < largest <= bound * (1 + 1e-6)


@pytest.mark.parametrize(
    ("fill", "std"),
    [
        (lambda w: init.xavier_normal_(w), math.sqrt(2 / 100)),
        (lambda w: init.kaiming_normal_(w, nonlinearity="tanh"), 5 / 3 / math.sqrt(60)),
    ],
)
def test_normal_deviations(weight, fill, std):
    assert values(fill(weight)).std() == pytest.approx(std, rel=0.05)


def test_gains():
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu", 0.5) == math.sqrt(2 / 1.25)
    with pytest.raises(ValueError, match=r"Unsupported nonlinearity gelu"):
        init.calculate_gain("gelu")
    with pytest.raises(ValueError, match=r"negative_slope x not a valid number"):
        init.calculate_gain("leaky_relu", "x")
    with pytest.raises(ValueError, match=r"Mode both not supported"):
        init.kaiming_normal_(torch.empty(2, 2), mode="both")


def test_nothing_to_initialise_warns():
    with pytest.warns(UserWarning, match=r"Initializing zero-element tensors is a no-op"):
        init.kaiming_uniform_(torch.empty(0, 3))


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5), (4, 2, 3)])
def test_orthogonal_rows_or_columns(shape):
    matrix = values(init.orthogonal_(torch.empty(*shape), 3.0)).reshape(shape[0], -1)
    product = matrix @ matrix.T if shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 9 * np.eye(len(product)), atol=1e-5)


def test_dirac_passes_channels_through():
    weight = values(init.dirac_(torch.empty(4, 2, 3), groups=2))
    expected = np.zeros((4, 2, 3))
    for out, channel in ((0, 0), (1, 1), (2, 0), (3, 1)):
        expected[out, channel, 1] = 1
    np.testing.assert_array_equal(weight, expected)
    with pytest.raises(ValueError, match=r"Only tensors with 3, 4, or 5 dimensions"):
        init.dirac_(torch.empty(2, 2))
    with pytest.raises(ValueError, match=r"dim 0 must be divisible by groups"):
        init.dirac_(torch.empty(3, 2, 3), groups=2)


def test_sparse_columns_have_their_share_of_zeros():
    weight = values(init.sparse_(torch.empty(10, 7), 0.35))
    assert ((weight == 0).sum(0) == 4).all()


@pytest.mark.parametrize("fill", [init.eye_, lambda x: init.sparse_(x, 0.5)])
def test_matrices_are_wanted(fill):
    with pytest.raises(ValueError, match=r"Only tensors with 2 dimensions are supported"):
        fill(torch.empty(3))


def test_the_generator_may_be_given():
    first, second = (
        init.normal_(torch.empty(20), generator=torch.Generator().manual_seed(3)).tolist() for _ in range(2)
    )
    assert first == second
