"""Activation functions and their gradients on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cuda
from minigrad_kernels.cuda import _kernel, activation
from tests.cuda.twins import DTYPES, check, on_device

# name: further arguments of the function and of its gradient
FUNCTIONS = {
    "sigmoid": (),
    "tanh": (),
    "relu": (),
    "leaky_relu": (0.125,),
    "elu": (0.5, 2.0, 1.5),
    "gelu": ("none",),
    "silu": (),
    "softplus": (2.0, 8.0),
    "log_sigmoid": (),
    "mish": (),
}


def numbers(shape, dtype, seed=0):
    """Return numbers of all magnitudes."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=shape) * 10.0 ** rng.integers(-3, 2, shape), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*FUNCTIONS, "erf", "erfc"])
def test_values_are_those_of_the_cpu(name, dtype):
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 100, -100, 1000, -1000], dtype)
    check(name, np.concatenate([special, numbers(28, dtype)]), *FUNCTIONS.get(name, ()))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_inverse_error_function_is_that_of_the_cpu(dtype):
    special = np.array([0.0, -0.0, 1, -1, 2, -2, np.inf, -np.inf, np.nan, 0.9991, -0.9995], dtype)
    check("erfinv", np.concatenate([special, np.linspace(-1, 1, 50).astype(dtype)]))
    check("erfinv", np.asarray(0.5, dtype))
    check("erfinv", np.empty((0, 3), dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_those_of_the_cpu(name, dtype):
    grad, x = numbers(31, dtype, 1), np.concatenate([numbers(28, dtype), np.array([np.nan, 90, -90], dtype)])
    check(name + "_backward", grad, x, *FUNCTIONS[name])


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_rest_gives_what_the_cpu_gives(dtype):
    grad, x = numbers(21, dtype, 1), numbers(21, dtype)
    check("gelu", x, "tanh")
    check("gelu_backward", grad, x, "tanh")
    check("hardtanh_backward", grad, x, -0.5, 2.0)
    check("masked_scale", x, x > 0, 1.25)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 4)])
def test_arrays_of_any_shape_are_taken(shape):
    x = numbers(shape, np.float32)
    check("tanh", x)
    check("tanh_backward", x, x)


def test_strided_arrays_are_taken():
    x = numbers((4, 5), np.float32)
    check("silu", x.T)
    check("silu_backward", x.T, x.T)


@pytest.mark.skipif(activation._relu_loop.half is None, reason="the CPU has no half precision")
def test_half_precision_is_computed_in_single_without_a_conversion_of_arrays(monkeypatch):
    monkeypatch.setattr(_kernel, "fit", lambda *_: pytest.fail("converted"))
    x = np.array([-1e-4, 3.5, 60000], np.float16)
    got = cuda.silu(on_device(x)).get()
    wide = x.astype(np.float32)
    np.testing.assert_array_equal(got, (wide / (1 + np.exp(-wide))).astype(np.float16))
