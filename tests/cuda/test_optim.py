"""Optimizer steps on the simulator: one launch for all parameters."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigrad_kernels import cuda
from minigrad_kernels.cuda import _kernel, _memory, optim
from tests.cuda.twins import DTYPES, check, on_device

SHAPES = [(3, 7), (), (1,), (0,), (40,), (2, 1, 5)]
OPTIONS = list(itertools.product([False, True], repeat=3))


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def _arrays(rng, dtype, count):
    """Return lists of arrays, positive ones, of the same shapes."""
    return [[np.asarray(rng.uniform(0.1, 2, shape), dtype) for shape in SHAPES] for _ in range(count)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("nesterov", "maximize", "is_first"), OPTIONS)
def test_sgd_with_momentum(nesterov, maximize, is_first, dtype, rng):
    check("sgd", *_arrays(rng, dtype, 3), 0.1, 0.9, 0.0 if nesterov else 0.5, 0.01, nesterov, maximize, is_first)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sgd_without_momentum(dtype, rng):
    check("sgd", *_arrays(rng, dtype, 2), None, 0.1, weight_decay=0.01)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("amsgrad", "decoupled", "maximize"), OPTIONS)
def test_adam(amsgrad, decoupled, maximize, dtype, rng):
    lists = _arrays(rng, dtype, 5 if amsgrad else 4)
    options = {"weight_decay": 0.1, "decoupled": decoupled, "maximize": maximize}
    check("adam", *lists, *([] if amsgrad else [None]), 3, 0.1, **options)


ADAPTIVE = {
    "adagrad": (3, (0.01, 1e-10, 0.1)),
    "adadelta": (4, (1.0, 0.9, 1e-6, 0.1)),
    "adamax": (4, (0.01, 0.4, 0.99, 1e-8, 0.1)),
    "nadam": (4, (0.01, 0.02, 0.1, 0.9, 0.99, 1e-8, 0.1, 0.9)),
    "rprop": (4, (0.5, 1.2, 1e-6, 1.0)),
    "asgd": (3, (0.01, 0.999, 0.5, 0.1)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("name", ADAPTIVE)
def test_rates_for_each_element(name, maximize, dtype, rng):
    count, numbers = ADAPTIVE[name]
    check(name, *_arrays(rng, dtype, count), *numbers, maximize=maximize)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("is_rectified", [False, True])
def test_radam(is_rectified, dtype, rng):
    check("radam", *_arrays(rng, dtype, 4), 0.01, is_rectified, 0.9, 0.99, 1e-8, 0.1, 0.9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("is_centered", "has_momentum"), list(itertools.product([False, True], repeat=2)))
def test_rmsprop(is_centered, has_momentum, dtype, rng):
    params, grads, squares, means, buffers = _arrays(rng, dtype, 5)
    squares = [np.asarray(each * 9, dtype) for each in squares]  # so that the variance stays positive
    optional = (means if is_centered else None), (buffers if has_momentum else None)
    check("rmsprop", params, grads, squares, *optional, 0.01, 0.9, 1e-8, 0.1, 0.5)


def test_no_parameters_are_no_error():
    cuda.sgd([], [], None, 0.1)
    cuda.adam([], [], [], [], None, 1, 0.1)


def test_strided_parameters_are_updated_in_place():
    base, grad = on_device(np.ones((4, 3), np.float32)), on_device(np.ones((3, 2), np.float32))
    cuda.sgd([base.T[:, ::2]], [grad], None, 0.5)
    np.testing.assert_array_equal(base.get(), np.where(np.arange(4)[:, None] % 2 == 0, 0.5, 1) * np.ones((4, 3)))


def test_sizes_have_to_agree():
    with pytest.raises(ValueError, match="must have one size"):
        cuda.sgd([on_device(np.ones(3))], [on_device(np.ones(4))], None, 0.1)


def test_a_step_is_one_launch_of_a_few_words(monkeypatch):
    launches = []
    monkeypatch.setattr(_kernel._OnDevice, "load", lambda self: lambda *launch: launches.append(launch))
    loop = _kernel._OnDevice(optim._sgd_loop, np.dtype(np.float32))
    arrays = [on_device(np.ones(n, np.float32)) for n in (3, 50, 7)]
    owners, starts, ends = optim._chunks((3, 50, 7), _memory.current())
    for _ in range(2):
        loop(arrays, arrays, arrays, owners, starts, ends, -0.1, 0, 1, 0, False, False, False, blocks=5)
    (_, _, words), (_, _, again) = launches
    assert len(words) == 6 * 7 + 7
    np.testing.assert_array_equal(words[4].get(), [a.data.ptr for a in arrays])
    assert words[4] is again[4]


def test_chunks_cover_every_element_once():
    sizes = (3, 0, 2 * optim._CHUNK + 1, optim._CHUNK)
    owners, starts, ends = (array.get() for array in optim._chunks(sizes, _memory.current()))
    covered = {(o, i) for o, s, e in zip(owners, starts, ends, strict=True) for i in range(s, e)}
    assert covered == {(o, i) for o, size in enumerate(sizes) for i in range(size)}
    assert (ends - starts).sum() == len(covered)
