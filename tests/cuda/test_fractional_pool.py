"""Max pooling over windows at drawn places on the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cuda.twins import DTYPES, check


@pytest.mark.parametrize("dtype", DTYPES)
def test_largest_elements_at_drawn_places_are_those_of_the_cpu(dtype):
    rng = np.random.default_rng(0)
    for size, out, lengths in (((2, 3), (3, 4), (5, 7)), ((2, 1, 2), (2, 3, 1), (4, 3, 5)), ((1, 2), (2, 0), (3, 4))):
        x = rng.normal(size=(2, 2, *lengths)).astype(dtype)
        samples = rng.uniform(size=(2, 2, len(size))).astype(dtype)
        check("fractional_max_pool", x, samples, size, out)


def test_the_first_of_equals_and_the_last_nan_are_found():
    x = np.array([[[1.0, 1.0, np.nan], [1.0, np.nan, 0.0]]])
    _, places = check("fractional_max_pool", x, np.zeros((1, 2)), (2, 2), (1, 2))
    np.testing.assert_array_equal(places, [[[4, 4]]])
