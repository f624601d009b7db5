"""Whole training scripts, run under both libraries with the same seed: the same losses to 4 significant digits."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch.utils.data")

import minigrad  # noqa: E402
from tests.training import SCRIPTS  # noqa: E402


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_losses_agree(script):
    torch.set_num_threads(1)
    ours, theirs = script(minigrad), script(torch)
    assert len(ours) > 100
    assert ours == pytest.approx(theirs, rel=5e-5)
