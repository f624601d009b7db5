"""Whole programs on the simulated GPU, in sizes that it can bear: the demo, and a tutorial."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from minigrad import nn
from minigrad.demo import Settings, job, run
from minigrad.demo.digits import Digits, load_digits
from tests.cuda import twins  # noqa: F401  (skips where there is no GPU)

TUTORIAL = Path(__file__).parents[2] / "tutorials" / "01_tensors.py"


def test_the_demo_trains_on_a_gpu_and_its_gradients_agree(monkeypatch, capsys, tmp_path):
    few = Digits(*(each[:count] for each, count in zip(load_digits(), (48, 48, 16, 16), strict=True)))
    monkeypatch.setattr(job, "load_digits", lambda: few)
    layers = (nn.Linear(64, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 10))
    monkeypatch.setattr(job, "make_network", lambda: nn.Sequential(*layers))
    monkeypatch.setattr(job, "IMAGES_COMPARED", 4)
    assert run(Settings(out=tmp_path, epochs=2, device="cuda"))
    assert layers[0].weight.is_cuda
    assert "the gradients agree" in capsys.readouterr().out
    assert {each.name for each in tmp_path.iterdir()} >= {"training.png", "confusion.png"}


def test_a_tutorial_runs_where_there_is_a_gpu(tmp_path):
    environment = {**os.environ, "MPLBACKEND": "Agg", "MINIGRAD_FIGURES": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(TUTORIAL)], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "computing on cuda" in done.stdout
    assert done.stdout.endswith("all as claimed\n")
