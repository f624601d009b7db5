"""Kernels become machine code without a GPU, and a process that finds it on disk does without the compiler."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from minigrad_kernels.cuda import _memory

pytestmark = [
    pytest.mark.skipif(_memory.SIMULATED, reason="the simulator does not compile"),
    pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="needs numba-cuda"),
]

CODE = """
import json, sys
from minigrad_kernels.cuda.activation import _relu_loop
path = _relu_loop.binary("float32", (9, 0))
print(json.dumps([str(path), path.read_bytes()[:4].decode("latin1"), "numba" in sys.modules]))
"""


def test_machine_code_is_kept_and_found_without_the_compiler(tmp_path):
    environment = {**os.environ, "MINIGRAD_CACHE_DIR": str(tmp_path)}
    for compiles in (True, False):
        done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
        path, magic, has_numba = json.loads(done.stdout)
        assert path.endswith("activation._relu_loop-float32-sm_90.cubin")
        assert magic == "\x7fELF"
        assert has_numba is compiles
    assert not list(tmp_path.rglob("*.part"))


def test_an_unwritable_cache_folder_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    environment = {**os.environ, "MINIGRAD_CACHE_DIR": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[1] == "\x7fELF"
    assert not list(tmp_path.glob("minigrad*"))


def test_assembly_of_single_precision_has_no_double_precision():
    from minigrad_kernels.cuda.activation import _gelu_loop

    assert ".f64" not in _gelu_loop.ptx(np.dtype(np.float32), (8, 0))
    assert ".f64" in _gelu_loop.ptx(np.dtype(np.float64), (8, 0))


def test_a_missing_compiler_is_told_of(monkeypatch):
    from minigrad_kernels.cuda import _kernel

    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(_memory.Unavailable, match="pip install 'minigrad\\[cuda\\]'"):
        _kernel._folder.__wrapped__()
