"""Kernels on arrays that take a GPU many blocks; too many threads for the simulator."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minigrad_kernels import cuda
from minigrad_kernels.cuda import _memory, _numba
from tests.cuda.twins import check, on_device

if _memory.SIMULATED and _numba.THREADS > 1:
    pytest.skip("takes a GPU, or the kernels compiled for the CPU: pytest -p tests.cuda.typed", allow_module_level=True)

MANY = 1_234_567
LONG_SUM = 3e-3 if _memory.SIMULATED else 1e-4  # one thread adds up a million numbers less exactly than a thousand do


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_elementwise_kernels(dtype, rng):
    x, grad = rng.normal(0, 3, MANY).astype(dtype), rng.normal(size=MANY).astype(dtype)
    check("gelu", x)
    check("silu_backward", grad, x)
    check("masked_scale", x, grad > 0, 1.25)


@pytest.mark.parametrize(
    ("shape", "axis"), [((300_001, 3), 1), ((777, 1500), 1), ((2, 600_000), 1), ((9, 11, 9999), 1)]
)
def test_rows(shape, axis, rng):
    x, grad = (rng.normal(0, 3, shape).astype(np.float32) for _ in range(2))
    out = check("softmax", x, 1, tolerance=LONG_SUM)
    check("softmax_backward", grad, out, 1)
    check("log_softmax", x, 1, tolerance=LONG_SUM)
    check("logsumexp", x, 1, True, tolerance=LONG_SUM)


@pytest.mark.parametrize("shape", [(MANY,), (3, 400_000), (400_000, 3), (30_000, 40), (64, 20, 33, 31)])
def test_sums(shape, rng):
    x = rng.uniform(0.5, 1.5, shape).astype(np.float32)
    for axis in (None, *range(len(shape)), (0, *range(2, len(shape)))):
        check("mean", x, axis)
    if len(shape) == 2:
        check("column_sums", x, tolerance=1e-5)
        check("add_bias", x, x[0])


@pytest.mark.parametrize("classes", [3, 1000])
def test_losses(classes, rng):
    rows = MANY // classes
    logits, target = rng.normal(size=(rows, classes)).astype(np.float32), rng.integers(0, classes, rows)
    scores, labels = on_device(logits), on_device(target)
    loss, lse, total = cuda.cross_entropy(scores, labels)
    shifted = logits.astype(np.float64)
    sums = np.log(np.exp(shifted).sum(1))
    chosen = shifted[np.arange(rows), target]
    assert abs(float(loss.get()) - (sums - chosen).mean()) < LONG_SUM
    grad = cuda.cross_entropy_backward(on_device(np.ones((), np.float32)), scores, lse, total, labels).get()
    wanted = np.exp(shifted - sums[:, None])
    wanted[np.arange(rows), target] -= 1
    np.testing.assert_allclose(grad * rows, wanted, atol=2e-5)
    check("mse_loss", logits, logits[::-1].copy(), "mean", tolerance=LONG_SUM)


def test_an_optimizer_step_of_large_and_small_parameters(rng):
    shapes = [(MANY,), (3,), (700, 700), (), (5000,)]
    lists = [[np.asarray(rng.uniform(0.1, 2, shape), np.float32) for shape in shapes] for _ in range(4)]
    check("adam", *lists, None, 3, 0.1)
    check("sgd", *lists[:3], 0.1, 0.9)


def test_sums_at_indices(rng):
    for rows in (5, 40_000):
        index, source = rng.integers(0, rows, 50_000), rng.normal(size=(50_000, 7)).astype(np.float32)
        check("index_add", np.zeros((rows, 7), np.float32), index, source, tolerance=1e-3)


def test_products(rng):
    for left, right in [((300, 70), (70, 500)), ((65, 1000), (1000, 63)), ((3, 130, 64), (3, 64, 129))]:
        a, b = rng.normal(size=left).astype(np.float32), rng.normal(size=right).astype(np.float32)
        np.testing.assert_allclose(cuda.matmul(on_device(a), on_device(b)).get(), a @ b, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_draws_have_their_moments(dtype):
    x = cuda.uniform((MANY,), np.dtype(dtype), 5, 0).get().astype(np.float64)
    z = cuda.normal((MANY,), np.dtype(dtype), 5, 0).get().astype(np.float64)
    for power in (1, 2, 3, 4):
        assert abs((x**power).mean() - 1 / (power + 1)) < 2e-3
        assert abs((z**power).mean() - (0, 1, 0, 3)[power - 1]) < 0.02
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 5 / math.sqrt(MANY)
    assert len(np.unique(cuda.permutation(100_000, 5, 0).get())) == 100_000
