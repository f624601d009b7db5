"""The summary's numbers are those that one counts by hand."""

from __future__ import annotations

import pytest

import minigrad
from minigrad import nn
from minigrad.viz import summary


class _Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.block = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = self.embed(x).mean(1)
        return self.drop(self.block(self.block(x)))


def test_numbers_of_a_perceptron():
    found = summary(nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)), (32, 64))
    assert [each.output_shape for each in found.layers] == [(32, 10), (32, 128), (32, 128), (32, 10)]
    assert [each.parameters for each in found.layers] == [0, 64 * 128 + 128, 0, 1290]
    assert found.total_parameters == found.trainable_parameters == 9610
    assert found.multiply_adds == 32 * 9610
    assert found.input_bytes == 4 * 32 * 64
    assert found.output_bytes == 4 * 32 * (128 + 128 + 10)
    assert found.parameter_bytes == 4 * 9610


def test_layers_that_are_called_twice_count_twice_and_their_parameters_once():
    model = _Tied()
    model.embed.weight.requires_grad_(False)
    found = summary(model, (3, 5), dtype=minigrad.int64)
    assert [(each.name, each.depth) for each in found.layers] == [
        ("", 0), ("embed", 1), ("block", 1), ("block.0", 2), ("block.1", 2), ("drop", 1),
    ]  # fmt: skip
    assert (found.total_parameters, found.trainable_parameters) == (60, 20)
    assert found.multiply_adds == 3 * 40 + 2 * 3 * 20
    assert "20 trainable, 40 not" in str(found)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_as_before_afterwards(training):
    model = _Tied().train(training)
    summary(model, (1, 2), dtype=minigrad.int64)
    assert model.training is model.drop.training is training
    assert not model._forward_hooks
    assert not model.drop._forward_pre_hooks
    with pytest.raises(RuntimeError):
        summary(nn.Linear(2, 3).train(training), (4, 5))
