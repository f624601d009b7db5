"""The report on a GPU says what failed, and goes on."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

# A part's process: each item tells something, fails, ends the process, or waits for ever.
PROCESS = """
import json, os, sys, time
_, part, first, path, *_ = sys.argv
with open(path, "a") as file:
    def tell(**event):
        print(json.dumps(event), file=file, flush=True)
    if part == "launch":
        sys.exit("no GPU here")
    tell(columns=["kernel", "time", "share"])
    for k in range(int(first), 6):
        tell(begin=f"item {k}")
        if k == 1:
            tell(fault="ValueError: one | two")
            os._exit(3)
        if k == 2:
            print("illegal address", file=sys.stderr, flush=True)
            os._exit(4)
        if k == 3:
            time.sleep(60)
        tell(row=None if k == 4 else [f"item {k}", str(10 * k), "-"])
    tell(end=True)
"""


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    """Return the script, whose parts run what stands above."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    script = importlib.import_module("gpu")
    (tmp_path / "process.py").write_text(PROCESS)
    monkeypatch.setattr(script.gpu_parts, "__file__", str(tmp_path / "process.py"))
    return script


def test_what_fails_is_named_and_the_rest_goes_on(gpu, tmp_path, capsys):
    report = tmp_path / "report.md"
    options = ["--only", "kernels", "--only", "launch", "--patience", "2", "--output", str(report)]
    assert gpu.main(options) == 1
    text = report.read_text()
    assert text in capsys.readouterr().out.replace("\n\n\n", "\n\n")
    assert "| item 0 |    0 |     - |\n| item 5 |   50 |     - |" in text
    assert "3 of 6 done in" in text
    assert "3 FAILED" in text
    assert r"| item 1 | ValueError: one \| two " in text
    assert "| item 2 | its process ended with status 4; illegal address" in text
    assert "| item 3 | nothing was heard for 2 s" in text
    assert "| the start | its process ended with status 1; no GPU here |" in text


def test_a_report_without_failures_ends_well(gpu, tmp_path, monkeypatch):
    process = Path(gpu.gpu_parts.__file__)
    process.write_text(PROCESS.replace("range(int(first), 6)", "range(1)"))
    assert gpu.main(["--only", "kernels", "--output", str(tmp_path / "report.md")]) == 0
    assert "1 of 1 done" in (tmp_path / "report.md").read_text()
