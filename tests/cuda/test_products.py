"""Our own matrix product on the simulator, where a tile is 4 x 4."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad_kernels import cuda
from minigrad_kernels.cuda import products
from tests.cuda.twins import DTYPES, TOLERANCES, on_device

SHAPES = [
    ((4, 3), (3, 4)),
    ((1, 1), (1, 1)),
    ((5, 7), (7, 9)),
    ((9, 2), (2, 1)),
    ((3,), (3,)),
    ((3,), (3, 5)),
    ((5, 3), (3,)),
    ((2, 3, 4), (2, 4, 5)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 1, 3, 4), (3, 4, 2)),
    ((3, 0), (0, 4)),
    ((0, 3), (3, 4)),
    ((0, 2, 3), (3, 2)),
]


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_products_of_any_shape(left, right, dtype, rng):
    a, b = rng.normal(size=left).astype(dtype), rng.normal(size=right).astype(dtype)
    got, wanted = cuda.matmul(on_device(a), on_device(b)).get(), np.asarray(np.matmul(a, b))
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(
        got, wanted, rtol=TOLERANCES[np.dtype(dtype).name], atol=4e-3 if dtype is np.float16 else 1e-5
    )


@pytest.mark.parametrize("batch", [(), (2,)])
def test_transposed_operands_are_not_copied(batch, rng, monkeypatch):
    monkeypatch.setattr(products, "fit", lambda x, dtype: x if x.flags.c_contiguous else pytest.fail("copied"))
    a, b = on_device(rng.normal(size=(*batch, 5, 6))), on_device(rng.normal(size=(*batch, 7, 5)))
    got = cuda.matmul(a.swapaxes(-1, -2), b.swapaxes(-1, -2)).get()
    np.testing.assert_allclose(got, a.get().swapaxes(-1, -2) @ b.get().swapaxes(-1, -2), rtol=1e-12)


def test_strided_operands(rng):
    a, b = on_device(rng.normal(size=(6, 8))), on_device(rng.normal(size=(8, 6)))
    np.testing.assert_allclose(cuda.matmul(a[::2, ::2], b[::2, ::2]).get(), a.get()[::2, ::2] @ b.get()[::2, ::2])


@pytest.mark.parametrize(("left", "right"), [((2, 3), (2, 3)), ((3,), (4,)), ((), (3,))])
def test_shapes_that_do_not_fit_are_refused(left, right):
    with pytest.raises(ValueError, match="cannot multiply arrays of shape"):
        cuda.matmul(on_device(np.ones(left)), on_device(np.ones(right)))
