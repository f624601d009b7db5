"""The report on a GPU runs through on the simulator, every part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad_kernels.cuda import _numba
from tests.cuda import twins  # noqa: F401


@pytest.mark.skipif(_numba.THREADS == 1, reason="its processes run on the simulator either way")
def test_every_part_of_the_report_runs(tmp_path):
    report = Path(tmp_path, "report.md")
    assert main(["bench", "--device", "cuda", "--tiny", "--output", str(report)]) == 0, report.read_text()
    text = report.read_text()
    for part in ("The machine", "Every operation", "Kernels", "What a launch costs", "Training steps"):
        assert f"\n## {part}" in text
    assert "FAILED" not in text
