"""Which of several equal elements sorts and selections name first: PyTorch's choice, also where it promises none."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from tests.kernels.test_sorting import median_of_three_killer

torch = pytest.importorskip("torch")

CALLS = {
    "sort": lambda x, k: x.sort(-1).indices,
    "descending sort": lambda x, k: x.sort(-1, True).indices,
    "stable sort": lambda x, k: x.sort(stable=True).indices,
    "argsort": lambda x, k: x.argsort(-1),
    "topk": lambda x, k: x.topk(k).indices,
    "smallest topk": lambda x, k: x.topk(k, largest=False).indices,
    "topk in any order": lambda x, k: x.topk(k, sorted=False).indices,
    "kthvalue": lambda x, k: x.kthvalue(k).indices,
    "mode": lambda x, k: x.mode(-1).indices,
    "median": lambda x, k: x.median(-1).indices,
    "max": lambda x, k: x.max(-1).indices,
    "argmin": lambda x, k: x.argmin(-1),
    "cummax": lambda x, k: x.cummax(-1).indices,
}


@pytest.mark.parametrize("name", CALLS)
def test_names_the_element_that_pytorch_names(name):
    random = np.random.default_rng(5)
    for length in (1, 2, 5, 16, 17, 60, 300):
        for kinds in (2, 5, 50):
            x = random.integers(0, kinds, (2, length))
            k = int(random.integers(1, length + 1))
            for dtype in ("int64", "float32"):
                ours, theirs = (library.from_numpy(x.astype(dtype)) for library in (minigrad, torch))
                np.testing.assert_array_equal(CALLS[name](ours, k).numpy(), CALLS[name](theirs, k).numpy())


def test_a_heap_sort_leaves_equal_elements_where_pytorchs_does():
    x = median_of_three_killer(4000) // 3
    np.testing.assert_array_equal(minigrad.from_numpy(x).sort().indices.numpy(), torch.from_numpy(x).sort().indices)
