"""Every tutorial runs as a script, and what it claims at its end is so."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).parents[1] / "tutorials"
SCRIPTS = sorted(TUTORIALS.glob("[0-9][0-9]_*.py"))
# Alone on a machine a tutorial takes a third of that at most.
LONGEST = 180


def test_there_are_tutorials():
    assert SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_runs(script, tmp_path):
    figures = tmp_path / "figures"
    environment = {
        **os.environ,
        "MPLBACKEND": "Agg",
        "MINIGRAD_FIGURES": str(figures),
        "PYTHONWARNINGS": "error",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, f"{script.name} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    assert not done.stderr, done.stderr
    assert [path.name for path in tmp_path.iterdir()] in ([], ["figures"]), "it leaves files lying about"
    for path in figures.glob("*"):
        assert path.read_bytes().startswith(b"\x89PNG"), path
        assert path.stem.startswith(script.stem[:2]), f"{path.name} does not say whose figure it is"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_has_the_form_of_a_gallery_example(script):
    text = script.read_text(encoding="utf-8")
    title, underline = ast.get_docstring(ast.parse(text)).splitlines()[:2]
    assert set(underline) == {"="}
    assert len(underline) == len(title)
    assert text.count("\n# %%\n") >= 3
    assert f"`{script.name}`" in (TUTORIALS / "README.md").read_text(encoding="utf-8"), "it is not in the index"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_ends_in_a_check_with_a_message(script):
    cells = script.read_text(encoding="utf-8").split("\n# %%\n")
    tree = ast.parse(cells[-1])
    checks = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert checks
    assert all(check.msg is not None for check in checks)
