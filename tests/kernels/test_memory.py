"""The memory of freed arrays stays in the process, unless the user has set up the allocator."""

from __future__ import annotations

import subprocess
import sys

import pytest

from minigrad_kernels.cpu import _memory

FAULTS = """
import numpy as np, resource
from minigrad_kernels import cpu
def use():
    arrays = [np.ones(1 << 20) for _ in range(3)]
def count():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
use()
before = count()
for _ in range(10):
    use()
print(count() - before)
"""


@pytest.fixture
def no_settings(monkeypatch):
    for name in (*_memory._USERS, "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told")
def test_arrays_of_the_same_sizes_cost_no_page_faults_again(no_settings):
    if not _memory.keep_freed():
        pytest.skip("another C library than glibc")
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    pages = 10 * 3 * (8 << 20) // 4096
    assert int(done.stdout) < pages // 10


@pytest.mark.parametrize(
    ("name", "value"), [("MALLOC_TRIM_THRESHOLD_", "131072"), ("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=65536")]
)
def test_the_users_own_settings_stay(name, value, no_settings, monkeypatch):
    monkeypatch.setenv(name, value)
    assert not _memory.keep_freed()


def test_other_systems_are_left_alone(no_settings, monkeypatch):
    monkeypatch.setattr(_memory.sys, "platform", "win32")
    assert not _memory.keep_freed()


def test_a_c_library_without_the_option_is_left_alone(no_settings, monkeypatch):
    monkeypatch.setattr(_memory.ctypes, "CDLL", lambda name: object())
    assert not _memory.keep_freed()
