"""Every entry of the table on the simulated device, on each of its samples: values, first and second gradients."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from minigrad.opcheck import all_cases
from minigrad.opcheck.devices import differences
from minigrad_kernels.cuda import _memory, _numba
from tests.cuda import twins  # noqa: F401
from tests.cuda.calls import Calls, noted

CASES = all_cases()
# Compiled (`tests.cuda.typed`), every kernel costs a compilation in each precision; the kernels' own tests have both.
DTYPES = [np.float32] if _numba.THREADS == 1 else [np.float64, np.float32]


@pytest.fixture(scope="module", autouse=True)
def calls():
    """What all tests of this module ask of CuPy."""
    calls = Calls()
    with noted(calls):
        yield calls


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_results_and_both_gradients_are_those_of_the_cpu(case, dtype):
    assert not differences(case, "cuda", dtype)


def test_what_differs_is_said():
    case = next(case for case in CASES if case.key == "exp")
    assert not differences(case, "cpu")
    wrong = case._replace(entry=_Wrong(case.entry))
    (fault,) = differences(wrong, "cuda")
    assert "of torch.float32, not" in fault


class _Wrong:
    """An entry that gives another dtype on a device."""

    def __init__(self, entry):
        self.entry = entry

    def __getattr__(self, name):
        return getattr(self.entry, name)

    def call(self, x):
        """Return the right result on the CPU only."""
        out = self.entry.call(x)
        return out.float().detach() if out.is_cuda else out.detach()


@pytest.mark.skipif(not _memory.SIMULATED, reason="on a GPU CuPy was asked itself")
@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not here")
def test_cupy_takes_every_call_of_the_tests_before(calls):
    assert not list(calls.refused())
