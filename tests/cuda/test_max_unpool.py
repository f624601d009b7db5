"""Max pooling undone on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cuda.twins import DTYPES, check


@pytest.mark.parametrize("dtype", DTYPES)
def test_elements_put_at_places_and_taken_from_there_are_those_of_the_cpu(dtype):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 2, 2)).astype(dtype)
    apart = np.argsort(rng.normal(size=(2, 3, 20)))[..., :4].reshape(x.shape)
    out, missing = check("unpool", x, apart, (4, 5))
    assert missing == 0
    check("unpool", x, apart // 3, (4, 5), True)
    check("unpool_backward", out, apart, 2)


def test_places_that_are_in_no_plane_are_counted():
    out, missing = check("unpool", np.ones((2, 3)), np.array([[0, 5, -1], [4, 1, 2]]), (5,))
    assert (missing, out.sum()) == (2, 4)


def test_empty_arrays_are_taken():
    out, _ = check("unpool", np.ones((0, 2)), np.ones((0, 2), np.int64), (4,))
    check("unpool_backward", out, np.ones((0, 2), np.int64), 1)
