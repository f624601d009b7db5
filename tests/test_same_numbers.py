"""Losses that PyTorch 2.13 gives on a CPU, kept here so that the proof needs no PyTorch."""

from __future__ import annotations

import pytest

import minigrad
import minigrad.nn
import minigrad.optim
import minigrad.utils.data
from tests.training import SCRIPTS

STEPS = (0, 1, 9, 49, 99, -1)

LOSSES = {
    "regression": [0.65672, 0.551085, 0.333463, 0.115718, 0.0767893, 0.066194],
    "exclusive_or": [0.708215, 0.701077, 0.691023, 0.420527, 0.054694, 0.00760418],
    "classification": [2.28591, 2.29238, 2.20828, 0.0886836, 0.00600929, 1.0],
    "dropout": [0.670431, 0.653771, 0.518413, 0.2827, 0.220458, 0.237557],
    "by_hand": [5.87715, 5.71733, 0.783784, 0.00150023, 0.00207063, 0.00184727],
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_pytorch(name):
    losses = SCRIPTS[name](minigrad)
    assert [losses[step] for step in STEPS] == pytest.approx(LOSSES[name], rel=5e-5)


def test_a_seed_repeats_a_run():
    assert SCRIPTS["dropout"](minigrad, 20) == SCRIPTS["dropout"](minigrad, 20)
