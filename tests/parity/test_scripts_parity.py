"""Everyday PyTorch scripts print under ``python -m minigrad run`` what they print under PyTorch, to the character."""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
import warnings
from pathlib import Path

import pytest

from tests.test_run import run_script

torch = pytest.importorskip("torch")

SCRIPTS = sorted((Path(__file__).parents[1] / "scripts").glob("*.py"))


def printed_under_pytorch(script: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "argv", [str(script)])
    out = io.StringIO()
    with torch.random.fork_rng(), warnings.catch_warnings(), contextlib.redirect_stdout(out):
        warnings.simplefilter("ignore")
        runpy.run_path(str(script), run_name="__main__")
    return out.getvalue()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script_prints_the_same(script, monkeypatch):
    done = run_script(script)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == printed_under_pytorch(script, monkeypatch).splitlines()
