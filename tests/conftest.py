"""What every test run shares: one thread, fixed seeds, and Hypothesis profiles.

``HYPOTHESIS_PROFILE`` picks a profile by name. Without it, ``ci`` is used where the environment
says ``CI=true`` and ``dev`` elsewhere.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, settings

# Read by the libraries when they load, so set here, before any test module imports NumPy. With two
# threads on a busy machine one small product can wait for a whole slice of the scheduler.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

# The first example may compile a kernel, which no deadline should count.
settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(autouse=True)
def _fixed_seeds() -> None:
    """Start every test from the same state of the random generators."""
    import minigrad

    random.seed(0)
    if hasattr(minigrad, "manual_seed"):
        minigrad.manual_seed(0)
