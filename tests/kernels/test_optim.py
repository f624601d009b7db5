"""Optimizer steps against transcriptions of the papers."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cpu
from tests.kernels import naive

SHAPES = [(3, 4), (5,), (), (0,), (70,)]
SGD = [
    {"lr": 0.1},
    {"lr": 0.1, "momentum": 0.9},
    {"lr": 0.1, "weight_decay": 0.01, "maximize": True},
    {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
    {"lr": 0.1, "momentum": 0.5, "dampening": 0.25},
]
ADAM = [
    {"lr": 0.01},
    {"lr": 0.01, "weight_decay": 0.1},
    {"lr": 0.01, "weight_decay": 0.1, "decoupled": True},
    {"lr": 0.01, "beta1": 0.5, "beta2": 0.9, "eps": 1e-3, "maximize": True},
    {"lr": 0.01, "amsgrad": True, "beta2": 0.3},
]


def _parameters(rng, dtype):
    return [np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES]


def _compare(params, wanted, dtype):
    for p, w in zip(params, wanted, strict=True):
        assert p.dtype == dtype
        np.testing.assert_allclose(p, w, rtol=1e-4 if dtype is np.float32 else 1e-11, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", SGD)
def test_sgd(options, dtype):
    rng = np.random.default_rng(0)
    params = _parameters(rng, dtype)
    wanted, states = [p.astype(float) for p in params], [{} for _ in params]
    full = {"momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False, "maximize": False, **options}
    buffers = [np.full_like(p, np.nan) for p in params] if full["momentum"] else None
    for step in range(20):
        grads = _parameters(rng, dtype)
        cpu.sgd(params, grads, buffers, is_first=step == 0, **options)
        wanted = [naive.sgd(p, g, s, **full) for p, g, s in zip(wanted, grads, states, strict=True)]
    _compare(params, wanted, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", ADAM)
def test_adam(options, dtype):
    rng = np.random.default_rng(0)
    params = _parameters(rng, dtype)
    wanted, states = [p.astype(float) for p in params], [{} for _ in params]
    defaults = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0, "decoupled": False, "maximize": False}
    full = {**defaults, "amsgrad": False, **options}
    means, squares, largest = ([np.zeros_like(p) for p in params] for _ in range(3))
    arguments = {name: value for name, value in options.items() if name != "amsgrad"}
    for step in range(1, 21):
        grads = _parameters(rng, dtype)
        cpu.adam(params, grads, means, squares, largest if full["amsgrad"] else None, step, **arguments)
        wanted = [naive.adam(p, g, s, step, **full) for p, g, s in zip(wanted, grads, states, strict=True)]
    _compare(params, wanted, dtype)


def test_strided_and_half_precision_parameters_are_updated_in_place():
    base = np.ones((4, 6), np.float32)
    half = np.ones(3, np.float16)
    cpu.sgd([base[:, ::2]], [np.ones((4, 3), np.float32)], None, 0.5)
    cpu.sgd([half], [np.ones(3, np.float16)], None, 0.25)
    np.testing.assert_array_equal(base[:, ::2], 0.5)
    np.testing.assert_array_equal(base[:, 1::2], 1)
    np.testing.assert_array_equal(half, 0.75)


def test_broadcast_gradients_are_read():
    param = np.zeros((2, 3), np.float32)
    cpu.sgd([param], [np.broadcast_to(np.float32(1), (2, 3))], None, 1.0)
    np.testing.assert_array_equal(param, -1)


def test_no_parameters_is_no_error():
    cpu.sgd([], [], None, 0.1)
    cpu.adam([], [], [], [], None, 1, 0.1)


def test_a_parameter_that_diverged_stays_so():
    param = np.array([np.nan, np.inf, 1], np.float32)
    cpu.sgd([param], [np.array([0, 0, np.nan], np.float32)], None, 0.1)
    assert np.isnan(param[[0, 2]]).all()


ADAPTIVE = {
    "rmsprop": (3, (0.01, 0.9, 1e-8, 0.1, 0.5)),
    "adagrad": (1, (0.01, 1e-10, 0.1)),
    "adadelta": (2, (1.0, 0.9, 1e-6, 0.1)),
    "adamax": (2, (0.01, 0.9, 0.99, 1e-8, 0.1)),
    "nadam": (2, (0.01, 0.02, 0.1, 0.9, 0.99, 1e-8, 0.1)),
    "radam": (2, (0.01, True, 0.9, 0.99, 1e-8, 0.1)),
    "rprop": (2, (0.5, 1.2, 1e-6, 50.0)),
    "asgd": (1, (0.01, 0.999, 0.5, 0.1)),
}


@pytest.mark.parametrize("name", ADAPTIVE)
def test_strided_arrays_and_half_precision_are_updated_in_place(name):
    count, numbers = ADAPTIVE[name]
    rng = np.random.default_rng(0)
    plain = [[rng.random((4, 3)).astype(np.float32)] for _ in range(2 + count)]
    strided = [[np.asfortranarray(each[0])] for each in plain]
    half = [[each[0].astype(np.float16)] for each in plain]
    before = plain[0][0].copy()
    for lists in (plain, strided, half):
        getattr(cpu, name)(*lists, *numbers)
    assert not np.array_equal(plain[0][0], before)
    for one, other, small in zip(plain, strided, half, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_allclose(one[0], small[0], rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_arrays_of_different_sizes_are_refused(name):
    count, numbers = ADAPTIVE[name]
    lists = [[np.ones(4, np.float32)] for _ in range(2 + count)]
    lists[-1] = [np.ones(3, np.float32)]
    with pytest.raises(ValueError, match="must have one size"):
        getattr(cpu, name)(*lists, *numbers)
