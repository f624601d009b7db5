"""`testing.assert_close` accepts and refuses what PyTorch's does, in its words."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch.testing")

import minigrad  # noqa: E402
from tests.parity.both import attempt  # noqa: E402

CASES = """
t([1.0, 2.0]), t([1.0, 2.0])
t([1.0, 2.0]), t([1.0, 2.0 + 1e-6])
t([1.0, 2.0]), t([1.0, 2.5])
t([[1.0, 2.0], [3.0, 4.0]]), t([[1.0, 2.0], [3.5, 5.0]])
t(1.0), t(2.0)
t([1, 2]), t([1, 3])
t([1, 2]), t([1, 2])
t(1), t(2)
t([True, False]), t([True, True])
t([1.0]), t([1.0, 2.0])
t([1.0]), t([1.0]).double()
t([1.0]), t([1.5]).double(), check_dtype=False
t([1.0]), t([1]), check_dtype=False
1.0, 1.0
1.0, 2.0
1.0, 1.0 + 1e-8
1, 2
1, 1.0
True, False
[1.0, 2.0], [1.0, 2.5]
[1.0, 2.0], [1.0]
(t([1.0]), t([2.0])), (t([1.0]), t([3.0]))
{"a": 1.0}, {"a": 2.0}
{"a": 1.0}, {"b": 1.0}
{"a": [t([1.0]), 2.0]}, {"a": [t([1.0]), 3.0]}
t([float("nan")]), t([float("nan")])
t([float("nan")]), t([float("nan")]), equal_nan=True
t([float("inf")]), t([float("inf")])
t([1.0]), t([1.1]), rtol=0.2, atol=0.0
t([1.0]), t([1.1]), rtol=0.0, atol=0.0
t([1.0]), t([1.1]), rtol=0.2
t([1.0]), t([1.1]), msg="mine"
t([1.0]), t([1.1]), msg=lambda text: "mine: " + text
t([]), t([])
np.array([1.0]), np.array([1.0])
np.array([1.0]), np.array([1.5])
t([1.0]).half(), t([1.0005]).half()
t([[1.0, 2.0]]).t(), t([[1.0], [2.0]]), check_stride=True
"a", "b"
t([0.0, 1.0]), t([0.0, 0.0])
"""


@pytest.mark.parametrize("arguments", CASES.strip().splitlines())
def test_assert_close(arguments):
    outcomes = []
    for library in (minigrad, torch):
        scope = {"t": library.tensor, "np": np, "check": library.testing.assert_close}
        outcomes.append(attempt(lambda scope=scope: eval(f"check({arguments})", scope)))
    ours, theirs = outcomes
    assert str(ours).partition(" of type")[0] == str(theirs).partition(" of type")[0]
